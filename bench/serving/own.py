"""What is measured of Headway's server alone: start, memory, pace at half load, binary tensors, SIGTERM."""

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bench.rows import Row
from bench.serving.environments import CannotRunError
from bench.serving.forest import Forest, make_linear
from bench.serving.forms import FORMS, request
from bench.serving.load import Load, Taken, ceiling, start
from bench.serving.processes import Server, free_port, memory_mb, started
from bench.serving.rounds import FAULTS, said
from bench.serving.sigterm import restarts
from msgspec import Struct, structs

__all__ = ["ANSWER", "CLAIMS", "SERVE", "Claim", "Measured", "Run", "command", "requests", "rows", "whole"]

SERVE = (sys.executable, "-m", "headway.serve", "--quiet", "0.1")
STARTS = 5
CLIENTS = 64
PACED_S = 5.0
PACED_ROUNDS = 7
CALM = 0.005  # of this machine's time
STEAL = 7  # its place in the first line of /proc/stat
WIDE = 1000  # rows of a request with tensors
WIDE_CLIENTS = 8
TERMS = 20
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n" + bytes(200)


class Run(Struct, frozen=True, kw_only=True):
    """What a run has: the model, a folder for its files, seconds of a visit, rounds."""

    forest: Forest
    place: Path
    seconds: float
    rounds: int


Measured = tuple[float, str]
Claim = tuple[Row, Callable[[Run], Measured]]


def command(bundle: Path, port: int, *options: str, workers: int = 1) -> list[str]:
    """The server's command line for one bundle."""
    several = ["--workers", str(workers)] if workers > 1 else []
    return [*SERVE, str(bundle), "--port", str(port), *several, *options]


