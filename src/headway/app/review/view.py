"""A review as a value: what a change is, what its models score, what merging it does.  Printed elsewhere."""

from typing import Literal

from msgspec import Struct

from headway.evidence.record import StepRun
from headway.evidence.verdict import Verdict
from headway.spec.finding import Finding

__all__ = ["Change", "FileChange", "Latency", "MergeStep", "ModelReview", "Review", "Score", "Subject"]


class Change(Struct, frozen=True, kw_only=True):
    """One field that differs; empty where there was, or is, none."""

    field: str
    before: str
    after: str


class FileChange(Struct, frozen=True, kw_only=True):
    """One declared file that differs; lines are not counted in what is no text (None)."""

    path: str
    state: Literal["changed", "new", "gone"]
    added: int | None
    removed: int | None


class Score(Struct, frozen=True, kw_only=True):
    """A metric of the new version and of the live one on the same rows, each with its 95 % interval.

    `gain` is how much better the new one is with its bounds, where a gate compares the two.
    """

    metric: str
    rows: int
    new: tuple[float, float, float]
    live: tuple[float, float, float] | None = None
    gain: tuple[float, float, float] | None = None


class Latency(Struct, frozen=True, kw_only=True):
    """Seconds at a load in requests a second, by quantile."""

    load: float
    new: dict[str, float]
    live: dict[str, float]


class MergeStep(Struct, frozen=True, kw_only=True):
    """What merging does in one environment; `waits` says that a person comes first, `ends` that it goes no further."""

    environment: str
    what: str
    waits: bool = False
    ends: bool = False


class Subject(Struct, frozen=True, kw_only=True):
    """The version that the change makes, and what it is compared with (empty: there is none)."""

    version: str
    why: str
    live: str
    bundle: str
    runtime: str
    runtime_reason: str
    steps: tuple[StepRun, ...]
    reported: dict[str, float]


class ModelReview(Struct, frozen=True, kw_only=True):
    """One model that the change touches.

    `outcome` is `passes` or `refused` by its gates, `failed` when there is nothing to judge (`reason` says why),
    `unjudged` when the change asks for no judgement, `gone` when the change deletes it.
    """

    model: str
    outcome: Literal["passes", "refused", "failed", "unjudged", "gone"]
    reason: str = ""
    files: tuple[FileChange, ...] = ()
    changes: tuple[Change, ...] = ()
    subject: Subject | None = None
    data: str = ""
    scores: tuple[Score, ...] = ()
    latency: tuple[Latency, ...] = ()
    signature: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    merge: tuple[MergeStep, ...] = ()
    notes: tuple[str, ...] = ()


class Review(Struct, frozen=True, kw_only=True):
    """`change` is what was reviewed (a commit, or `the work tree`), `base` what it is compared with."""

    change: str
    base: str
    models: tuple[ModelReview, ...]
    untouched: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """No error, no failed training, no refusal."""
        fine = all(model.outcome not in {"refused", "failed"} for model in self.models)
        return fine and not any(finding.severity == "error" for finding in self.findings)
