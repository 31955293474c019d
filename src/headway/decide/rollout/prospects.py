"""What a window is expected to add to a guardrail's evidence at the stable version's traffic.  Knows no deadline."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from msgspec import Struct

from headway.decide.rollout.guardrails.kind import bursts, lines_of
from headway.decide.rollout.guardrails.latency import MOST_A_SECOND, lines_at, placed, scaled
from headway.decide.rollout.pace import Pace, stronger, weaker
from headway.evidence.window import Arm
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, title
from headway.stats.course import harm_course, safe_course
from headway.stats.growth import Growth, Prospect, harm_growth, safe_growth
from headway.stats.sequential import Line

__all__ = ["Case", "Outlook", "Traffic", "outlook"]

# A rate is known well enough to speak of its multiples.
ENOUGH_ERRORS = 5
TIMES = (1.25, 1.5, 2.0, 3.0)
MORE = (0.005, 0.01, 0.05)
SLOWER = (1.1, 1.25, 1.5, 2.0)

# Requests of a window: the candidate's, and those of its control.
Arms: TypeAlias = tuple[float, float]


class Traffic(Struct, frozen=True, kw_only=True):
    """The stable version's requests in so many seconds; `edges_ms` are those that `arm.slower` counts by.

    `spread` chooses how a guardrail is judged, as in `Past`.
    """

    seconds: float
    arm: Arm
    edges_ms: tuple[float, ...] = ()
    spread: Mapping[str, float] = {}


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


def _errors(guardrail: ErrorGuardrail, traffic: Traffic, arms: Arms) -> Outlook:
    rate = traffic.arm.errors / max(1, traffic.arm.starts)
    tolerated, margin = lines_of(guardrail)
    known = traffic.arm.errors >= ENOUGH_ERRORS
    worse = [(f"{times:g}x the errors", rate * times) for times in TIMES if known]
    worse += [(f"{more * 100:g} pp more errors", rate + more) for more in (MORE[-1:] if known else MORE)]
    spread = _spread(guardrail, traffic)
    cases = tuple(
        Case(what=what, pace=_harm(tolerated, _prospect(min(0.99, bad), rate, arms), spread)) for what, bad in worse
    )
    return Outlook(cases=cases, safe=_safe(margin, _prospect(rate, rate, arms), spread))


def _latency(guardrail: LatencyGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """As the guardrail compares: the mean over its edges for harm, and for safety the edge that shows least."""
    tracks = placed(guardrail, traffic.arm, traffic.edges_ms, 1)
    if not tracks:
        return None
    harmful: list[list[Pace]] = []
    safe, spread = [], _spread(guardrail, traffic)
    seconds = traffic.seconds * sum(arms) / traffic.arm.starts
    for track in tracks:
        lines, here, edges = lines_at(track), _share(traffic, track.at), traffic.edges_ms
        over, under = scaled(guardrail, edges, track.at)
        equal = _share(traffic, edges[under])
        safe.append(_safe(lines, _prospect(equal, here, arms), spread, equal=equal))
        if over is not None:
            slow = (_prospect(_share(traffic, edges[over] / times), here, arms) for times in SLOWER)
            harmful.append([_bounded(_harm(lines, prospect, spread), seconds) for prospect in slow])
    cases = (
        Case(what=_slower(times), pace=stronger([each[at] for each in harmful])) for at, times in enumerate(SLOWER)
    )
    return Outlook(cases=tuple(cases), safe=weaker(safe), among=len(tracks))


def _bounded(pace: Pace, seconds: float) -> Pace:
    """No window of so many seconds says more of slowness than this."""
    if isinstance(pace, Growth) and pace.mean > MOST_A_SECOND * seconds:
        return Growth(mean=MOST_A_SECOND * seconds, variance=0.0)
    return pace


def _spread(guardrail: Guardrail, traffic: Traffic) -> float | None:
    """How much the windows differ, for a guardrail that is judged between them."""
    name = title(guardrail)
    return traffic.spread[name] if bursts(traffic.spread, name) else None


def _harm(lines: Sequence[Line], prospect: Prospect, spread: float | None) -> Pace:
    return harm_growth(lines, prospect) if spread is None else harm_course(lines, prospect, spread=spread)


def _safe(lines: Sequence[Line], prospect: Prospect, spread: float | None, *, equal: float | None = None) -> Pace:
    return safe_growth(lines, prospect, equal=equal) if spread is None else safe_course(lines, prospect, spread=spread)


def _share(traffic: Traffic, ms: float) -> float:
    """The share of requests slower than so many milliseconds; between two edges a straight line of logarithms."""
    known = list(_shares(traffic))
    if ms <= known[0][0]:
        return known[0][1]
    for (low, above_low), (high, above_high) in pairwise(known):
        if ms <= high:
            part = math.log(ms / low) / math.log(high / low)
            return above_low * math.exp(part * math.log(above_high / above_low))
    return known[-1][1]


def _shares(traffic: Traffic) -> Iterator[tuple[float, float]]:
    """Edges with the shares beyond them; a share of which nothing was seen is taken for the tenth part of a request."""
    for edge, slower in zip(traffic.edges_ms, traffic.arm.slower, strict=True):
        yield edge, max(slower, 0.1) / max(1, traffic.arm.starts)


def _prospect(rate: float, control: float, arms: Arms) -> Prospect:
    return Prospect(rate=rate, control=control, of=arms[0], control_of=arms[1])


def _slower(times: float) -> str:
    return f"{times:g}x the time" if times >= 2.0 else f"{(times - 1.0) * 100:.0f} % slower"


# Of other kinds nothing is known beforehand.
OUTLOOKS: Mapping[type, Callable[[Any, Traffic, Arms], Outlook | None]] = {
    ErrorGuardrail: _errors,
    LatencyGuardrail: _latency,
}


def outlook(guardrail: Guardrail, traffic: Traffic, requests: float, weight: float) -> Outlook | None:
    """What a window with so many requests tells at a weight in percent; None where nothing is known of it beforehand.

    Latencies need counts by edges, and enough of them to choose edges by; other kinds hear from elsewhere.
    """
    of, foresee = requests * weight / 100.0, OUTLOOKS.get(type(guardrail))
    return foresee(guardrail, traffic, (of, requests - of)) if foresee else None
