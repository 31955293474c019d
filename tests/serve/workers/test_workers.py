"""Several processes behind one port: they count together, replace their dead, change together, end together."""

import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree

import grpc
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.serve.bundles import ROW, onnx_classifier, onnx_regressor, python_classifier, renamed, request
from tests.serve.running import Server, refusal, serving

from headway.serve.grpc.messages import messages

BODY = json.dumps(request([ROW])).encode()
SENT = b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
LIMIT_S = 30.0


def workers(server: Server) -> list[int]:
    """The process ids of a server's children that live."""
    pid = server.process.pid
    found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in found if state(child) not in {"", "Z"}]


def state(pid: int) -> str:
    """Of a process, as its kernel says; '' when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def until(seen: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def counted(port: int, name: str = "ml_prediction_requests_total") -> float:
    """One counter of the classifier, asked of whichever worker takes a new connection."""
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    samples = (sample for family in text_string_to_metric_families(shown) for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == name)


class Client:
    """A connection that stays, and so a worker that stays the same."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.http.get("/v2/health/live")

    def ask(self) -> int:
        """One prediction."""
        return self.http.post("/v2/models/delay/infer", content=BODY).status_code


Clients = Callable[[Server, int], list[Client]]


@pytest.fixture
def connected() -> Iterator[Clients]:
    """Makes so many clients of a server, which are closed when the test is over."""
    with ExitStack() as stack:

        def make(server: Server, count: int) -> list[Client]:
            address = f"http://127.0.0.1:{server.port}"
            return [Client(stack.enter_context(httpx.Client(base_url=address, timeout=20))) for _ in range(count)]

        yield make


@pytest.fixture
def pair(classifier: Path, tmp_path: Path) -> Path:
    """A folder of bundles of two models."""
    copytree(classifier, tmp_path / "models" / "delay")
    onnx_regressor(tmp_path / "models" / "minutes")
    return tmp_path / "models"


def test_any_worker_shows_the_sum_of_all(classifier: Path, tmp_path: Path, connected: Clients) -> None:
    with serving(classifier, tmp_path, "--workers", "2") as server:
        assert server.said["pid"] == server.process.pid
        assert len(workers(server)) == 2
        clients = connected(server, 6)
        for client in clients:
            assert client.ask() == 200
        for client in clients:
            assert 'ml_prediction_requests_total{model="delay",version="1.2.3"} 6' in client.http.get("/metrics").text
        until(lambda: all(client.http.get("/v2/models/delay/summary").json()["rows"] == 6 for client in clients))
        assert server.end() == 0


def asked(connection: socket.socket) -> bool:
    """Ask on a connection; False when it is broken."""
    try:
        connection.sendall(SENT)
        return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def test_a_worker_that_dies_loses_only_its_own_connections_and_no_count(
    classifier: Path, tmp_path: Path, connected: Clients
) -> None:
    with serving(classifier, tmp_path, "--workers", "2") as server, ExitStack() as stack:
        made = (socket.create_connection(("127.0.0.1", server.port)) for _ in range(8))
        connections = [stack.enter_context(connection) for connection in made]
        assert all(map(asked, connections))
        first = workers(server)
        os.kill(first[0], signal.SIGKILL)
        until(lambda: state(first[0]) in {"", "Z"})
        kept = [asked(connection) for connection in connections]
        assert 0 < sum(kept) < 8
        before = counted(server.port)
        assert before == 8 + sum(kept)
        # New connections are answered whether or not the successor is there yet, and later by it, too.
        assert [client.ask() for client in connected(server, 20)] == [200] * 20
        until(lambda: len(set(workers(server)) - set(first)) == 1)
        assert [client.ask() for client in connected(server, 20)] == [200] * 20
        assert counted(server.port) == before + 40


