"""Counts of live requests in one window of a rollout, both arms side by side, from one observer."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headway.evidence.pairs import Pairs

__all__ = ["Arm", "Count", "Groups", "Part", "Past", "Sample", "Window", "total"]


class Count(Struct, frozen=True, kw_only=True, array_like=True):
    """Of so many things how many were such as is asked for; a list in records."""

    counted: int
    of: int


class Arm(Struct, frozen=True, kw_only=True):
    """One version's requests: `starts` first attempts that have ended, `errors` of them without a 2xx or 3xx answer.

    One whose user gave up has ended, without an answer.
    `begun` are those that began, ended or not, where who counts knows: a version that hangs shows by them alone.
    `slower` counts requests slower than each of the observer's fixed edges (milliseconds), aligned with `edges_ms`.
    `metrics` are what the team counted of a group of users, aligned with the guardrails of that kind.
    """

    starts: int = 0
    begun: int = 0
    errors: int = 0
    slower: tuple[int, ...] = ()
    metrics: tuple[Count, ...] = ()


class Past(Struct, frozen=True, kw_only=True):
    """What is known of the stable version from before a rollout: first attempts, and those of them that failed.

    `spread` is, by guardrail, how much more its windows differed from one another than their counts alone make them;
    a guardrail that is not named was not seen for long enough.
    """

    starts: int = 0
    errors: int = 0
    spread: Mapping[str, float] = {}


class Groups(Struct, frozen=True, kw_only=True):
    """Counts of all arms by groups of users; as many groups in each.  `others` are those beside the newest version."""

    control: tuple[Arm, ...]
    candidate: tuple[Arm, ...]
    others: Mapping[str, tuple[Arm, ...]] = {}


class Part(Struct, frozen=True, kw_only=True, array_like=True):
    """Of so many things in each arm, how many were such as `name` says; a list in records, which hold many of them."""

    name: str
    bad: int
    of: int
    control_bad: int
    control_of: int

    @property
    def sound(self) -> bool:
        """Can these be counts at all?  A source that says otherwise is not believed."""
        return 0 <= self.bad <= self.of and 0 <= self.control_bad <= self.control_of


class Sample(Struct, frozen=True, kw_only=True):
    """What a source other than the router counted in the same window for the guardrail of that title."""

    guardrail: str
    parts: tuple[Part, ...]


class Window(Struct, frozen=True, kw_only=True):
    """Unix seconds from `start` to `end`; `weight` is the candidate's percent that was in force throughout.

    In an experiment of several versions `weight` is the percent of users who were dealt to any of them.

    A source that said nothing of one arm or of both has no sample.
    Where the candidate got copies, `control` are the requests that were not copied, and `pairs` those that both
    versions answered.  Where users are kept apart, `groups` are the same counts by random groups of them.
    """

    start: float
    end: float
    weight: float
    edges_ms: tuple[float, ...] = ()
    control: Arm
    candidate: Arm
    samples: tuple[Sample, ...] = ()
    pairs: Pairs | None = None
    groups: Groups | None = None


def total(arms: Sequence[Arm]) -> Arm:
    """All together, counted by the same edges.

    >>> total([Arm(starts=1, slower=(1, 0)), Arm(starts=2, errors=1, slower=(2, 1))])
    Arm(starts=3, begun=0, errors=1, slower=(3, 1), metrics=())
    """
    return Arm(
        starts=sum(arm.starts for arm in arms),
        begun=sum(arm.begun for arm in arms),
        errors=sum(arm.errors for arm in arms),
        slower=tuple(map(sum, zip(*(arm.slower for arm in arms), strict=True))),
        metrics=tuple(
            Count(counted=sum(one.counted for one in each), of=sum(one.of for one in each))
            for each in zip(*(arm.metrics for arm in arms), strict=True)
        ),
    )
