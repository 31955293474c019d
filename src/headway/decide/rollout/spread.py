"""How the stable version's windows differed from one another before a rollout: what chooses the way it is judged.

Each window is held against the one behind it, so that a rate that moves slowly does not count.
"""

from collections.abc import Mapping, Sequence

from headway.decide.rollout.guardrails.latency import FIRST_EDGE_MS, LEVELS
from headway.evidence.window import Arm
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, title
from headway.stats.dispersion import dispersion
from headway.stats.sequential import Counts

__all__ = ["FEWEST", "spread_of"]

# Pairs of windows; of fewer nothing is known.
FEWEST = 20


def spread_of(
    guardrails: Sequence[Guardrail], windows: Sequence[Arm], edges_ms: Sequence[float]
) -> Mapping[str, float]:
    """For each guardrail on the router's counts: the variance between windows over that of their counts alone.

    `windows` are of one length, in the order of time, and count by these edges; none where they are too few.

    >>> alike = [Arm(starts=1000, errors=10 + at % 2) for at in range(60)]
    >>> round(spread_of([ErrorGuardrail()], alike, ())["errors"], 2)
    0.05
    """
    found = {}
    for guardrail in guardrails:
        match guardrail:
            case ErrorGuardrail():
                bad = [window.errors for window in windows]
            case LatencyGuardrail():
                bad = _slow(guardrail, windows, edges_ms)
            case _:
                bad = []
        if len(bad) >= 2 * FEWEST:
            found[title(guardrail)] = dispersion(_neighbours(bad, [window.starts for window in windows]))
    return found


def _slow(guardrail: LatencyGuardrail, windows: Sequence[Arm], edges_ms: Sequence[float]) -> list[int]:
    """Requests slower than the largest edge that the guardrail's quantile lies beyond, by window."""
    starts = sum(window.starts for window in windows)
    wanted = (1.0 - LEVELS[guardrail.latency][-1]) * starts
    slower = [sum(counts) for counts in zip(*(window.slower for window in windows), strict=True)]
    places = [at for at, edge in enumerate(edges_ms) if edge >= FIRST_EDGE_MS and slower[at] >= wanted]
    return [window.slower[places[-1]] for window in windows] if places and starts else []


def _neighbours(bad: Sequence[int], of: Sequence[int]) -> list[Counts]:
    return [
        Counts(bad=bad[at], of=of[at], control_bad=bad[at + 1], control_of=of[at + 1])
        for at in range(0, len(bad) - 1, 2)
    ]