async def busy(port: int, told: asyncio.Event, seen: Counter[str]) -> None:
    """A client that asks without pause, and comes again until the door is shut."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            seen["refused" if told.is_set() else "broken"] += 1
            return
        try:
            while True:
                writer.write(SENT)
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
                seen[head.split()[1]] += 1
                seen["after"] += told.is_set()
                if "connection: close" in head:
                    break
        except (OSError, EOFError):
            seen["broken"] += 1
            return
        finally:
            writer.close()


@pytest.mark.parametrize("group", [False, True], ids=["the parent alone is told", "all are told"])
def test_busy_clients_lose_nothing_when_all_workers_drain(classifier: Path, tmp_path: Path, *, group: bool) -> None:
    async def run() -> Counter[str]:
        seen: Counter[str] = Counter()
        told = asyncio.Event()
        clients = [asyncio.create_task(busy(server.port, told, seen)) for _ in range(8)]
        while seen["200"] < 200:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.01)
        told.set()
        for pid in [*(workers(server) if group else ()), server.process.pid]:
            os.kill(pid, signal.SIGTERM)
        await asyncio.gather(*clients)
        return seen

    with serving(classifier, tmp_path, "--workers", "2", "--drain", "1", "--quiet", "1") as server:
        seen = asyncio.run(asyncio.wait_for(run(), 60))
        assert server.process.wait(timeout=20) == 0
    assert seen["broken"] == 0, seen
    assert seen["after"] > 50
    assert set(seen) <= {"200", "after", "refused"}


def test_the_workers_end_with_a_parent_that_is_killed(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--workers", "2") as server:
        left = workers(server)
        server.process.kill()
        until(lambda: all(state(pid) in {"", "Z"} for pid in left))
        server.process.wait()


def test_ctrl_c_drains_and_a_second_signal_ends_it_at_once(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--workers", "2", "--drain", "25", "--quiet", "25") as server:
        stuck = socket.create_connection(("127.0.0.1", server.port))
        stuck.sendall(b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        httpx.get(f"http://127.0.0.1:{server.port}/v2/health/live")
        for pid in (*workers(server), server.process.pid):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        until(lambda: httpx.get(f"http://127.0.0.1:{server.port}/v2/health/ready").status_code == 503)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=15) == 0
        stuck.close()


def test_a_model_is_loaded_and_unloaded_by_all_workers_or_told_why_not(
    pair: Path, tmp_path: Path, connected: Clients
) -> None:
    with serving(None, tmp_path, "--models", str(pair), "--workers", "2") as server:
        clients = connected(server, 4)

        def change(wish: str, name: str) -> int:
            return clients[0].http.post(f"/v2/repository/models/{name}/{wish}").status_code

        assert change("unload", "delay") == 200
        assert [client.ask() for client in clients] == [404] * 4
        assert change("unload", "delay") == 404
        assert change("load", "delay") == 200
        assert [client.ask() for client in clients] == [200] * 4
        (pair / "delay" / "model.onnx").write_bytes(b"else")
        assert change("load", "delay") == 400
        assert [client.ask() for client in clients] == [200] * 4
        assert len(workers(server)) == 2


def test_a_successor_serves_what_the_others_serve_not_what_the_server_began_with(
    pair: Path, tmp_path: Path, connected: Clients
) -> None:
    with serving(None, tmp_path, "--models", str(pair), "--workers", "2") as server:
        (stays,) = connected(server, 1)
        assert stays.http.post("/v2/repository/models/minutes/unload").status_code == 200
        renamed(onnx_classifier(_made(pair / "newer")), version="2.0.0")
        assert stays.http.post("/v2/repository/models/delay/load").status_code == 200
        for pid in workers(server):
            os.kill(pid, signal.SIGTERM)  # each drains by itself, and another takes its place
            until(lambda pid=pid: state(pid) in {"", "Z"} and len(workers(server)) == 2)  # type: ignore[misc]
        until(lambda: counted(server.port) == 0)
        for client in connected(server, 4):
            answer = client.http.post("/v2/models/delay/infer", content=BODY)
            assert answer.json()["model_version"] == "2.0.0"
            assert client.http.get("/v2/models/delay").json()["versions"] == ["1.2.3", "2.0.0"]
            assert client.http.get("/v2/models/minutes").status_code == 404


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_what_no_worker_would_serve_is_refused_in_one_line(classifier: Path, tmp_path: Path) -> None:
    bundle = Path(copytree(classifier, tmp_path / "bundle"))
    (bundle / "model.onnx").write_bytes(b"else")
    assert "does not match" in refusal(bundle, "--workers", "3")
    assert "cannot listen" in refusal(classifier, "--workers", "2", "--host", "192.0.2.1")


def test_one_worker_needs_no_parent(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--workers", "1") as server:
        assert workers(server) == []


def test_a_label_finds_the_prediction_of_any_worker(classifier: Path, tmp_path: Path, connected: Clients) -> None:
    with serving(classifier, tmp_path, "--workers", "2") as server:
        clients = connected(server, 6)
        clients[0].http.post("/v2/models/delay/infer", json=request([ROW] * 6, id="flights"))
        for row, client in enumerate(clients):
            said = {"feedback": [{"id": "flights", "row": row, "label": 1}]}
            for expected in ("accepted", "duplicate"):
                answer = client.http.post("/v2/models/delay/feedback", json=said).json()
                assert answer["outcomes"] == [expected]
        assert counted(server.port, "ml_feedback_labels_total") == 12


def ready_over_grpc(server: Server) -> bool:
    """Does whoever takes a new connection say that the server is ready?"""
    asked, options = messages("inference"), [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.said['grpc_port']}", options) as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ServerReady",
            request_serializer=asked["ServerReadyRequest"].SerializeToString,
            response_deserializer=asked["ServerReadyResponse"].FromString,
        )
        return bool(call(asked["ServerReadyRequest"](), timeout=20, wait_for_ready=True).ready)


def test_workers_share_a_port_for_grpc_too(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--workers", "2", "--grpc-port", "0") as server:
        assert server.said["grpc_port"] != server.port
        assert all(ready_over_grpc(server) for _ in range(8))
        assert server.end() == 0


def filters(pid: int) -> int:
    """How many filters of system calls a process is under."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Seccomp_filters:"))


