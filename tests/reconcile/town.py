"""A whole world in memory: a repository with a model or more, a record, and a runtime that a test talks to."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from typing import TypeVar

import msgspec
from tests.fakes.data import MemoryData
from tests.fakes.journal import MemoryJournal, MemoryRemote
from tests.fakes.labels import FakeLabels
from tests.fakes.metrics import FakeMetrics
from tests.fakes.runtime import FakeRuntime
from tests.fakes.signing import MemorySigning
from tests.fakes.source import MemorySource
from tests.fakes.store import MemoryStore
from tests.reconcile.faulty import Faults

from headway.evidence.bundle import Column, Signature
from headway.evidence.envelope import open_unverified
from headway.evidence.measurement import DataFacts, Measurement, Metric, Paired, ScanFacts
from headway.evidence.recipe import train_digest
from headway.evidence.record import Record, Requested, RolledOut, Signers, StepRun, Subject, Trained
from headway.evidence.stage import Rollout
from headway.evidence.state import ModelState
from headway.evidence.summary import Summary
from headway.evidence.verdict import Verdict
from headway.evidence.window import Arm
from headway.plan.action import Action
from headway.plan.wanted import next_actions
from headway.reconcile.book import Book, Draft
from headway.reconcile.gather import gather
from headway.reconcile.jobs import Done, Failed, Jobs, Running
from headway.reconcile.memory import Memory
from headway.reconcile.once import Pass, once, refresh
from headway.reconcile.ports import MeasureJob, PortError, TrainJob, TrainResult
from headway.reconcile.world import World
from headway.spec.digest import digest
from headway.spec.project import Rights
from headway.spec.wish import Wish, load_wish

T = TypeVar("T")

MODEL = """\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {{name: {name}}}
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
{rollout}
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
        self.locks: dict[str, list[str]] = {}

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
        locks = self.locks.setdefault(script, [])
        pinned = train_digest(job.lock.spec)
        locks += [] if pinned in locks else [pinned]
        # The first data make the bundle that the script names; other data make another.
        made = script + str(locks.index(pinned) or "")
        return TrainResult(seen=seen, bundle=digest(made.encode()), version=job.number(SIGNATURE))


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


