"""Measures the model server: requests a second, latency and CPU at 1, 16 and 64 clients, memory, time to ready.

    python bench/server.py [--seconds 3] [--runtime onnx|python]

One row of 20 features a request; a random forest of 100 trees, depth 8 (`onnx`: converted; `python`: as scikit-learn
leaves it).  The load generator is a process of its own on the same machine, so compare rows of one run only.
"""

import argparse
import asyncio
import hashlib
import io
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import msgspec
import numpy as np
import uvloop
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

from headway.evidence.bundle import BUNDLE_FILE, Column, Manifest, Signature
from headway.evidence.folder import FileDigest
from headway.evidence.summary import ColumnSummary, Summary

FEATURES = 20
CLIENTS = (1, 16, 64)
NAMES = [f"f{number}" for number in range(FEATURES)]


def make_bundle(folder: Path, runtime: str) -> None:
    """The forest, as ONNX or as a joblib file, with a reference summary, so that drift is counted too."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, FEATURES)).astype(np.float32)
    forest = RandomForestClassifier(100, max_depth=8, random_state=0, n_jobs=1)
    forest.fit(rows, (rows[:, 0] * rows[:, 1] + rows[:, 2] > 0).astype(int))
    if runtime == "onnx":
        kinds = [("X", FloatTensorType([None, FEATURES]))]
        entry = "model.onnx"
        data = convert_sklearn(forest, initial_types=kinds, options={"zipmap": False}).SerializeToString()
    else:
        entry, buffer = "model.joblib", io.BytesIO()
        joblib.dump(forest, buffer)
        data = buffer.getvalue()
    cuts = tuple(float(cut) for cut in np.linspace(-2, 2, 31))
    manifest = Manifest(
        model="forest",
        version="1.0.0",
        task="classification",
        classes=(0, 1),
        signature=Signature(
            inputs=tuple(Column(name=name, type="float64") for name in NAMES),
            outputs=(Column(name="label", type="int64"), Column(name="probabilities", type="float64")),
        ),
        runtime="onnx" if runtime == "onnx" else "python",
        entry=entry,
        files=(FileDigest(path=entry, size=len(data), sha256=hashlib.sha256(data).hexdigest()),),
        summary=Summary(rows=0, columns=tuple(ColumnSummary(name=n, edges=cuts, counts=(0,) * 32) for n in NAMES)),
    )
    (folder / entry).write_bytes(data)
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(manifest))


def bodies(form: str) -> list[bytes]:
    """Requests of one row: one matrix, or one input a column."""
    rows = np.random.default_rng(1).normal(size=(200, FEATURES)).round(4)
    found = []
    for row in rows.tolist():
        inputs = [{"name": "X", "shape": [1, FEATURES], "datatype": "FP64", "data": row}]
        if form == "columns":
            pairs = zip(NAMES, row, strict=True)
            inputs = [{"name": n, "shape": [1], "datatype": "FP64", "data": [value]} for n, value in pairs]
        body = json.dumps({"inputs": inputs}).encode()
        head = b"POST /v2/models/forest/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        found.append(head % len(body) + body)
    return found


class Client(asyncio.Protocol):
    """Sends the next request as soon as the answer is whole; notes how long each took."""

    def __init__(self, requests: list[bytes], offset: int, took: list[float]) -> None:
        self.requests, self.at, self.took = requests, offset, took
        self.buffer, self.begun = b"", 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport  # type: ignore[assignment]
        self.send()

    def send(self) -> None:
        """The next request."""
        self.at = (self.at + 1) % len(self.requests)
        self.begun = time.perf_counter()
        self.transport.write(self.requests[self.at])  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.index(b"Content-Length: ") + 16
        if len(self.buffer) < end + 4 + int(self.buffer[at : self.buffer.index(b"\r", at)]):
            return
        assert self.buffer.startswith(b"HTTP/1.1 200"), self.buffer
        self.buffer = b""
        self.took.append(time.perf_counter() - self.begun)
        self.send()


def load(
    port: int, clients: int, seconds: float, form: str, sink: "multiprocessing.Queue[tuple[float, list[float]]]"
) -> None:
    """Keep so many connections busy for so long."""

    async def run() -> None:
        took: list[float] = []
        requests, loop = bodies(form), asyncio.get_running_loop()
        for number in range(clients):
            await loop.create_connection(lambda n=number: Client(requests, n * 3, took), "127.0.0.1", port)
        await asyncio.sleep(0.3)
        took.clear()
        begin = time.perf_counter()
        await asyncio.sleep(seconds)
        sink.put((time.perf_counter() - begin, list(took)))

    uvloop.run(run())


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children so far, by the scheduler's own clock (ticks are too coarse)."""
    total = 0
    for each in [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]:
        for thread in Path(f"/proc/{each}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident and proportional memory of a process and its children."""
    found = [0, 0]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [str(pid), *children]:
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            for at, name in enumerate(("Rss:", "Pss:")):
                if line.startswith(name):
                    found[at] += int(line.split()[1])
    return found[0] / 1024, found[1] / 1024


def measure(port: int, pid: int, clients: int, seconds: float, form: str) -> str:
    """One row of the table."""
    sink: multiprocessing.Queue[tuple[float, list[float]]] = multiprocessing.Queue()
    generator = multiprocessing.Process(target=load, args=(port, clients, seconds, form, sink))
    generator.start()
    time.sleep(0.5)
    before, begin = cpu_s(pid), time.perf_counter()
    time.sleep(max(seconds - 0.5, 0.5))
    used, lasted = cpu_s(pid) - before, time.perf_counter() - begin
    wall, took = sink.get(timeout=60)
    generator.join(10)
    rate = len(took) / wall
    p50, p95, p99 = (np.percentile(took, quantile) * 1000 for quantile in (50, 95, 99))
    each = used / lasted / rate * 1e6
    return f"| {form} | {clients} | {rate:,.0f} | {p50:.2f} / {p95:.2f} / {p99:.2f} | {each:.0f} |"


def main() -> None:
    """Serve, measure, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=3.0)
    asked.add_argument("--runtime", choices=["onnx", "python"], default="onnx")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bundle, ready = Path(place) / "bundle", Path(place) / "ready.json"
        bundle.mkdir()
        make_bundle(bundle, told.runtime)
        begin = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "headway.serve", str(bundle), "--ready-file", str(ready)], stderr=subprocess.DEVNULL
        )
        while not ready.exists():
            assert server.poll() is None
            time.sleep(0.002)
        started = time.perf_counter() - begin
        port = json.loads(ready.read_text())["port"]
        print("| form | clients | requests/s | p50 / p95 / p99 ms | CPU µs a request |")
        print("|---|---|---|---|---|")
        for form in ("matrix", "columns"):
            for clients in CLIENTS:
                print(measure(port, server.pid, clients, told.seconds, form), flush=True)
        resident, proportional = memory_mb(server.pid)
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        print(f"\nready in {started:.2f} s; RSS {resident:.0f} MB, PSS {proportional:.0f} MB; runtime {told.runtime}")


if __name__ == "__main__":
    main()