def requests(forest: Forest, form: str = "matrix", count: int = 1) -> Sequence[bytes]:
    """Requests of `count` rows each."""
    whole = forest.rows.repeat(-(-count // len(forest.rows)), axis=0) if count > 1 else forest.rows
    return [request(FORMS[form], whole[at : at + count]) for at in range(0, len(whole), count)]


def rows(run: Run, claims: Sequence[Claim]) -> list[Row]:
    """Each claim measured; one that cannot be says why."""
    found = []
    for row, measure in claims:
        print(f"{row.what} ...", file=sys.stderr, flush=True)
        try:
            measured, how = measure(run)
        except (TimeoutError, *FAULTS) as error:
            found.append(structs.replace(row, how=said(error)))
        else:
            found.append(structs.replace(row, measured=measured, how=how))
    return found


def _ready(run: Run) -> Measured:
    found = []
    for number in range(STARTS):
        with _server(run, f"start-{number}") as server:
            found.append(server.ready_s)
    return statistics.median(found), f"wall clock from exec to the first prediction, median of {STARTS} starts"


def _memory(run: Run) -> Measured:
    with _server(run, "memory") as server:
        taken = _loaded(server, run, clients=CLIENTS)
        found = memory_mb(server.process.pid)
    return found, f"PSS after {taken.answers:,} requests of {CLIENTS} clients"


def _half_load(run: Run) -> Measured:
    """The p99 at half of what busy clients get: the median of rounds in which the host left this machine alone.

    A virtual machine that is not run for some milliseconds answers late whatever runs in it, as an echo shows.  Where
    no round was calm the calmest counts.
    """
    with _server(run, "half") as server:
        full = statistics.median(_loaded(server, run, clients=CLIENTS).rate for _ in range(run.rounds))
        load = Load(port=server.port, clients=CLIENTS, seconds=max(run.seconds, PACED_S), rate=full / 2)
        asked, paced, plain = requests(run.forest), [], []
        for _ in range(max(run.rounds, PACED_ROUNDS)):
            paced.append(_stolen(lambda: whole(start(load, asked))))
            plain.append(_stolen(lambda: ceiling(start, load, asked[0], ANSWER)))
    (least, calm), (_, echo), (most, worst) = _calm(paced), _calm(plain), max(paced, key=lambda each: each[0])
    p99 = statistics.median(each.p99_ms for each in calm)
    how = f"{full / 2:,.0f} requests/s over {CLIENTS} connections, half of {full:,.0f}; counted from when each was due"
    how += f"; p50 {statistics.median(each.p50_ms for each in calm):.2f} ms; median of the {len(calm)} of {len(paced)}"
    how += f" rounds in which the host took at most {least:.1%} (p99 where it took most, {most:.1%}: {worst.p99_ms:.2f}"
    how += f" ms); a server that only echoes: p99 {statistics.median(each.p99_ms for each in echo):.2f} ms"
    return p99, how


def _calm(rounds: Sequence[tuple[float, Taken]]) -> tuple[float, list[Taken]]:
    """The rounds in which the host took next to nothing, and what that is; the calmest where it always took more."""
    most = max(CALM, min(stolen for stolen, _ in rounds))
    return most, [taken for stolen, taken in rounds if stolen <= most]


def _stolen(taken: Callable[[], Taken]) -> tuple[float, Taken]:
    """What came back, and the share of this machine's time that its host gave to others meanwhile."""
    before, found, after = _ticks(), taken(), _ticks()
    return (after[STEAL] - before[STEAL]) / max(1, sum(after) - sum(before)), found


def _ticks() -> list[int]:
    """The processors' time since the start, by what it went to."""
    return [int(each) for each in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]


def _linear(run: Run) -> Measured:
    """The same of a model that costs nothing beside its request."""
    return _tensors(structs.replace(run, forest=make_linear(run.place / "linear")))


def _tensors(run: Run) -> Measured:
    """The same rows in both forms, in turn."""
    found: dict[str, list[float]] = {"tensors": [], "matrix": []}
    with _server(run, f"tensors-{run.forest.bundle.parent.parent.name}") as server:
        for _ in range(run.rounds):
            for form, rates in found.items():
                rates.append(_loaded(server, run, clients=WIDE_CLIENTS, form=form, count=WIDE).rate)
    binary, text = (statistics.median(rates) for rates in found.values())
    how = f"{binary:,.0f} against {text:,.0f} requests/s of {WIDE:,} rows, {WIDE_CLIENTS} clients, median of rounds"
    return binary / text, how


def _terms(run: Run) -> Measured:
    port = free_port()
    asked = command(run.forest.bundle, port, "--drain", "1")
    seen = asyncio.run(restarts(asked, port, requests(run.forest), clients=CLIENTS, rounds=TERMS))
    told = ", ".join(f"{seen[name]:,} {what}" for name, what in SEEN)
    return seen["broken"] + seen["failed"], f"{TERMS} SIGTERMs under {CLIENTS} busy clients: {told}"


SEEN = (
    ("200", "answered"),
    ("closed", "asked to come again"),
    ("between", "closed between requests"),
    ("refused", "not let in"),
    ("failed", "exits other than 0"),
)

CLAIMS: Sequence[Claim] = (
    (Row(what="model server ready", unit="s", budget=1.0, measured=None, how=""), _ready),
    (Row(what="model server's memory", unit="MB", budget=70.0, measured=None, how=""), _memory),
    (Row(what="p99 at half of saturation", unit="ms", budget=5.0, measured=None, how=""), _half_load),
    (
        Row(what="binary tensors as a multiple of JSON", unit="x", budget=3.0, measured=None, how="", at_least=True),
        _tensors,
    ),
    (Row(what="the same of a linear model", unit="x", budget=3.0, measured=None, how="", at_least=True), _linear),
    (Row(what="requests broken by SIGTERM", unit="", budget=0.0, measured=None, how=""), _terms),
)


def _server(run: Run, name: str) -> AbstractContextManager[Server]:
    port = free_port()
    asked = command(run.forest.bundle, port)
    return started(asked, port=port, form="matrix", forest=run.forest, place=run.place / name)


def _loaded(  # noqa: PLR0913 - a load has this many sides
    server: Server,
    run: Run,
    *,
    clients: int,
    seconds: float = 0.0,
    rate: float = 0.0,
    form: str = "matrix",
    count: int = 1,
) -> Taken:
    """Put a load on; CannotRunError when an answer is none."""
    load = Load(port=server.port, clients=clients, seconds=seconds or run.seconds, rate=rate)
    return whole(start(load, requests(run.forest, form, count)))


def whole(taken: Taken) -> Taken:
    """What came back; CannotRunError when an answer is none."""
    if taken.broken or not taken.answers:
        raise CannotRunError(f"{taken.broken} requests broken: {taken.reason}")
    return taken