class Town:
    """The world, with the handles that a test turns."""

    def __init__(self, remote: MemoryRemote | None = None) -> None:
        self.clock, self.source, self.journal = MemoryClock(), MemorySource(), MemoryJournal(remote)
        self.store, self.runtime, self.labels = MemoryStore(), FakeRuntime(), FakeLabels()
        self.metrics = FakeMetrics()
        self.data, self.trainer, self.assessor = MemoryData(self.store), ScriptTrainer(), TableAssessor()
        self.signing, self.faults = MemorySigning("ada"), Faults()
        for name in ("delay", "price", "taxi"):
            self.data.files[f"models/{name}/data/train.csv"] = b"x,late\n1,0\n2,1\n"
            self.data.files[f"models/{name}/data/test.csv"] = b"x,late\n3,0\n4,1\n"
        rights = Rights(train=True, approve=("staging", "production"), decide=("staging", "production"))
        self.arms: dict[str, Arm] = {}
        self.epoch, self.took_ms = "", 1.0
        self.reference: Summary | None = None
        founding = Book(self.journal, self.signing, self.clock)
        listed = Signers(signers=(self.signing.listed(rights),))
        founding.write([Draft(subject=Subject(), seen=listed)], main="", subject="List the signers")
        self.reader = Book(self.journal, None, self.clock)
        self.start_again()

    def start_again(self) -> None:
        """A new process: all that is remembered only in memory is gone."""
        around = self.faults.around
        self.memory = Memory(
            book=Book(around(self.journal), around(self.signing), self.clock),
            jobs=NowJobs(),
            read_wish=self._read,
            read_reference=lambda _bundle: self.reference,
        )
        self.world = World(
            source=around(self.source), journal=around(self.journal), store=around(self.store), data=around(self.data),
            trainer=around(self.trainer), assessor=around(self.assessor), runtime=around(self.runtime),
            labels=around(self.labels), metrics=around(self.metrics),
            clock=self.clock, look_s=0.1, fetch_s=0,
        )  # fmt: skip

    def beside(self) -> "Town":
        """Another world that stands where this one stands, with a process of its own."""
        other = copy(self)
        world = ("clock", "source", "journal", "store", "runtime", "data", "trainer", "assessor", "arms")
        for name, value in deepcopy({name: getattr(self, name) for name in world}).items():
            setattr(other, name, value)
        other.faults = Faults()
        other.reader = Book(other.journal, None, other.clock, begun=self.reader.reading)
        other.start_again()
        return other

    def commit(self, script: str, more: str = "", *, rollout: str = "", others: Mapping[str, str] | None = None) -> str:
        """A person commits the training script of `delay` (with further lines of its spec), and those of others."""
        files = {
            "headway.yaml": PROJECT,
            "environments/staging.yaml": ENVIRONMENT.format(name="staging", traffic="none"),
            "environments/production.yaml": ENVIRONMENT.format(
                name="production", traffic="live, prometheus: 'http://127.0.0.1:9'"
            ),
        }
        for name, text in ({"delay": script} | dict(others or {})).items():
            mine = name == "delay"
            lines = {"more": more if mine else "", "rollout": f"    {rollout}" if mine and rollout else ""}
            files[f"models/{name}/model.yaml"] = MODEL.format(name=name, **lines)
            files[f"models/{name}/train.py"] = text
            files[f"models/{name}/requirements.lock"] = ""
        return self.source.commit({path: text.encode() for path, text in files.items()})

    def commit_without(self, name: str) -> str:
        """A person deletes a model's files."""
        tree = self.source.trees[self.source.head]
        return self.source.commit({path: data for path, data in tree.items() if f"/{name}/" not in path})

    def ask(self, action: str, to: str = "", environment: str = "production", model: str = "delay") -> None:
        """A person asks for something."""
        seen = Requested(action=action, to=to)  # type: ignore[arg-type]  # the table of actions
        draft = Draft(subject=Subject(model=model, environment=environment), seen=seen)
        self.write([draft], f"Ask to {action} {model}")

    def approve(self, to: str, weight: float) -> None:
        """A person approves a step of a rollout of `delay` in production."""
        made = self.state.version(to)
        subject = Subject(model="delay", version=to, bundle=made.bundle if made else "", environment="production")
        self.write([Draft(subject=subject, seen=Requested(action="approve", to=to, weight=weight))], "Ask to approve")

    def write(self, drafts: Sequence[Draft], subject: str) -> None:
        """Another process writes; the loop has not read it yet."""
        book = Book(self.journal, self.signing, self.clock)
        book.write(drafts, main=self.source.refresh().commit, subject=subject)

    def traffic(self, *, bad: float = 0, control_bad: float = 0, of: int = 400, seconds: float = 1.0) -> None:
        """A second of requests, split by the weights in force; percent of the candidate's and of the others' fail."""
        seen = self.runtime.observe("delay", "production")
        if (seen.epoch, bool(seen.counts)) != (self.epoch, True):
            self.arms, self.epoch = {}, seen.epoch
        for version, weight in seen.weights.items():
            starts = round(of * weight / 100)
            old = self.arms.get(version, Arm(slower=(0,) * len(seen.edges_ms)))
            errors = round(starts * (bad if version == self.candidate() else control_bad) / 100)
            slower = tuple(
                count + starts * (edge < self.took_ms) for count, edge in zip(old.slower, seen.edges_ms, strict=True)
            )
            self.arms[version] = Arm(starts=old.starts + starts, errors=old.errors + errors, slower=slower)
        self.runtime.say("delay", "production", counts=dict(self.arms))
        self.clock.time += seconds

    def roll(self, windows: int, *, bad: float = 0) -> None:
        """So many windows of a rollout."""
        for _ in range(windows):
            self.traffic(bad=bad)
            self.look()

    def roll_to_its_end(self, *, bad: float = 0) -> None:
        """Windows until no candidate is on its way."""
        for _ in range(55):
            self.traffic(bad=bad)
            self.look()
            if not self.candidate():
                return
        raise AssertionError("the rollout never ended")

    def with_a_candidate(self, more: str = "", *, rollout: str = "") -> "Town":
        """1.0.0 serves, and 1.1.0 is on its way."""
        self.commit("one", more, rollout=rollout)
        self.settle()
        self.commit("two", more, rollout=rollout)
        self.settle()
        assert self.candidate() == "1.1.0"
        return self

    def weights(self) -> Mapping[str, float]:
        """The weights in force in production."""
        return self.runtime.observe("delay", "production").weights

    def replicas(self) -> dict[str, int]:
        """The replicas wished for in production, by version."""
        return {work.version: work.wanted for work in self.runtime.observe("delay", "production").workloads}

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

    @property
    def state(self) -> ModelState:
        """What the record says of `delay`."""
        return self.recorded("delay")

    def recorded(self, model: str) -> ModelState:
        """What the record says of a model, as a reader without a key finds it."""
        return self.reader.follow().model(model)

    def stable(self, environment: str = "production", model: str = "delay") -> str:
        """The version that the record says is stable."""
        standing = self.recorded(model).standing.get(environment)
        return standing.stable.version if standing and standing.stable else ""

    def candidate(self) -> str:
        """The version that is on its way into production."""
        standing = self.state.standing.get("production")
        return standing.candidate.version if standing and standing.candidate else ""

    def actions(self, model: str = "delay") -> tuple[Action, ...]:
        """What `headway plan` would show: another process that only looks."""
        here = self.memory
        self.start_again()
        refresh(self.world, self.memory)
        found = next_actions(gather(self.world, self.memory, model).facts)
        self.memory = here
        return found

    def rollout(self) -> Rollout | None:
        """The rollout's state as it is kept beside the traffic."""
        data = self.runtime.recall("rollout/production/delay")
        found = msgspec.json.decode(data, type=list[Rollout]) if data else []
        return next((known for known in found if known.candidate.version == self.candidate()), None)

    def records(self, kind: type) -> list[Record]:
        """The records that have seen something of a kind, oldest first."""
        files = (data for commit in self.journal.commits() for path, data in sorted(commit.files.items())
                 if path.startswith("evidence/") and data is not None)  # fmt: skip
        return [record for record in map(open_unverified, files) if isinstance(record.seen, kind)]

    def rollouts(self) -> list[RolledOut]:
        """How rollouts ended, oldest first."""
        return [record.seen for record in self.records(RolledOut) if isinstance(record.seen, RolledOut)]

    def last_verdict(self) -> Verdict:
        """What the record of the last rollout that ended concludes."""
        return self.records(RolledOut)[-1].verdicts[0]

    def subjects(self) -> list[str]:
        """The story of the branch headway, oldest first."""
        return [commit.subject for commit in self.journal.commits()]

    def _read(self, commit: str) -> Wish:
        files = self.source.files(commit)
        return load_wish(self.source.read(commit, [path for path in files if path.endswith(".yaml")]), set(files))


def sound(town: Town) -> None:
    """What must hold after every pass: only what the record let in is served, and stable is never untested."""
    for environment in ("staging", "production"):
        standing = town.state.standing.get(environment)
        let_in = {bundle for bundle, place in town.state.tries if place == environment}
        seen = town.runtime.observe("delay", environment)
        bundles = {work.version: work.bundle for work in seen.workloads}
        for version, weight in seen.weights.items():
            assert weight == 0 or bundles[version] in let_in, (environment, version)
        if standing and standing.stable and standing.candidate is None:
            assert town.state.tries[standing.stable.bundle, environment].outcome == "promoted"
