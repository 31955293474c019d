"""The ports: what the loop needs of the outside world, in our words.  Adapters implement them and import only this."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from headway.evidence.bundle import Signature
from headway.evidence.measurement import Measurement
from headway.evidence.outcome import Outcomes
from headway.evidence.pairs import Pairs
from headway.evidence.record import Trained
from headway.evidence.summary import Summary
from headway.evidence.window import Arm
from headway.render.manifest import Object
from headway.spec.data import Data
from headway.spec.gate import Gate
from headway.spec.lock import Lock
from headway.spec.model import Model
from headway.spec.policy import Isolation
from headway.stats.counters import Sample

__all__ = [
    "Assessor",
    "Blob",
    "Change",
    "Clock",
    "Commit",
    "DataFiles",
    "Head",
    "Journal",
    "Labels",
    "MeasureJob",
    "Metrics",
    "MovedError",
    "Observed",
    "PortError",
    "Rewrite",
    "Runtime",
    "Signing",
    "Source",
    "Store",
    "TrainJob",
    "TrainResult",
    "Trainer",
    "UnreachableError",
    "Workload",
]  # fmt: skip


class PortError(Exception):
    """The outside world refused or failed; the message says what, where, why and what to do."""


class UnreachableError(PortError):
    """It did not answer; the same call may go through later."""


class MovedError(PortError):
    """Another wrote first: read again, sign again, try again."""


class Head(Struct, frozen=True, kw_only=True):
    """A branch as last seen: its commit (empty: the branch has none), how fresh, and what could not be seen.

    `ahead` counts local commits that the remote does not have; `problem` is why the remote was not heard, or not
    believed: `rewritten` when it shows a history that does not go on from the one seen there before.
    """

    commit: str
    ahead: int = 0
    problem: str = ""
    shallow: bool = False
    rewritten: bool = False


class Blob(Struct, frozen=True, kw_only=True):
    """A regular file in a tree: object id, size in bytes, and whether it is executable."""

    oid: str
    size: int
    executable: bool = False


class Source(Protocol):
    """The wish: main, read as objects, never checked out."""

    def refresh(self) -> Head:
        """Fetch when there is a remote, and say where main stands."""

    def files(self, commit: str) -> Mapping[str, Blob]:
        """Every regular file of a commit under the project's path; links and submodules are refused by name."""

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of the files named."""


class Change(Struct, frozen=True, kw_only=True):
    """One commit to come: files to write (None removes), a subject, a body, and trailers."""

    files: Mapping[str, bytes | None]
    subject: str
    body: str = ""
    trailers: Mapping[str, str] = {}


class Commit(Struct, frozen=True, kw_only=True):
    """One commit of the branch headway: what it wrote (None: removed), by whom, when (Unix seconds)."""

    id: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes | None]
    subject: str
    at: float


# Given our unpushed changes and what another pushed meanwhile (oldest first), the changes to put on top of that.
Rewrite = Callable[[Sequence[Change], Sequence[Commit]], Sequence[Change]]


class Journal(Protocol):
    """The record: the branch headway, linear, written without touching work tree or index."""

    def refresh(self) -> Head:
        """Fetch when there is a remote; local unpushed commits are kept, and a rewritten history is not taken."""

    def commits(self, after: str = "") -> Iterable[Commit]:
        """Commits oldest first, those after the one named; PortError when it is no ancestor of the head.

        MovedError when it is none because unpushed commits were put behind another's meanwhile.
        """

    def files(self, prefix: str) -> Mapping[str, bytes]:
        """Files below a folder at the head, by path."""

    def append(self, change: Change, onto: str | None = None) -> str:
        """Commit on the local head; the new commit's id.

        With `onto` (a commit, empty for an empty branch), MovedError when the head is another by now.
        """

    def publish(self, rewrite: Rewrite) -> Head:
        """Push what is ahead; when the remote moved, fetch, let `rewrite` redo the unpushed changes, and try again."""


class Store(Protocol):
    """Bytes by their SHA-256, verified when read."""

    def put(self, source: Path | bytes) -> str:
        """Copy a file, bytes, or a folder in; the SHA-256, or the folder digest of `evidence.folder`."""

    def has(self, digest: str) -> bool:
        """Is it there?"""

    def read(self, digest: str) -> bytes:
        """The bytes; PortError when they are missing or altered."""

    def place(self, digest: str, target: Path) -> None:
        """Write the file, or unpack the folder, at `target`, verified first; safe against crash half-way."""


class DataFiles(Protocol):
    """The data as they lie on disk, pinned into the store."""

    def lock(self, folder: str, data: Data) -> Lock:
        """Copy the matched files into the store, split them, and pin all parts; PortError names what is wrong."""

    def current(self, folder: str, data: Data, lock: Lock) -> bool:
        """Do the files on disk still match the lock's sources?"""


