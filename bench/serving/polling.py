"""What it costs that the server looks for the next request before it sleeps: CPU of requests that come at random."""

import statistics
from contextlib import ExitStack

from bench.rows import Row
from bench.serving.load import Load, start
from bench.serving.own import Claim, Measured, Run, command, requests, whole
from bench.serving.processes import Server, cpu_s, free_port, started

__all__ = ["POLLING", "SLEEPING"]

SLEEPING = "--busy-poll", "0"
RATES = (250, 500, 1000, 2000, 4000)  # requests a second; a lone client in a loop asks some 5,000
CLIENTS = 32
VISIT_S = 2.0


def _cost(run: Run) -> Measured:
    """The greatest ratio over the rates, one server that looks and one that sleeps at once, in turn."""
    found: dict[tuple[int, bool], list[float]] = {}
    with ExitStack() as stack:
        servers = {looks: _started(stack, run, looks=looks) for looks in (True, False)}
        for number in range(2 * run.rounds):
            for rate in RATES:
                for looks in (number % 2 == 0, number % 2 == 1):
                    found.setdefault((rate, looks), []).append(_cpu_us(servers[looks], run, rate))
    pairs = {rate: [statistics.median(found[rate, looks]) for looks in (True, False)] for rate in RATES}
    told = ", ".join(
        f"{looking:.0f} against {sleeping:.0f} µs at {rate:,}" for rate, (looking, sleeping) in pairs.items()
    )
    how = f"{told} requests/s at random times; medians of {2 * run.rounds} visits"
    return max(looking / sleeping for looking, sleeping in pairs.values()), how


def _started(stack: ExitStack, run: Run, *, looks: bool) -> Server:
    port = free_port()
    asked = command(run.forest.bundle, port, *(() if looks else SLEEPING))
    place = run.place / f"polling-{looks}"
    return stack.enter_context(started(asked, port=port, form="matrix", forest=run.forest, place=place))


def _cpu_us(server: Server, run: Run, rate: int) -> float:
    before = cpu_s(server.process.pid)
    load = Load(port=server.port, clients=CLIENTS, seconds=VISIT_S, rate=rate, chance=True)
    answers = whole(start(load, requests(run.forest))).answers
    return (cpu_s(server.process.pid) - before) / answers * 1e6


POLLING: Claim = (
    Row(what="CPU of a request at random, looking before sleeping", unit="x", budget=1.25, measured=None, how=""),
    _cost,
)
