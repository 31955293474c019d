"""What is known of traffic, and what is expected of a guardrail at it: the values that every kind shares."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from headway.decide.rollout.guardrails.kind import bursts
from headway.decide.rollout.pace import Pace
from headway.evidence.window import Arm
from headway.spec.guardrail import Guardrail, title
from headway.stats.course import harm_course, safe_course
from headway.stats.growth import Prospect, harm_growth, safe_growth
from headway.stats.sequential import Line

__all__ = ["Arms", "Case", "Outlook", "Told", "Traffic", "harm", "prospect", "safe", "spread_of"]

# Things of a window that are counted: the candidate's, and those of its control.
Arms: TypeAlias = tuple[float, float]


class Told(Struct, frozen=True, kw_only=True):
    """What a source other than the router counted of the stable version: so many things a second, and a share of them.

    `known` are the things of that share that were seen.
    """

    share: float
    known: int
    per_s: float


class Traffic(Struct, frozen=True, kw_only=True):
    """The stable version's requests in so many seconds; `edges_ms` are those that `arm.slower` counts by.

    `spread` chooses how a guardrail is judged, as in `Past`; `told` is what other sources say, by guardrail.
    """

    seconds: float
    arm: Arm
    edges_ms: tuple[float, ...] = ()
    spread: Mapping[str, float] = {}
    told: Mapping[str, Told] = {}


class Case(Struct, frozen=True, kw_only=True):
    """A candidate that is worse in a stated way, and what a window with it adds to the evidence of harm."""

    what: str
    pace: Pace


class Outlook(Struct, frozen=True, kw_only=True):
    """A guardrail at one weight: harmful candidates, the mildest first, and how fast an equal one shows safety.

    `among` is the number of comparisons that the evidence of harm is the mean of.
    """

    cases: tuple[Case, ...]
    safe: Pace
    among: int = 1


def spread_of(guardrail: Guardrail, traffic: Traffic) -> float | None:
    """How much the windows differ, for a guardrail that is judged between them."""
    name = title(guardrail)
    return traffic.spread[name] if bursts(traffic.spread, name) else None


def harm(lines: Sequence[Line], prospect: Prospect, spread: float | None) -> Pace:
    """What a window adds to the evidence of harm, by requests or between windows."""
    return harm_growth(lines, prospect) if spread is None else harm_course(lines, prospect, spread=spread)


def safe(lines: Sequence[Line], prospect: Prospect, spread: float | None, *, equal: float | None = None) -> Pace:
    """What it adds to the evidence of safety; `equal` is an equal candidate's rate where it is another."""
    return safe_growth(lines, prospect, equal=equal) if spread is None else safe_course(lines, prospect, spread=spread)


def prospect(rate: float, control: float, arms: Arms) -> Prospect:
    """Rates of candidate and control, of so many things each."""
    return Prospect(rate=rate, control=control, of=arms[0], control_of=arms[1])