class TrainJob(Struct, frozen=True, kw_only=True):
    """One training: the model's wish, its folder and declared files at a commit, its lock, and the version to give.

    `number` maps the signature of what was trained to the version number, which depends on it.
    """

    model: Model
    folder: str
    files: Mapping[str, bytes]
    lock: Lock
    number: Callable[[Signature], str]
    allow: tuple[str, ...] = ()
    isolation: Isolation = "any"
    params: Mapping[str, str | int | float | bool] = {}


class TrainResult(Struct, frozen=True, kw_only=True):
    """What came of it; `bundle` is the store's digest of the bundle folder, `version` the number in it."""

    seen: Trained
    bundle: str = ""
    version: str = ""


class Trainer(Protocol):
    """Runs training and packaging as steps; blocks until they end.  A failure is a result, not an error."""

    def train(self, job: TrainJob) -> TrainResult:
        """Train, scan, package; cached by the step key."""


class MeasureJob(Struct, frozen=True, kw_only=True):
    """Measure a bundle on a lock's test rows for these gates, and against the live bundle on the same rows."""

    model: Model
    gates: tuple[Gate, ...]
    bundle: str
    lock: Lock
    live: str = ""
    live_version: str = ""
    allow: tuple[str, ...] = ()
    isolation: Isolation = "any"


class Assessor(Protocol):
    """Runs what must be run to know; blocks until done."""

    def measure(self, job: MeasureJob) -> Measurement:
        """Scan, load in a fresh process, score through the server, time it; faults are told in the result."""


class Workload(Struct, frozen=True, kw_only=True):
    """A Deployment as it runs: how many replicas are wanted and ready, and the last trouble."""

    name: str
    version: str
    bundle: str
    wanted: int
    ready: int
    trouble: str = ""


class PodSummary(Struct, frozen=True, kw_only=True):
    """One replica's cumulative drift summary since it started."""

    pod: str
    version: str
    summary: Summary


class Observed(Struct, frozen=True, kw_only=True):
    """A snapshot of a target for one model in one environment.

    `weights` are those in force by version, the stable one first; `counts` are cumulative since `epoch` (a new observer
    makes a new epoch), and empty while the observer does not answer; so are `pairs`, None unless requests are copied,
    and `groups` of users, empty unless users are kept apart.
    `unseen` is why nothing at all could be seen; then the rest says nothing.
    """

    objects: Mapping[tuple[str, str, str], Object] = {}
    workloads: tuple[Workload, ...] = ()
    address: str = ""
    weights: Mapping[str, float] = {}
    counts: Mapping[str, Arm] = {}
    groups: Mapping[str, tuple[Arm, ...]] = {}
    edges_ms: tuple[float, ...] = ()
    pairs: Pairs | None = None
    epoch: str = ""
    summaries: tuple[PodSummary, ...] = ()
    tripped: str = ""
    unseen: str = ""


class Runtime(Protocol):
    """A target that runs objects: one machine, or a cluster."""

    def apply(self, model: str, environment: str, objects: Sequence[Object]) -> None:
        """Bring one model in one environment to these objects, pruning what is gone; returns at once."""

    def observe(self, model: str, environment: str) -> Observed:
        """What runs now; looking starts nothing and changes nothing."""

    def remember(self, key: str, value: bytes) -> None:
        """Store a rollout's state beside the traffic, durably, before a weight moves."""

    def recall(self, key: str) -> bytes | None:
        """Read it back; None when there is none."""

    def beat(self) -> None:
        """Tell the dead-man switch that the decider lives."""


class Labels(Protocol):
    """Predictions joined with the labels that came for them later."""

    def outcomes(
        self, model: str, environment: str, *, since: float, within_s: float, now: float
    ) -> Mapping[str, Outcomes]:
        """By version, predictions made from `since` on whose time for a label, `within_s`, is over at `now`."""

    def minutes(
        self, model: str, environment: str, version: str, *, within_s: float, now: float, minutes: int
    ) -> Sequence[Outcomes]:
        """A version's predictions by the minute that they were made in, of the last so many whose time is over.

        The first is one with a prediction; none where there was none.
        """


class Metrics(Protocol):
    """A monitoring system that keeps counters."""

    def samples(self, address: str, selector: str, *, at: float, over_s: float) -> Mapping[str, Sequence[Sample]]:
        """Raw samples, oldest first, of every series that a selector names, in so many seconds up to a time (Unix).

        A series is named by all of its labels, by name, as JSON: `[["__name__","orders_total"],["pod","a"]]`.
        PortError when the source refuses, or did not answer in whole.
        """


class Signing(Protocol):
    """One private key, never shown."""

    @property
    def name(self) -> str:
        """The signer's name in headway.yaml."""

    @property
    def public(self) -> str:
        """The public key, hex."""

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature (64 bytes)."""


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> float:
        """Unix seconds."""
