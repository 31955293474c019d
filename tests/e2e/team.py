"""A small team in the tests: its repository, its model, its `headway up`, its users.  Everything real, all on loopback.

Nothing here waits by sleeping a while: it looks at the world until it is so, and says what `up` said when it never is.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.adapters.steps.workshop import flights

from headway.adapters.local.memory import Memory
from headway.app.demo.traffic import Traffic
from headway.evidence.envelope import open_unverified
from headway.evidence.record import RolledOut
from headway.evidence.stage import Rollout
from headway.render.traffic.envoy.routes import read_route

__all__ = ["MODEL", "TRAIN_PY", "Team", "Up", "model_yaml", "until"]

MODEL = "delay"
LIMIT_S = 180.0
COMMAND_S = 120.0

TRAIN_PY = """\
import joblib
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

frame = pd.concat([pd.read_csv("data/early.csv"), pd.read_csv("data/late.csv")])
model = make_pipeline(SimpleImputer(), LogisticRegression(C=1.0, max_iter=300))
model.fit(frame[["distance", "temp"]], frame["late"])
joblib.dump(model, "model.joblib")
"""

PROJECT_FILES = {
    "environments/staging.yaml": """\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: staging}
""",
    "environments/production.yaml": """\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live}
""",
}


def model_yaml(
    name: str = MODEL,
    *,
    gates: str = "[{metric: auc, at_least: 0.6}]",
    stages: str = "[5, 20, 50]",
    floor: str = "1pp",
    run: str = "python train.py",
) -> str:
    """The wish for a model; windows of a second, so that a test need not wait for an hour."""
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {{name: {name}}}
spec:
  task: {{kind: classification, label: late}}
  data: {{path: data/*.csv, drop: [carrier]}}
  train: {{run: {run}, files: [train.py], requirements: requirements.lock, writes: model.joblib}}
  gates: {gates}
  rollout:
    stages: {stages}
    window: 1s
    guardrails: [{{errors: rate, worse_by_at_most: 2x, floor: {floor}}}]
    deadline: {{after: 10m, then: rollback}}
    keep: 1s
"""


def until(look: Callable[[], object], what: str, limit_s: float = LIMIT_S, pause_s: float = 0.05) -> None:
    """Wait for the world to be so; the limit is the failure, not the measure."""
    end = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < end, f"waited {limit_s:g} s until {what}, in vain"
        time.sleep(pause_s)


class Up:
    """A `headway up` as a process; what it says goes to a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(COMMAND_S)

    def interrupt(self) -> int:
        """Press Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(COMMAND_S)


