"""A record: the predicate of one signed statement, and what each kind of it has seen."""

from typing import Literal

from msgspec import Struct

from headway.evidence.bundle import Parity, Signature
from headway.evidence.measurement import Measurement
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Verdict
from headway.spec.project import Signer
from headway.spec.release import Served

__all__ = [
    "Alerted",
    "Judged",
    "Locked",
    "Record",
    "Released",
    "Requested",
    "Retraining",
    "RolledOut",
    "Seen",
    "Signers",
    "StepRun",
    "Subject",
    "Trained",
]


class Subject(Struct, frozen=True, kw_only=True):
    """What a record speaks of; empty parts do not apply."""

    model: str = ""
    version: str = ""
    bundle: str = ""
    environment: str = ""


class Signers(Struct, frozen=True, kw_only=True, tag_field="kind", tag="signers"):
    """The list of signers that is in force from here on."""

    signers: tuple[Signer, ...]
    threshold: int = 1


class Locked(Struct, frozen=True, kw_only=True, tag_field="kind", tag="data"):
    """A new lock: digest of its canonical spec, digests of its parts, and why it was made."""

    lock: str
    train: str
    test: str
    files: int
    train_rows: int
    test_rows: int
    cause: Literal["first", "update", "retraining"]


class StepRun(Struct, frozen=True, kw_only=True):
    """One step: its cache key, whether it ran, how it ended, its seconds and isolation; logs stay in the store."""

    name: str
    key: str
    state: Literal["ran", "cached"]
    outcome: Literal["ok", "failed"]
    reason: str = ""
    seconds: float = 0.0
    isolation: str = ""
    log: str = ""


class Trained(Struct, frozen=True, kw_only=True, tag_field="kind", tag="training"):
    """A training: which recipe on which bytes, its steps, and the bundle that came of it (empty when it failed).

    `signature` is what the version takes and answers: the next version's number depends on it.
    """

    recipe: str
    train: str
    cause: Literal["commit", "data", "retraining"]
    steps: tuple[StepRun, ...]
    outcome: Literal["ok", "failed"]
    reason: str = ""
    runtime: str = ""
    runtime_reason: str = ""
    parity: Parity | None = None
    reported: dict[str, float] = {}
    signature: Signature | None = None


class Judged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="gates"):
    """Gates of one version for one environment, over the live version named; `wish` is the digest of what was asked."""

    wish: str
    lock: str
    over: Served | None
    passed: bool
    measurement: Measurement


class Released(Struct, frozen=True, kw_only=True, tag_field="kind", tag="release"):
    """A change of what serves: how, from what, to what.  `evidence` are digests of the records it rests on.

    `also` are versions that users see beside the candidate.
    """

    how: Literal["direct", "started", "promoted", "aborted", "rolled back", "retired"]
    stable: Served | None
    candidate: Served | None = None
    also: tuple[Served, ...] = ()
    over: Served | None = None
    evidence: tuple[str, ...] = ()
    why: str = ""

    @property
    def coming(self) -> tuple[Served, ...]:
        """The versions that are on their way after it: the candidate, and those beside it."""
        return (self.candidate, *self.also) if self.candidate else ()

    @property
    def entered(self) -> tuple[Served, ...]:
        """The versions that it lets into the environment."""
        found = {"started": self.coming, "direct": (self.stable,)}.get(self.how, ())
        return tuple(served for served in found if served)

    def ends(self, before: tuple[Served, ...]) -> tuple[Served, ...]:
        """Of the versions that were on their way, those whose try it ends: all, or none while the first goes on."""
        return before if self.coming[:1] != before[:1] else ()


class RolledOut(Struct, frozen=True, kw_only=True, tag_field="kind", tag="rollout"):
    """How a rollout ended, with every window it was judged on.

    `picture` is the digest of the picture of it in the store; empty without a window, or when the store could not
    take it.
    """

    rollout: Rollout
    outcome: Literal["promoted", "aborted", "expired", "superseded"]
    picture: str = ""


class Requested(Struct, frozen=True, kw_only=True, tag_field="kind", tag="request"):
    """A person's decision, to be carried out by the environment's decider.

    `weight` is what an approval lets the candidate rise to, in percent of live traffic: 100 is its promotion, and 0
    stands for its start.
    """

    action: Literal["promote", "approve", "rollback", "pause", "resume", "abort", "retire"]
    to: str = ""
    weight: float = 0.0
    now: bool = False
    why: str = ""


class Alerted(Struct, frozen=True, kw_only=True, tag_field="kind", tag="alert"):
    """A monitor's alarm begins or ends; the verdict holds its numbers."""

    monitor: Literal["drift", "latency", "errors"]
    state: Literal["raised", "cleared"]


class Retraining(Struct, frozen=True, kw_only=True, tag_field="kind", tag="retraining"):
    """A retraining was started or held, and why."""

    cause: str
    state: Literal["started", "held"]
    why: str = ""


Seen = Signers | Locked | Trained | Judged | Released | RolledOut | Requested | Alerted | Retraining


class Record(Struct, frozen=True, kw_only=True):
    """The predicate of a statement.

    `at` is RFC 3339 in UTC; `main` the commit of main that the record speaks of; `previous` the digest of the
    same signer's previous envelope (empty for its first).
    """

    subject: Subject
    at: str
    main: str
    seen: Seen
    verdicts: tuple[Verdict, ...] = ()
    signer: str
    previous: str = ""
    headway: str
