"""Latency: what a version adds that takes so many times as long, by the latencies of that time."""

import math
from collections.abc import Iterator
from itertools import pairwise

from headway.decide.rollout.guardrails.latency import MOST_A_SECOND, lines_at, placed, scaled
from headway.decide.rollout.pace import Pace, stronger, weaker
from headway.decide.rollout.prospects.outlook import Arms, Case, Outlook, Traffic, harm, prospect, safe, spread_of
from headway.spec.guardrail import LatencyGuardrail
from headway.stats.growth import Growth

__all__ = ["outlook"]

SLOWER = (1.1, 1.25, 1.5, 2.0)


def outlook(guardrail: LatencyGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """As the guardrail compares: the mean over its edges for harm, and for safety the edge that shows least."""
    tracks = placed(guardrail, traffic.arm, traffic.edges_ms, 1)
    if not tracks:
        return None
    harmful: list[list[Pace]] = []
    shown, spread = [], spread_of(guardrail, traffic)
    seconds = traffic.seconds * sum(arms) / traffic.arm.starts
    for track in tracks:
        lines, here, edges = lines_at(track), _share(traffic, track.at), traffic.edges_ms
        over, under = scaled(guardrail, edges, track.at)
        equal = _share(traffic, edges[under])
        shown.append(safe(lines, prospect(equal, here, arms), spread, equal=equal))
        if over is not None:
            slow = (prospect(_share(traffic, edges[over] / times), here, arms) for times in SLOWER)
            harmful.append([_bounded(harm(lines, each, spread), seconds) for each in slow])
    cases = (
        Case(what=_slower(times), pace=stronger([each[at] for each in harmful])) for at, times in enumerate(SLOWER)
    )
    return Outlook(cases=tuple(cases), safe=weaker(shown), among=len(tracks))


def _bounded(pace: Pace, seconds: float) -> Pace:
    """No window of so many seconds says more of slowness than this."""
    if isinstance(pace, Growth) and pace.mean > MOST_A_SECOND * seconds:
        return Growth(mean=MOST_A_SECOND * seconds, variance=0.0)
    return pace


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


def _slower(times: float) -> str:
    return f"{times:g}x the time" if times >= 2.0 else f"{(times - 1.0) * 100:.0f} % slower"
