"""Keeps half of the load on for long, loads and unloads again and again: neither memory nor descriptors may grow."""

import http.client
import json
import statistics
import sys
from pathlib import Path

from bench.rows import Row
from bench.serving.environments import CannotRunError
from bench.serving.forest import Forest
from bench.serving.load import Load, start
from bench.serving.own import SERVE, Claim, Measured, Run, command, requests
from bench.serving.processes import Server, files_open, free_port, memory_mb, started

__all__ = ["RELOADS", "soak"]

CLIENTS = 64
SLICE_S = 10.0
WARM = 1 / 6  # of the slices: caches fill, the allocator finds its size
OWN = ("Anonymous",)  # pages of files come and go with what other processes map
ROUNDS = 100


def soak(forest: Forest, place: Path, seconds: float) -> list[Row]:
    """Half of saturation for so long, in slices of new connections; growth of memory in %, descriptors left open."""
    port = free_port()
    asked = requests(forest)
    memory, files, rate, answers = [], [], 0.0, 0
    with started(command(forest.bundle, port), port=port, form="matrix", forest=forest, place=place / "soak") as server:
        rate = start(Load(port=port, clients=CLIENTS, seconds=2.0), asked).rate / 2
        for number in range(max(int(seconds / SLICE_S), 6)):
            taken = start(Load(port=port, clients=CLIENTS, seconds=min(SLICE_S, seconds / 6), rate=rate), asked)
            if taken.broken:
                raise CannotRunError(f"{taken.broken} requests broken: {taken.reason}")
            answers += taken.answers
            memory.append(memory_mb(server.process.pid, OWN))
            files.append(files_open(server.process.pid))
            print(f"slice {number + 1}: {memory[-1]:.2f} MB, {files[-1]} files", file=sys.stderr, flush=True)
    warm = memory[max(int(len(memory) * WARM), 1) :]
    third = max(len(warm) // 3, 1)
    first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
    how = f"{seconds:g} s at {rate:,.0f} requests/s, {answers:,} in all"
    return [
        Row(
            what="memory grown under half load",
            unit="%",
            budget=5.0,
            measured=max(last / first - 1, 0.0) * 100,
            how=f"own memory, the last third's median {last:.1f} MB against {first:.1f} after warm-up; {how}",
        ),
        Row(
            what="descriptors left open under half load",
            unit="",
            budget=0.0,
            measured=max(files[-1] - files[0], 0),
            how=f"{files[-1]} at the end against {files[0]} after the first {SLICE_S:g} s; {how}",
        ),
    ]


def _reloads(run: Run) -> Measured:
    port = free_port()
    asked = [*SERVE, "--models", str(run.forest.bundle.parent), "--port", str(port)]
    with started(asked, port=port, form="matrix", forest=run.forest, place=run.place / "reloads") as server:
        _again(server)
        before = memory_mb(server.process.pid, OWN)
        for _ in range(ROUNDS):
            _again(server)
        after = memory_mb(server.process.pid, OWN)
    how = f"own memory beyond that after the first: {after:.1f} against {before:.1f} MB"
    return max(after / before - 1, 0.0) * 100, how


RELOADS: Claim = (
    Row(what=f"memory after {ROUNDS} rounds of unload and load", unit="%", budget=10.0, measured=None, how=""),
    _reloads,
)


def _again(server: Server) -> None:
    """One round; CannotRunError when the server refuses."""
    for action in ("unload", "load"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", f"/v2/repository/models/forest/{action}", body=json.dumps({}))
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 200:
            raise CannotRunError(f"{action} answered {answer.status}: {said[:200].decode(errors='replace')}")
