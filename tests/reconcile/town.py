"""A whole world in memory: a repository with one model, a record, and a runtime that a test talks to."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from tests.fakes.data import MemoryData
from tests.fakes.journal import MemoryJournal
from tests.fakes.runtime import FakeRuntime
from tests.fakes.signing import MemorySigning
from tests.fakes.source import MemorySource
from tests.fakes.store import MemoryStore

from headway.evidence.bundle import Column, Signature
from headway.evidence.measurement import DataFacts, Measurement, Metric, Paired, ScanFacts
from headway.evidence.record import Signers, StepRun, Subject, Trained
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm
from headway.reconcile.book import Book, Draft
from headway.reconcile.jobs import Done, Failed, Jobs, Running
from headway.reconcile.memory import Memory
from headway.reconcile.once import Pass, once
from headway.reconcile.ports import MeasureJob, PortError, TrainJob, TrainResult
from headway.reconcile.world import World
from headway.spec.digest import digest
from headway.spec.project import Rights
from headway.spec.wish import Wish, load_wish

T = TypeVar("T")

MODEL = """\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {{name: delay}}
spec:
  task: {{kind: classification, label: late}}
  data: {{train: data/train.csv, test: data/test.csv}}
  train: {{run: python train.py, files: [train.py]}}
  gates:
    - {{metric: auc, at_least: 0.6}}
    - {{metric: auc, versus: live, worse_by_at_most: 0.01}}
  rollout:
    stages: [5, 50]
    window: 1s
    deadline: {{after: 1m}}
{more}
"""
PROJECT = """\
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {name: flights}
spec: {environments: [staging, production]}
"""
ENVIRONMENT = """\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {{name: {name}}}
spec: {{traffic: {traffic}}}
"""


class MemoryClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        """Unix seconds."""
        return self.time


class ScriptTrainer:
    """Trains by reading the script: its text is the model, `fail` in it fails."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def train(self, job: TrainJob) -> TrainResult:
        """As the port says, at once."""
        script = job.files["train.py"].decode()
        self.trained.append(script)
        step = StepRun(name="train", key=digest(script.encode()), state="ran", outcome="ok")
        seen = Trained(recipe="", train="", cause="commit", steps=(step,), outcome="ok", signature=SIGNATURE)
        if "fail" in script:
            failed = Trained(
                recipe="", train="", cause="commit", steps=(step,), outcome="failed", reason="the script said so"
            )
            return TrainResult(seen=failed)
        return TrainResult(seen=seen, bundle=digest(script.encode()), version=job.number(SIGNATURE))


SIGNATURE = Signature(
    inputs=(Column(name="x", type="float64", nullable=True),), outputs=(Column(name="label", type="int64"),)
)


class TableAssessor:
    """Knows the AUC of each bundle; a test fills the table."""

    def __init__(self) -> None:
        self.auc: dict[str, float] = {}

    def measure(self, job: MeasureJob) -> Measurement:
        """As the port says, at once."""
        auc = self.auc.get(job.bundle, 0.7)
        live = self.auc.get(job.live, 0.7)
        statistics = {"difference": auc - live, "variance": 1e-6, "n": 1000.0, "n_positive": 300.0, "n_negative": 700.0}
        paired = Paired(
            name="auc", candidate=auc, live=live, live_version=job.live_version, rows=1000, units=1000,
            method="delong", statistics=statistics,
        )  # fmt: skip
        metric = Metric(
            name="auc", point=auc, low=auc - 0.01, high=auc + 0.01, rows=1000, units=1000, method="delong", constant=0.5
        )
        return Measurement(
            bundle=job.bundle,
            test="t" * 64,
            metrics=(metric,),
            paired=(paired,) if job.live else (),
            data=DataFacts(train=(), test=(), train_rows=4000, test_rows=1000, leaked_rows=0),
            scans=(ScanFacts(file="model.joblib", sha256="0" * 64, refused=()),),
            signature=SIGNATURE,
            live_signature=SIGNATURE if job.live else None,
        )


class NowJobs(Jobs):
    """Jobs that end before they are asked after."""

    def ensure(self, key: str, work: Callable[[], T], now: float) -> Running | Done[T] | Failed:  # noqa: ARG002
        """As its parent, at once."""
        try:
            return Done(value=work())
        except PortError as error:
            return Failed(error=error)


