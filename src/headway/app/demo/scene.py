"""The stage of the demo: what runs, who asks it, and how it stands, as `headway status` tells it."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from headway.app.demo.shell import COMMAND_TIMEOUT_S, Shell
from headway.app.demo.traffic import Tally, Traffic
from headway.app.errors import RefusedError

__all__ = ["MODEL", "Counts", "Scene", "StepReport"]

MODEL = "delay"
ENDED = re.compile(r"rollout \w+ after (?P<windows>\d+) windows")


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one step came to; `canary_failures` are those among `failures` that the bad canary itself answered."""

    name: str
    commit: str
    version: str
    verdict: str
    windows: int
    seconds: float
    requests: int
    failures: int
    canary_failures: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a client counted: requests that ended, failures among them, and those by the version that answered."""

    requests: int
    failures: int
    failed: dict[str, int]

    def by(self, version: str) -> int:
        """Failures that this version answered."""
        return self.failed.get(version, 0)


class Scene(Shell):
    """What is on: the repository, `headway up`, and the users."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.up: subprocess.Popen[bytes] | None = None
        self.traffic: Traffic | None = None
        self.stable = ""
        self._told = 0

    def status(self) -> dict[str, Any]:
        """What `headway status` says of the model."""
        view = json.loads(self.quiet("headway", "status", "-o", "json"))
        return next((model for model in view["models"] if model["model"] == MODEL), {})

    def place(self, environment: str = "production") -> dict[str, Any]:
        """The model's standing in one environment."""
        places = self.status().get("places", [])
        return next((place for place in places if place["environment"] == environment), {})

    def windows(self, version: str) -> int:
        """On how many windows a rollout was judged that has ended, as `headway history` tells it."""
        told = json.loads(self.quiet("headway", "history", MODEL, "-o", "json"))
        rows = (ENDED.fullmatch(row["what"]) for row in told if row["version"] == version)
        return max((int(row["windows"]) for row in rows if row), default=0)

    def serves(self, version: str) -> bool:
        """Is this version alone stable in production, and ready?"""
        place = self.place()
        self.stable = place.get("stable", "")
        ready = place.get("ready", {}).get(version, "0/1").split("/")
        return bool(self.stable == version and not place.get("candidate") and place.get("address") and ready[0] != "0")

    def address(self) -> str:
        """Where production answers, `host:port`."""
        return str(self.place()["address"])

    def processes(self) -> list[int]:
        """The process ids of `headway up` and of the supervisor."""
        supervisor = json.loads(self.quiet("headway", "status", "-o", "json"))["supervisor"]
        return [pid for pid in (self.up.pid if self.up else 0, supervisor) if pid]

    def wait(self, what: str, seen: Callable[[], bool], limit_s: float, *, alive: bool = True) -> None:
        """Look until it is so, and show what `headway up` says meanwhile; in vain, refuse to go on."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self._relay()
            if seen():
                self._relay()
                return
            if alive and self.up and self.up.poll() is not None:
                raise RefusedError(f"`headway up` ended with {self.up.returncode}:\n{self.last_words()}")
            time.sleep(0.3)
        raise RefusedError(f"Waited {limit_s:.0f} s until {what}; in vain.  `headway up` said:\n{self.last_words()}")

    def start_up(self) -> None:
        """Start `headway up` in the background; its output goes to up.log.

        In a session of its own: Ctrl-C is for the demo, which ends `up` in its turn.
        """
        click.echo(click.style("    $ headway up &", dim=True))
        with (self.folder / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                [sys.executable, "-m", "headway", "up"],
                cwd=self.repo,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, *, keep: bool) -> None:
        """Stop the client; unless all is to be kept, end `up`, the supervisor and what they run."""
        if self.traffic:
            self.traffic.stop()
        if not keep and (self.repo / "headway.yaml").exists():
            self.quiet("headway", "down", check=False)
            if self.up:
                self.up.wait(COMMAND_TIMEOUT_S)

    def _relay(self) -> None:
        """Show the lines that `headway up` has said since the last look."""
        if not self.up:
            return
        said = (self.folder / "up.log").read_text(errors="replace")
        lines, whole, _ = said[self._told :].rpartition("\n")
        self._told += len(lines) + len(whole)
        for line in lines.splitlines():
            self.say(f"    | {line}")

    def last_words(self) -> str:
        """The end of what `headway up` printed."""
        return "\n".join((self.folder / "up.log").read_text(errors="replace").splitlines()[-30:])

    def counts(self) -> Counts:
        """The client's counts so far."""
        tally = self.traffic.tally if self.traffic else Tally()
        return Counts(requests=tally.requests(), failures=tally.failures.total(), failed=dict(tally.failures))

    def reasons(self) -> Counter[str]:
        """Why requests failed, as the client saw it."""
        return self.traffic.tally.reasons if self.traffic else Counter()
