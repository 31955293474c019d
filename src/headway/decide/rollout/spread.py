"""How the stable version's windows differed from one another before a rollout: what chooses the way it is judged.

Each window is held against the one behind it, so that a rate that moves slowly does not count.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from headway.decide.rollout.guardrails.latency import FIRST_EDGE_MS, LEVELS
from headway.evidence.window import Arm
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, title
from headway.stats.dispersion import dispersion
from headway.stats.sequential import Counts

__all__ = ["FEWEST", "Counted", "spread_of"]

# Windows in the order of time: what was bad in each, and all.
Counted: TypeAlias = Sequence[tuple[int, int]]
# Pairs of windows; of fewer nothing is known.
FEWEST = 20


def spread_of(
    guardrails: Sequence[Guardrail],
    windows: Sequence[Arm],
    edges_ms: Sequence[float],
    counted: Mapping[str, Sequence[Counted]] = MappingProxyType({}),
) -> Mapping[str, float]:
    """For each guardrail whose windows are known: the variance between them over that of their counts alone.

    `windows` are the router's, of one length, in the order of time, and count by these edges; `counted` are those of
    other sources, by guardrail: of several the one that differs most.  None where they are too few.

    >>> alike = [Arm(starts=1000, errors=10 + at % 2) for at in range(60)]
    >>> round(spread_of([ErrorGuardrail()], alike, ())["errors"], 2)
    0.05
    """
    found = {}
    for guardrail in guardrails:
        match guardrail:
            case ErrorGuardrail():
                known: Sequence[Counted] = [[(window.errors, window.starts) for window in windows]]
            case LatencyGuardrail():
                known = [_slow(guardrail, windows, edges_ms)]
            case _:
                known = [[each for each in series if each[1]] for series in counted.get(title(guardrail), ())]
        enough = [dispersion(_neighbours(each)) for each in known if len(each) >= 2 * FEWEST]
        if enough:
            found[title(guardrail)] = max(enough)
    return found


def _slow(guardrail: LatencyGuardrail, windows: Sequence[Arm], edges_ms: Sequence[float]) -> Counted:
    """Requests slower than the largest edge that the guardrail's quantile lies beyond, by window."""
    starts = sum(window.starts for window in windows)
    wanted = (1.0 - LEVELS[guardrail.latency][-1]) * starts
    slower = [sum(counts) for counts in zip(*(window.slower for window in windows), strict=True)]
    places = [at for at, edge in enumerate(edges_ms) if edge >= FIRST_EDGE_MS and slower[at] >= wanted]
    return [(window.slower[places[-1]], window.starts) for window in windows] if places and starts else []


def _neighbours(known: Counted) -> list[Counts]:
    pairs = zip(known[::2], known[1::2], strict=False)
    return [Counts(bad=bad, of=of, control_bad=other, control_of=others) for (bad, of), (other, others) in pairs]
