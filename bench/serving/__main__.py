"""Measures the model server beside others: `python -m bench.serving [--seconds 3] [--rounds 3] [--only NAME ...]`.

Writes docs/reference/serving-performance.md and prints the claims, with --json as `bench/all.py` reads them.  With
`--soak SECONDS` it only keeps half of the load on for so long and looks for growth.  The peers' environments are made
once, under HEADWAY_CACHE or .cache/headway; a peer that cannot be installed or started is a row that says so.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.rows import Row, machine, show
from bench.serving import claims, own, wrk
from bench.serving.environments import ENVIRONMENTS, CannotRunError, versions
from bench.serving.forest import make_forest
from bench.serving.load import Load, ceiling, start
from bench.serving.page import page
from bench.serving.peers.table import PEERS, UNCONVERTED, Peer
from bench.serving.polling import POLLING, SLEEPING
from bench.serving.rounds import Contestant, Entry, compete
from bench.serving.soak import RELOADS, soak

from headway import __version__

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "serving-performance.md"
LONE_ROUNDS = 9
OURS = "Headway, 1 process"
OURS_SEVERAL = "Headway, 2 processes"
OURS_SLEEPING = f"Headway, 1 process, {' '.join(SLEEPING)}"
OURS_MLFLOW = "Headway, asked as MLflow's clients do"
OURS_UNCONVERTED = "Headway, python runtime"


def main() -> None:
    """Measure what is asked for."""
    asked = argparse.ArgumentParser(description="Measures the model server beside others.")
    asked.add_argument("--seconds", type=float, default=3.0, help="of each visit")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--only", nargs="*", metavar="NAME", help="peers, by the begin of their names; writes no page")
    asked.add_argument("--soak", type=float, metavar="SECONDS")
    asked.add_argument("--json", action="store_true")
    told = asked.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are ended too
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        run = own.Run(forest=make_forest(place), place=place, seconds=told.seconds, rounds=told.rounds)
        show(soak(run.forest, place, told.soak) if told.soak else measured(run, told.only))


def measured(run: own.Run, only: Sequence[str] | None) -> list[Row]:
    """Everything; the page is written unless only some peers are asked."""
    wrk.program()
    load = os.getloadavg()[0]
    alone = own.rows(run, [*own.CLAIMS, POLLING, RELOADS])
    busy, paced = (
        ceiling(
            generate, Load(port=0, clients=claims.BUSY, seconds=run.seconds), own.requests(run.forest)[0], own.ANSWER
        )
        for generate in (wrk.start, start)
    )
    bundle = run.forest.bundle
    single = [
        Contestant(title=OURS, form="matrix", command=partial(own.command, bundle)),
        Contestant(title=OURS_SLEEPING, form="matrix", command=lambda port: own.command(bundle, port, *SLEEPING)),
    ]
    ours = [
        *single,
        Contestant(title="Headway, one input a column", form="columns", command=partial(own.command, bundle)),
        Contestant(title=OURS_MLFLOW, form="invocations", command=partial(own.command, bundle)),
        Contestant(title=OURS_SEVERAL, form="matrix", command=partial(own.command, bundle, workers=2)),
    ]
    peers, both = chosen(PEERS, only), (claims.BUSY, claims.LONE)
    converted = beside(run, ours, peers, run.forest.onnx, both, run.rounds)
    # The median of one client is so short that servers which do nothing lengthen it: here only those that are compared.
    lone = beside(run, single, chosen(peers, ["MLServer"]), run.forest.onnx, [claims.LONE], LONE_ROUNDS)
    ours = [Contestant(title=OURS_UNCONVERTED, form="matrix", command=partial(own.command, run.forest.unconverted))]
    unconverted = beside(run, ours, chosen(UNCONVERTED, only), run.forest.joblib, both, run.rounds)
    rows = [
        *claims.against(converted, OURS, OURS_SEVERAL),
        claims.lone_client(lone, OURS),
        claims.as_mlflow(converted, OURS_MLFLOW),
        claims.unconverted(unconverted, OURS_UNCONVERTED),
        *alone,
    ]
    if only is None:
        told = (
            f"The generators alone, against a server that only echoes and over 64 connections: wrk {busy.rate:,.0f} "
            f"requests/s, the one for paced requests {paced.rate:,.0f}. Headway {__version__}. Load before (processes "
            f"that wanted to run): {load:.0f}."
        )
        PAGE.write_text(page(f"{machine()} {told}", rows, converted, unconverted, installed()))
    return rows


def beside(
    run: own.Run, ours: Sequence[Contestant], peers: Sequence[Peer], model: Path, clients: Sequence[int], rounds: int
) -> dict[str, Entry]:
    """Ours and the peers, in turn, each with as many clients as `clients` says."""
    theirs = [
        Contestant(title=peer.title, form=peer.form, command=partial(peer.command, model=model)) for peer in peers
    ]
    seconds = {count: run.seconds if count > claims.LONE else max(run.seconds / 2, 1.0) for count in clients}
    place = run.place / f"{model.suffix[1:]}-{max(clients)}"
    return compete([*ours, *theirs], run.forest, place, clients=seconds, rounds=rounds)


def chosen(peers: Sequence[Peer], only: Sequence[str] | None) -> list[Peer]:
    """Those whose names begin so; all when nothing is asked."""
    return [peer for peer in peers if only is None or peer.title.startswith(tuple(only))]


def installed() -> Mapping[str, Mapping[str, str] | str]:
    """Versions of each environment, or why there are none."""
    found: dict[str, Mapping[str, str] | str] = {}
    for name in ENVIRONMENTS:
        try:
            found[name] = versions(name)
        except CannotRunError as error:
            found[name] = str(error).replace("|", "/")
    return found


if __name__ == "__main__":
    main()