@pytest.mark.parametrize("port", ["0", "chosen"])
def test_in_a_sandbox_who_takes_a_dead_ones_place_speaks_grpc_too(classifier: Path, tmp_path: Path, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        chosen = port if port == "0" else str(free.getsockname()[1])
    with serving(classifier, tmp_path, "--workers", "2", "--grpc-port", chosen, "--sandbox", "best") as server:
        outside = filters(os.getpid())
        first = set(workers(server))
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(workers(server)) - first) == 2)
        if "seccomp" in server.said["isolation"]:
            until(lambda: {filters(pid) - outside for pid in workers(server)} == {2})
        assert all(ready_over_grpc(server) for _ in range(8))
        assert server.end() == 0


def test_each_worker_has_its_own_process_for_a_python_model(tmp_path: Path, connected: Clients) -> None:
    bundle = python_classifier(tmp_path / "bundle")
    with serving(bundle, tmp_path, "--workers", "2") as server:
        kept = [Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in workers(server)]
        assert [len(own) for own in kept] == [1, 1]
        assert [client.ask() for client in connected(server, 4)] == [200] * 4
        assert server.end() == 0
        until(lambda: not any(state(int(pid)) for own in kept for pid in own))


def test_a_worker_that_will_not_come_is_told_and_the_others_serve_on(
    pair: Path, tmp_path: Path, connected: Clients
) -> None:
    with serving(None, tmp_path, "--models", str(pair), "--workers", "2") as server:
        (pair / "delay" / "model.onnx").write_bytes(b"else")
        log = next(tmp_path.glob("*.log"))
        os.kill(workers(server)[0], signal.SIGKILL)
        until(lambda: "does not match" in log.read_text())
        assert [client.ask() for client in connected(server, 5)] == [200] * 5
        assert server.end() == 0
