"""Versions that are harmless, and versions with a fault of known size: what becomes of each, one after the other.

`python -m tests.e2e.verdicts [--harmless 50] [--bad 50]` plays them with one `headway up`, a real Envoy and real model
servers, and prints a table; with `--page` docs/reference/rollouts-performance.md is written too.  Every 20th request of
the users carries a mark; a bad version stumbles over it, and every 100th is no valid request for any version, so that a
harmless one has something to be accused of.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bench.rows import machine
from msgspec import Struct
from tests.adapters.steps.workshop import flights
from tests.e2e.installed import Installed, pins
from tests.e2e.team import MODEL, Team

from headway.app.demo.traffic import Traffic
from headway.evidence.envelope import open_unverified
from headway.evidence.record import RolledOut

__all__ = ["ERRORS", "FAULTS", "Verdict", "asked", "found", "model_yaml", "play", "write_version"]

RATE = 200.0
ROWS = 400
MARKED_EVERY, WRONG_EVERY = 20, 100
LIMIT_S = 240.0
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rollouts-performance.md"
HEAD = """\
# Real rollouts of versions with a known fault

Written by `python -m tests.e2e.verdicts --page`, which plays them one after the other on one machine: `headway up`, a
real Envoy, real model servers, and users who ask 200 times a second. A version is trained from a commit, gated, and
released as a canary at 20 and 50 % in windows of a second, guarded by `errors` and `latency: p95` at a margin of 2x.
A bad version stumbles over every 20th request: it answers with an error, takes 60 ms longer, never answers, ends its
process, or ends its whole server. Of all versions every 100th request is invalid. Aborts of harmless versions may be
1 % at most, promotions of bad ones 5 %.
"""

# What a bad version does when a request carries the mark: some lines of its `_stumble`.
FAULTS: Mapping[str, str] = {
    "none": "pass",
    "errors": 'raise ValueError("a mark")',
    "slowness": "time.sleep(0.06)",
    "hangs": "time.sleep(3600)",
    "crashes": "os._exit(1)",
    "resets": "os.kill(os.getppid(), signal.SIGKILL)",
}
FAULT_PY = """\
import os
import signal
import time

import numpy as np


class Marked:
    def __init__(self, model, names):
        self.model = model
        self.classes_ = model.classes_
        self.feature_names_in_ = np.array(names)

    def _stumble(self, frame):
        if (frame["temp"] == -273.0).any():
            {lines}

    def predict(self, frame):
        self._stumble(frame)
        return self.model.predict(frame.to_numpy())

    def predict_proba(self, frame):
        self._stumble(frame)
        return self.model.predict_proba(frame.to_numpy())
"""
TRAIN_PY = """\
import joblib
import pandas as pd
from fault import Marked
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

frame = pd.concat([pd.read_csv("data/early.csv"), pd.read_csv("data/late.csv")])
names = ["distance", "temp"]
# Arrays and no frames: what a request costs shall not fill the machine, or the smaller version waits longer in truth.
model = make_pipeline(SimpleImputer(), LogisticRegression(C={c}, max_iter=300))
joblib.dump(Marked(model.fit(frame[names].to_numpy(), frame["late"]), names), "model.joblib")
"""
CANARY = "stages: [20, 50], deadline: {after: 2m, then: rollback}"
ERRORS, LATENCY = "{errors: rate, worse_by_at_most: 2x, floor: 2pp}", "{latency: p95, worse_by_at_most: 2x}"


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of one version: promoted, aborted or expired, after how many seconds of its rollout, and why."""

    fault: str
    outcome: str
    seconds: float
    why: str