class Team:
    """A repository with its keys beside it; `environ` is what every command gets."""

    def __init__(self, folder: Path, cache: Path, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.repo = folder / "repository"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "HEADWAY_CONFIG": str(folder / "config"),
            "HEADWAY_CACHE": str(cache),
            **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
            **(environ or {}),
        }
        self._ups: list[Up] = []
        self.last = ""  # the state that `until` saw last, for its message

    # -- the repository

    def found(self, requirements: bytes) -> None:
        """Make the repository: `headway init`, a model, its data, a commit."""
        self.repo.mkdir(parents=True)
        for path, text in PROJECT_FILES.items():
            self.write(path, text)
        self.git("init", "-q", "-b", "main")
        self.headway("init", ".")
        (self.repo / ".gitignore").write_text(".headway/\ndata/\n")
        self.add_model(MODEL, requirements)
        self.commit("Predict late flights")

    def add_model(self, name: str, requirements: bytes) -> None:
        """A model's files and its rows; not committed."""
        self.write(f"models/{name}/model.yaml", model_yaml(name))
        self.write(f"models/{name}/train.py", TRAIN_PY)
        self.write(f"models/{name}/requirements.lock", requirements.decode())
        for seed, part in enumerate(("early", "late")):
            path = self.repo / f"models/{name}/data/{part}.csv"
            path.parent.mkdir(exist_ok=True)
            flights(1500, seed=seed).to_csv(path, index=False)

    def copy(self, folder: Path) -> "Team":
        """The same team on another disk: repository, keys and all that Headway kept."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Team(folder, Path(self.environ["HEADWAY_CACHE"]))

    def write(self, path: str, text: str) -> None:
        """Write a file of the repository."""
        target = self.repo / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def git(self, *args: str) -> str:
        """Run git as a person would; its output."""
        done = subprocess.run(
            ["git", *args], cwd=self.repo, env=self.environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, subject: str) -> str:
        """Commit everything; the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def better(self) -> str:
        """Commit the second version; its training is in the cache of a copied team."""
        self.write(f"models/{MODEL}/train.py", TRAIN_PY.replace("C=1.0", "C=0.5"))
        return self.commit("Regularise more")

    def story(self) -> list[str]:
        """What Headway wrote, the oldest first."""
        if not self.head():
            return []
        return self.git("log", "--reverse", "--format=%s", "headway").splitlines()

    def head(self) -> str:
        """The record's head as it lies on disk; empty when there is none."""
        path = self.repo / ".git/refs/heads/headway"
        return path.read_text().strip() if path.exists() else ""

    def release(self, environment: str = "production", model: str = MODEL) -> str:
        """The release that Git names."""
        return self.git("show", f"headway:releases/{environment}/{model}.yaml")

    def rollout(self, environment: str = "production") -> Rollout | None:
        """The rollout's state as it is kept beside the traffic."""
        kept = Memory(self.repo / ".headway/run/memory.db").read(f"rollout/{environment}/{MODEL}")
        return msgspec.json.decode(kept, type=list[Rollout])[0] if kept else None

    def rolled_out(self) -> RolledOut:
        """The record of the last rollout that ended."""
        paths = self.git("ls-tree", "-r", "--name-only", "headway", "evidence/").splitlines()
        records = (open_unverified(self.git("show", f"headway:{path}").encode()) for path in paths)
        return max((r for r in records if isinstance(r.seen, RolledOut)), key=lambda record: record.at).seen

    def weights(self) -> dict[str, float]:
        """How Envoy was last told to split the requests: percent by version."""
        said = json.loads((self.repo / f".headway/run/envoy/rds/production.{MODEL}/rds.json").read_bytes())
        return read_route(said["resources"][0]).weights

    # -- commands

    def run(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of Headway, however it ends."""
        return subprocess.run(
            [sys.executable, "-m", "headway", *args],
            cwd=self.repo,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def headway(self, *args: str) -> str:
        """Run a command that must succeed; its output."""
        done = self.run(*args)
        assert done.returncode == 0, f"headway {' '.join(args)}: {done.stdout}{done.stderr}{self.last_words()}"
        return done.stdout

    def status(self) -> dict[str, Any]:
        """`headway status -o json`."""
        view: dict[str, Any] = json.loads(self.headway("status", "-o", "json"))
        return view

    def model(self, name: str = MODEL) -> dict[str, Any]:
        """How a model stands."""
        return next((model for model in self.status()["models"] if model["model"] == name), {})

    def place(self, environment: str = "production", name: str = MODEL) -> dict[str, Any]:
        """How a model stands in one environment."""
        places = self.model(name).get("places", ())
        return next((place for place in places if place["environment"] == environment), {})

    def serves(self, version: str, name: str = MODEL) -> bool:
        """Does this version alone answer, as Git says, and is it ready?"""
        model = self.model(name)
        assert model.get("reason") != "TrainingFailed", model["message"]
        place = next((place for place in model.get("places", ()) if place["live"]), {})
        self.last = json.dumps(place)
        alone = place.get("stable") == version and not place.get("candidate")
        weights = {key: weight for key, weight in place.get("weights", {}).items() if weight}
        ready = place.get("ready", {}).get(version, "")
        return bool(alone and place.get("address") and weights == {version: 100.0} and ready == "1/1")

    def await_version(self, version: str, name: str = MODEL) -> None:
        """Wait until this version alone answers."""
        self.until(lambda: self.serves(version, name), f"{version} of {name} serves alone")

    def until(self, look: Callable[[], object], what: str, limit_s: float = LIMIT_S, pause_s: float = 0.2) -> None:
        """Wait for the world to be so, or show what `up` said."""
        try:
            until(look, what, limit_s, pause_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen: {self.last}\n{self.last_words()}") from None

    # -- processes

    def start(self, *options: str, environ: Mapping[str, str] | None = None) -> Up:
        """Start `headway up`."""
        log = self.folder / f"up-{len(self._ups)}.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway", "up", *options],
                cwd=self.repo,
                env={**self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        made = Up(process, log)
        self._ups.append(made)
        return made

    def supervisor(self) -> int:
        """The supervisor's process id; 0 when none runs."""
        return int(self.status()["supervisor"])

    def processes(self, *words: str) -> dict[int, str]:
        """Command lines of the processes that run from or for this folder, and hold every word."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                line = _of_folder(entry, str(self.folder))
                if line and all(word in line for word in words):
                    found[int(entry.name)] = line
        return found

    def last_words(self) -> str:
        """The end of what every `up` said."""
        return "\n".join(f"-- {up.log.name}\n{up.said()[-2000:]}" for up in self._ups)

    @contextmanager
    def users(self, rate: float = 100.0) -> Iterator[Traffic]:
        """Users who ask all the time while the block runs."""
        rows = flights(300, seed=9)[["distance", "temp"]].astype(float).to_dict("records")
        traffic = Traffic(self.place()["address"], MODEL, rows, rate=rate)
        traffic.start()
        try:
            yield traffic
        finally:
            traffic.stop()

    def end(self) -> list[str]:
        """End everything; command lines of what did not go, killed now."""
        for up in self._ups:
            if up.process.poll() is None:
                up.kill()
        if (self.repo / "headway.yaml").exists():
            self.run("down")
        left = self._left()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return sorted(left.values())

    def _left(self) -> dict[int, str]:
        """What still runs, after it had time to go."""
        end = time.monotonic() + 10
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.1)
        return left


def _of_folder(process: Path, folder: str) -> str:
    """The command line of a process that has to do with a folder; empty for all others, and for those just gone."""
    try:
        line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        where = str((process / "cwd").readlink())
    except OSError:
        return ""
    return line if folder in line or where.startswith(folder) else ""