class CrashError(BaseException):
    """The process is gone."""


def _dying(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def once_dead(*args: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise CrashError
        value = call(*args, **named)
        left[0] -= 1
        if left[0] == -1:
            raise CrashError
        return value

    return once_dead


class Town:
    """The world, with the handles that a test turns."""

    def __init__(self) -> None:
        self.clock, self.source, self.journal = MemoryClock(), MemorySource(), MemoryJournal()
        self.store, self.runtime = MemoryStore(), FakeRuntime()
        self.data, self.trainer, self.assessor = MemoryData(self.store), ScriptTrainer(), TableAssessor()
        self.signing = MemorySigning("ada")
        self.data.files["models/delay/data/train.csv"] = b"x,late\n1,0\n2,1\n"
        self.data.files["models/delay/data/test.csv"] = b"x,late\n3,0\n4,1\n"
        rights = Rights(train=True, approve=("production",), decide=("staging", "production"))
        self.arms: dict[str, Arm] = {}
        founding = Book(self.journal, self.signing, self.clock)
        listed = Signers(signers=(self.signing.listed(rights),))
        founding.write([Draft(subject=Subject(), seen=listed)], main="", subject="List the signers")
        self.start_again()

    def start_again(self) -> None:
        """A new process: all that is remembered only in memory is gone."""
        self.memory = Memory(
            book=Book(self.journal, self.signing, self.clock),
            jobs=NowJobs(),
            read_wish=self._read,
            read_reference=lambda _bundle: None,
        )
        self.world = World(
            source=self.source, journal=self.journal, store=self.store, data=self.data, trainer=self.trainer,
            assessor=self.assessor, runtime=self.runtime, clock=self.clock, look_s=0.1, fetch_s=0,
        )  # fmt: skip

    def commit(self, script: str, more: str = "") -> str:
        """A person commits a training script (and further lines of the model)."""
        files = {
            "headway.yaml": PROJECT,
            "environments/staging.yaml": ENVIRONMENT.format(name="staging", traffic="none"),
            "environments/production.yaml": ENVIRONMENT.format(name="production", traffic="live"),
            "models/delay/model.yaml": MODEL.format(more=more),
            "models/delay/train.py": script,
            "models/delay/requirements.lock": "",
        }
        return self.source.commit({path: text.encode() for path, text in files.items()})

    def look(self) -> Pass:
        """One pass of the loop."""
        return once(self.world, self.memory)

    def settle(self, most: int = 20) -> Sequence[str]:
        """Passes until one changes nothing; every line told."""
        lines: list[str] = []
        for _ in range(most):
            done = self.look()
            lines += done.lines
            if not done.changed:
                return lines
        raise AssertionError(f"still moving after {most} passes: {lines}")

    def stable(self, environment: str = "production") -> str:
        """The version that the record says is stable."""
        standing = self.memory.book.follow().model("delay").standing.get(environment)
        return standing.stable.version if standing and standing.stable else ""

    def candidate(self) -> str:
        """The version that is on its way into production."""
        standing = self.memory.book.follow().model("delay").standing.get("production")
        return standing.candidate.version if standing and standing.candidate else ""

    def rollout(self) -> Rollout | None:
        """The rollout's state as it is kept beside the traffic."""
        data = self.runtime.recall("rollout/production/delay")
        found = msgspec.json.decode(data, type=list[Rollout]) if data else []
        return next((known for known in found if known.candidate.version == self.candidate()), None)

    def crash_at(self, boundary: int) -> None:
        """The process dies at the n-th call that would change the world, before or after it is carried out."""
        left = [boundary]
        for port, name in ((self.journal, "append"), (self.runtime, "apply"), (self.runtime, "remember")):
            setattr(port, name, _dying(getattr(port, name), left))

    def subjects(self) -> list[str]:
        """The story of the branch headway, oldest first."""
        return [commit.subject for commit in self.journal.commits()]

    def _read(self, commit: str) -> Wish:
        files = self.source.files(commit)
        return load_wish(self.source.read(commit, [path for path in files if path.endswith(".yaml")]), set(files))