def model_yaml(rollout: str = CANARY, guardrails: str = f"{ERRORS}, {LATENCY}") -> str:
    """The wish for a model whose rollouts have these fields and windows of a second."""
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {{name: {MODEL}}}
spec:
  task: {{kind: classification, label: late}}
  data: {{path: data/*.csv, drop: [carrier]}}
  train: {{run: python train.py, files: [train.py, fault.py], requirements: requirements.lock, writes: model.joblib}}
  gates: [{{metric: auc, at_least: 0.6}}]
  rollout: {{
    {rollout}, window: 1s, keep: 1s,
    guardrails: [{guardrails}],
  }}
"""


def found(folder: Path, cache: Path) -> Team:
    """A team whose first version is harmless; nothing of it runs yet."""
    team = Team(folder, cache)
    team.found(pins())
    (team.repo / "environments/staging.yaml").unlink()  # a version is gated there too, which takes a while
    team.write(f"models/{MODEL}/model.yaml", model_yaml())
    write_version(team, "none", 0)
    team.commit("Mark what is asked")
    return team


def asked() -> list[dict[str, object]]:
    """What users ask in turn: some rows bear the mark, and some are no valid request for any version."""
    rows = flights(ROWS, seed=9)[["distance", "temp"]].astype(float).to_dict("records")
    for number, row in enumerate(rows):
        if number % MARKED_EVERY == 7:
            row["temp"] = -273.0
        elif number % WRONG_EVERY == 3:
            row["temp"] = "no number"
    return rows


def play(team: Team, faults: Sequence[str]) -> Iterator[Verdict]:
    """One version after the other, under users who ask all the time; the team is started and not ended."""
    team.start()
    team.until(lambda: team.place().get("stable") and team.place().get("address"), "the first version serves", LIMIT_S)
    traffic = Traffic(team.place()["address"], MODEL, asked(), rate=RATE)
    traffic.start()
    try:
        for number, fault in enumerate(faults, 1):
            yield _verdict(team, fault, number)
    finally:
        traffic.stop()


def _verdict(team: Team, fault: str, number: int) -> Verdict:
    before = len(_ended(team))
    write_version(team, fault, number)
    team.commit(f"Version {number}: {fault}")
    team.until(lambda: len(_ended(team)) > before, f"the rollout of version {number} ({fault}) has ended", LIMIT_S)
    told = _ended(team)[-1]
    if told.outcome != "promoted":
        team.headway("resume", MODEL, "--why", "the next version is another one")
    took = told.rollout.windows[-1].end - told.rollout.started if told.rollout.windows else 0.0
    return Verdict(fault=fault, outcome=told.outcome, seconds=took, why=told.rollout.why)


def write_version(team: Team, fault: str, number: int) -> None:
    """Each version is another model, if only by a hair, so that none is one that was there before."""
    team.write(f"models/{MODEL}/fault.py", FAULT_PY.format(lines=FAULTS[fault]))
    team.write(f"models/{MODEL}/train.py", TRAIN_PY.format(c=1.0 + number / 1000))


def _ended(team: Team) -> list[RolledOut]:
    """The records of all rollouts that have ended, the oldest first."""
    if not team.head():
        return []
    paths = team.git("ls-tree", "-r", "--name-only", "headway", "evidence/").splitlines()
    records = [open_unverified(team.git("show", f"headway:{path}").encode()) for path in paths]
    ended = [record for record in records if isinstance(record.seen, RolledOut)]
    return [record.seen for record in sorted(ended, key=lambda record: record.at) if isinstance(record.seen, RolledOut)]


def main() -> None:
    """Play as many as asked, the bad ones in turn of their faults, and print what became of them."""
    options = argparse.ArgumentParser(description="Plays rollouts with faults of known size.")
    options.add_argument("--harmless", type=int, default=50)
    options.add_argument("--bad", type=int, default=50)
    options.add_argument("--page", action="store_true")
    told = options.parse_args()
    for what in (signal.SIGINT, signal.SIGTERM):  # who ends it sees what was played so far
        signal.signal(what, signal.default_int_handler)
    kinds = [fault for fault in FAULTS if fault != "none"]
    faults: list[str] = []
    for number in range(max(told.harmless, told.bad)):
        faults += ["none"] * (number < told.harmless) + [kinds[number % len(kinds)]] * (number < told.bad)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cache = place / "cache"
        environments = Installed(cache, {})
        environments.converters(environments.interpreter(pins()))
        team = found(place / "team", cache)
        begun, verdicts = time.monotonic(), list[Verdict]()
        try:
            with suppress(KeyboardInterrupt):
                for verdict in play(team, faults):
                    verdicts.append(verdict)
                    sys.stderr.write(
                        f"{len(verdicts)}/{len(faults)} {verdict.fault}: {verdict.outcome}, {verdict.why}\n"
                    )
        finally:
            left = team.end()
    lasted = f"{len(verdicts)} rollouts in {(time.monotonic() - begun) / 60:.0f} minutes"
    sys.stdout.write(f"{_table(verdicts)}\n\n{lasted}; left running: {len(left)}\n")
    if told.page:
        PAGE.write_text(f"{HEAD}\n{machine()} {lasted}.\n\n{_table(verdicts)}\n")


def _table(verdicts: Sequence[Verdict]) -> str:
    lines = [
        "| fault | rollouts | promoted | aborted | expired | seconds: median, longest |",
        "|---|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        mine = [each for each in verdicts if each.fault == fault]
        if not mine:
            continue
        ends, took = Counter(each.outcome for each in mine), sorted(each.seconds for each in mine)
        counts = " | ".join(str(ends[outcome]) for outcome in ("promoted", "aborted", "expired"))
        lines.append(f"| {fault} | {len(mine)} | {counts} | {took[len(took) // 2]:.0f}, {took[-1]:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
