"""Servers side by side: all are up together and visited in turn (A B C, A B C); the medians of the rounds count."""

import http.client
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.serving import wrk
from bench.serving.environments import CannotRunError
from bench.serving.forest import Forest
from bench.serving.forms import FORMS, request
from bench.serving.load import Load, Taken
from bench.serving.processes import Server, cpu_s, free_port, memory_mb, started
from msgspec import Struct

__all__ = ["FAULTS", "Contestant", "Entry", "Seen", "compete", "said"]

FAULTS = (CannotRunError, OSError, http.client.HTTPException, subprocess.SubprocessError, ValueError, LookupError)


class Contestant(Struct, frozen=True, kw_only=True):
    """A server that takes part: `command` makes its command line for a port, and CannotRunError when it cannot."""

    title: str
    form: str
    command: Callable[[int], Sequence[str]]


class Seen(Struct, frozen=True, kw_only=True):
    """Medians over the rounds at one number of clients; CPU microseconds of the server for a request."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float
    busiest: float


class Entry(Struct, kw_only=True):
    """What a server did: seconds to its first answer, memory under load in MiB, and `seen` by clients; or why not."""

    ready_s: float = 0.0
    pss_mb: float = 0.0
    seen: Mapping[int, Seen] = {}
    fault: str = ""


def compete(
    contestants: Sequence[Contestant], forest: Forest, place: Path, *, clients: Mapping[int, float], rounds: int
) -> dict[str, Entry]:
    """Visit all with each of the numbers of `clients`, for so many seconds; a server that fails fails alone."""
    entries = {each.title: Entry() for each in contestants}
    taken: dict[str, dict[int, list[tuple[Taken, float]]]] = {each.title: {} for each in contestants}
    with ExitStack() as stack:
        running: dict[str, Server] = {}
        for at, each in enumerate(contestants):
            try:
                server = _start(stack, each, forest, place / str(at))
            except FAULTS as error:
                entries[each.title].fault = said(error)
            else:
                running[each.title], entries[each.title].ready_s = server, server.ready_s
            _tell(f"{each.title}: {entries[each.title].fault or f'up in {server.ready_s:.1f} s'}")
        for number in range(rounds):
            for title, server in list(running.items()):
                try:
                    for count, seconds in clients.items():
                        taken[title].setdefault(count, []).append(_visit(server, forest, count, seconds))
                    entries[title].pss_mb = max(entries[title].pss_mb, memory_mb(server.process.pid))
                except FAULTS as error:
                    entries[title].fault = said(error)
                    del running[title]
                _tell(f"round {number + 1}, {title}: {entries[title].fault or _short(taken[title])}")
    for title, found in taken.items():
        if not entries[title].fault:
            entries[title].seen = {count: _median(each) for count, each in found.items()}
    return entries


def _start(stack: ExitStack, each: Contestant, forest: Forest, place: Path) -> Server:
    port = free_port()
    return stack.enter_context(started(each.command(port), port=port, form=each.form, forest=forest, place=place))


def _visit(server: Server, forest: Forest, clients: int, seconds: float) -> tuple[Taken, float]:
    """Put the load on; what came back, and CPU microseconds of the server for an answer."""
    requests = [request(FORMS[server.form], forest.rows[at : at + 1]) for at in range(len(forest.rows))]
    before = cpu_s(server.process.pid)
    taken = wrk.start(Load(port=server.port, clients=clients, seconds=seconds), requests)
    if taken.broken:
        raise CannotRunError(f"{taken.broken} requests of {taken.answers} broken: {taken.reason}")
    if not taken.answers:
        raise CannotRunError(f"no answer within {seconds:g} s")
    return taken, (cpu_s(server.process.pid) - before) / taken.answers * 1e6


def _median(found: Sequence[tuple[Taken, float]]) -> Seen:
    return Seen(
        rate=statistics.median(taken.rate for taken, _ in found),
        p50_ms=statistics.median(taken.p50_ms for taken, _ in found),
        p95_ms=statistics.median(taken.p95_ms for taken, _ in found),
        p99_ms=statistics.median(taken.p99_ms for taken, _ in found),
        cpu_us=statistics.median(cost for _, cost in found),
        busiest=max(taken.busy for taken, _ in found),
    )


def _short(found: Mapping[int, Sequence[tuple[Taken, float]]]) -> str:
    return ", ".join(f"{count} clients {each[-1][0].rate:,.0f}/s" for count, each in found.items())


def said(error: Exception) -> str:
    """One line, of which a table is not broken."""
    if isinstance(error, subprocess.CalledProcessError):
        return said(CannotRunError((error.stderr or "").strip().rpartition("\n")[2]))
    return (" ".join(str(error).split()) or type(error).__name__).replace("|", "/")[:300]


def _tell(line: str) -> None:
    """Progress, beside what is printed."""
    print(line, file=sys.stderr, flush=True)
