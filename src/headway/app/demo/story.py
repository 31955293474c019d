"""The story of the demo, step by step: each does what a team does, waits for what Headway makes of it, and counts."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date

import polars as pl

from headway.app.demo.data import first_quarter, read_flights, requests_of, write_part
from headway.app.demo.files import MODEL_YAML, PRODUCTION_YAML, program
from headway.app.demo.scene import MODEL, Scene, StepReport
from headway.app.demo.traffic import Traffic
from headway.app.errors import RefusedError

__all__ = ["sum_up", "tell"]

RATE = 400.0
LIMIT_S = 420.0  # for a machine that has other things to do; on two idle cores no step takes a third of it
BLANKED = "temp"
BAD = "1.3.0"  # the version of step 5
FOLDER = f"models/{MODEL}"
Outcome = tuple[str, int]  # the verdict in a word, and the live windows it was judged on


def tell(scene: Scene) -> Iterator[StepReport]:
    """All seven steps, each told when it has come to its end; RefusedError when one does not in time."""
    flights = read_flights()
    for number, (name, step) in enumerate(STEPS, start=1):
        scene.say(f"\n{number}. {name}")
        before, begin = scene.counts(), time.monotonic()
        verdict, windows = step(scene, flights)
        after = scene.counts()
        report = StepReport(
            name=name,
            commit=scene.head(),
            version=scene.stable,
            verdict=verdict,
            windows=windows,
            seconds=round(time.monotonic() - begin, 1),
            requests=after.requests - before.requests,
            failures=after.failures - before.failures,
            canary_failures=after.by(BAD) - before.by(BAD),
        )
        scene.say(
            f"   {report.verdict}; serving {report.version or '-'}; {report.seconds:.0f} s, {report.requests} requests,"
            f" {report.failures} failed, {report.canary_failures} of them answered by the bad canary"
        )
        yield report


def sum_up(scene: Scene) -> None:
    """The count of all requests; RefusedError when one failed that the bad canary did not answer."""
    counts = scene.counts()
    bad = counts.by(BAD)
    scene.say(f"\n{counts.requests} requests; {counts.failures} failed, {bad} of them answered by the bad canary.")
    if counts.failures != bad:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in scene.reasons().most_common(5))
        raise RefusedError(f"{counts.failures - bad} requests failed that no bad canary answered: {reasons}")


def _begin(scene: Scene, flights: pl.DataFrame) -> Outcome:
    """A training script that exists, put under Headway."""
    scene.say(
        "   A team has a script and a quarter of flights. One command writes the wish; the team edits and commits it."
    )
    scene.repo.mkdir(parents=True)
    learnt, held_out = first_quarter(flights)
    write_part(learnt, scene.repo / FOLDER / "data/train")
    write_part(held_out, scene.repo / FOLDER / "data/test")
    scene.write(f"{FOLDER}/train.py", program("small.py"))
    scene.write(f"{FOLDER}/requirements.lock", program("requirements.lock"))
    scene.quiet("git", "init", "-q", "-b", "main")
    scene.run("headway", "init", ".")
    scene.write(f"{FOLDER}/model.yaml", MODEL_YAML)
    scene.write("environments/production.yaml", PRODUCTION_YAML)
    with (scene.repo / ".gitignore").open("a") as ignored:
        ignored.write(f"{FOLDER}/data/\n")
    scene.say("   The demo's pace is not a team's: windows of 1 s decide, windows of 10 s look for drift, and")
    scene.say("   retrainings may follow each other at once (window: 1s, drift window: 10s, at_most_every: 0s).")
    scene.run("headway", "check")
    scene.commit("Predict late arrivals from the timetable")
    return "committed", 0


def _first(scene: Scene, flights: pl.DataFrame) -> Outcome:
    """The first version has no live one to be compared with: absolute gates, and a direct release."""
    scene.start_up()
    scene.wait("1.0.0 serves in production", lambda: scene.serves("1.0.0"), LIMIT_S)
    _, held_out = first_quarter(flights)
    scene.traffic = Traffic(scene.address(), MODEL, requests_of(held_out), rate=RATE, blank=BLANKED)
    scene.traffic.start()
    scene.say(f"   Live requests begin at {scene.address()}, {RATE:.0f} a second; 6 % of them lack the temperature.")
    scene.wait("1,000 requests were answered", lambda: scene.counts().requests >= 1000, LIMIT_S)
    return "released", 0


def _better(scene: Scene, _flights: pl.DataFrame) -> Outcome:
    scene.write(f"{FOLDER}/train.py", program("weather.py"))
    scene.commit("Learn from the weather too")
    return _promoted(scene, "1.1.0")


def _worse(scene: Scene, _flights: pl.DataFrame) -> Outcome:
    scene.write(f"{FOLDER}/train.py", program("weather.py").replace("max_iter=60", "max_iter=2, max_depth=2"))
    scene.commit("Train faster")
    scene.wait("1.2.0 is refused by a gate", lambda: bool(scene.place("staging").get("gates")), LIMIT_S)
    scene.run("headway", "status")
    return "refused", 0


def _strict(scene: Scene, _flights: pl.DataFrame) -> Outcome:
    scene.write(f"{FOLDER}/train.py", program("weather.py"))
    scene.write(f"{FOLDER}/predict.py", program("strict.py"))
    scene.write(f"{FOLDER}/model.yaml", MODEL_YAML.replace("  gates:", "  predict: predict.py\n  gates:"))
    scene.commit("Refuse flights with incomplete weather")
    scene.wait("1.3.0 is aborted in live traffic", lambda: bool(scene.status().get("hold")), LIMIT_S)
    scene.run("git", "log", "-1", "--format=%s%n%b", "headway")
    scene.quiet("git", "revert", "--no-edit", "HEAD~2..HEAD")
    scene.say("   The author reverts both commits and lifts the hold.")
    scene.run("headway", "resume", MODEL)
    return "aborted", scene.windows(BAD)


def _drift(scene: Scene, flights: pl.DataFrame) -> Outcome:
    july = flights.filter(pl.col("date").is_between(date(2013, 7, 1), date(2013, 7, 15)))
    train, test = scene.repo / FOLDER / "data/train", scene.repo / FOLDER / "data/test"
    write_part(flights.filter(pl.col("date") < date(2013, 7, 1)), train)
    write_part(flights.filter(pl.col("date").is_between(date(2013, 7, 16), date(2013, 7, 31))), test)
    assert scene.traffic is not None  # noqa: S101 - step 2 made it
    scene.traffic.change_rows(requests_of(july))
    scene.say("   It is July: new files lie in the data folder, and July's flights ask for predictions.")
    scene.wait("drift is noticed", lambda: any("drift" in alert for alert in scene.status().get("alerts", ())), LIMIT_S)
    scene.run("headway", "status")
    return _promoted(scene, "1.4.0")


def _back(scene: Scene, _flights: pl.DataFrame) -> Outcome:
    scene.run("headway", "rollback", MODEL, "--to", "1.0.0")
    scene.wait("1.0.0 serves again", lambda: scene.serves("1.0.0"), LIMIT_S)
    scene.run("headway", "verify")
    scene.run("headway", "replay")
    scene.run("git", "log", "--format=%h %an: %s", "headway")
    before = scene.counts()
    for pid in scene.processes():
        os.kill(pid, signal.SIGKILL)
    scene.say("   `up` and the supervisor are killed; Envoy and the model go on.")
    scene.wait("2,000 more requests", lambda: scene.counts().requests >= before.requests + 2000, LIMIT_S, alive=False)
    return "rolled back", 0


def _promoted(scene: Scene, version: str) -> Outcome:
    scene.wait(f"{version} is promoted in production", lambda: scene.serves(version), LIMIT_S)
    return "promoted", scene.windows(version)


STEPS: tuple[tuple[str, Callable[[Scene, pl.DataFrame], Outcome]], ...] = (
    ("A script becomes a repository", _begin),
    ("The first version, from commit to live traffic", _first),
    ("A better model takes over, judged on live traffic", _better),
    ("A worse model is refused by a gate", _worse),
    ("A model that fails only in live traffic is aborted", _strict),
    ("The world changes: drift, retraining, promotion", _drift),
    ("Back to the first version, and everything proven", _back),
)
