"""The demo itself, as anybody runs it: its report, the story it leaves in Git, and that nothing of it stays.

It trains in the environment that `./check` (or `headway demo --set-up`) has built; the test knows no network.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.team import Team, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

CACHE = Path(os.environ.get("HEADWAY_CACHE") or Path(__file__).parents[2] / ".cache/headway").absolute()
LIMIT_S = 1200.0
FIELDS = {"name", "commit", "version", "verdict", "windows", "seconds", "requests", "failures", "canary_failures"}
STORY = (
    "Lock the data of delay",
    "Train delay 1.0.0",
    "Release delay 1.0.0 to staging",
    "Release delay 1.0.0 to production",
    "Start the rollout of delay 1.1.0 in production",
    "Promote delay 1.1.0 in production",
    "delay 1.2.0 does not pass the gates of staging",
    "Start the rollout of delay 1.3.0 in production",
    "Abort delay 1.3.0 in production",
    "Ask to resume delay",
    "Drift of delay in production begins",
    "Retrain delay on new data",
    "Promote delay 1.4.0 in production",
    "Ask to rollback delay 1.0.0",
    "Roll delay back to 1.0.0 in production",
)


def demo(folder: Path, *options: str) -> "subprocess.Popen[bytes]":
    """Start the demo in a folder; what it says goes beside it."""
    with folder.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "headway", "demo", "--dir", str(folder), *options],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder.parent),
                "HEADWAY_CACHE": str(CACHE),
                "PIP_NO_INDEX": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def said(folder: Path) -> str:
    """What the demo said."""
    return folder.with_suffix(".log").read_text(errors="replace")


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    folder, report = tmp_path / "demo", tmp_path / "report.json"
    shown = demo(folder, "--json", str(report))
    assert shown.wait(LIMIT_S) == 0, said(folder)
    steps: list[dict[str, Any]] = json.loads(report.read_bytes())["steps"]
    assert [set(step) for step in steps] == [FIELDS] * 7
    assert [step["verdict"] for step in steps] == [
        "committed", "released", "promoted", "refused", "aborted", "promoted", "rolled back",
    ]  # fmt: skip
    assert [step["version"] for step in steps] == ["", "1.0.0", "1.1.0", "1.1.0", "1.1.0", "1.4.0", "1.0.0"]
    assert all(step["windows"] > 0 for step in (steps[2], steps[4], steps[5]))
    assert all(step["requests"] > 0 for step in steps[1:])
    assert [step["failures"] for step in steps] == [step["canary_failures"] for step in steps]
    assert steps[4]["failures"] > 0
    team = Team(folder, CACHE)
    assert team.processes() == {}
    story = iter(team.story())
    assert all(line in story for line in STORY), team.story()  # in this order, whatever stands between
    assert "consistent" in team.headway("verify")
    assert "came out the same" in team.headway("replay")


def test_ctrl_c_ends_the_demo_and_all_that_it_started(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shown = demo(folder)
    team = Team(folder, CACHE)
    until(lambda: team.processes("train.py") or shown.poll() is not None, "it trains")
    assert shown.poll() is None, said(folder)
    shown.send_signal(signal.SIGINT)
    assert shown.wait(LIMIT_S) == 130
    until(lambda: not team.processes(), "nothing of it runs", limit_s=20)


def test_a_killed_demo_is_ended_by_down(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shown = demo(folder)
    team = Team(folder, CACHE)
    until(lambda: team.processes("train.py") or shown.poll() is not None, "it trains")
    assert shown.poll() is None, said(folder)
    shown.kill()
    shown.wait(60)
    team.headway("down")
    until(lambda: not team.processes(), "nothing of it runs", limit_s=20)
