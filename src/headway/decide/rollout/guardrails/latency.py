"""Latency: the shares of requests slower than edges that are chosen from what the stable version did before."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from headway.decide.rollout.guardrails.kind import Look, judged, requests, share
from headway.evidence.window import Arm
from headway.spec.guardrail import LatencyGuardrail, title
from headway.stats.sequential import Counts, Line
from headway.stats.track import Track, begun

__all__ = ["FIRST_EDGE_MS", "LEVELS", "grow", "lines_at", "placed", "scaled"]

# Before so many requests of the stable version its quantiles are not known well enough to bet on.
ENOUGH = 400
# Latency is compared at the stable version's quantiles up to the guardrail's own, at edges of 4 ms or more: below,
# differences are those of the machine.
LEVELS = {"p50": (0.5,), "p90": (0.5, 0.75, 0.9), "p95": (0.5, 0.75, 0.9, 0.95), "p99": (0.5, 0.75, 0.9, 0.95, 0.99)}
FIRST_EDGE_MS = 4.0

NOTHING = Counts(bad=0, of=0, control_bad=0, control_of=0)


def grow(guardrail: LatencyGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison for each edge; edges are chosen once and stay for the whole rollout."""
    tally, window = look.tally, look.window
    tracks = tracks or placed(guardrail, tally.control, tally.edges_ms, look.stages)
    arms = (window.candidate, window.control)
    if tally.edges_ms != window.edges_ms or any(len(arm.slower) != len(window.edges_ms) for arm in arms):
        return tracks
    return tuple(_at_edge(guardrail, track, look) for track in tracks)


def placed(guardrail: LatencyGuardrail, control: Arm, edges_ms: Sequence[float], stages: int) -> tuple[Track, ...]:
    """A comparison at each edge that the stable version's counts by these edges choose; none before they are enough."""
    if control.starts < ENOUGH or not control.slower:
        return ()
    return tuple(begun(stages, at=at, least=least) for at, least in _edges(guardrail, control, edges_ms))


def scaled(guardrail: LatencyGuardrail, edges_ms: Sequence[float], edge: float) -> tuple[int | None, int]:
    """The edges (by their places) that stand for an edge beside the candidate: for harm, and for safety.

    Both are rounded to the side on which the claim gets weaker: up for harm, down for safety.  No edge may lie so high.

    >>> guardrail = LatencyGuardrail(latency="p95")
    >>> [scaled(guardrail, (4.0, 5.0, 6.25), edge) for edge in (4.0, 6.25)]
    [(1, 1), (None, 2)]
    """
    over = bisect_left(edges_ms, edge * guardrail.tolerate * (1.0 - 1e-9))
    under = bisect_right(edges_ms, edge * guardrail.worse_by_at_most * (1.0 + 1e-9)) - 1
    return over if over < len(edges_ms) else None, under


def lines_at(track: Track) -> tuple[Line, ...]:
    """The line of an edge: the control's own share, or the one that never counts as too much, the wider."""
    return (Line(kind="ratio", by=1.0), *((Line(kind="fixed", by=track.least),) if track.least else ()))


def _edges(guardrail: LatencyGuardrail, control: Arm, edges_ms: Sequence[float]) -> Iterator[tuple[float, float]]:
    """For each quantile the largest edge that it lies beyond, so that the next one lies behind it; each edge once.

    A quantile before the first edge takes that edge: there its own share of slow requests is what never counts as too
    much, for the stable version's share may be zero, which nothing can be shown to be below.  The tail behind the last
    quantile is seen at the second edge behind it, where half of what the quantile leaves never counts as too much.
    """
    shares = {
        edge: slower / control.starts
        for edge, slower in zip(edges_ms, control.slower, strict=True)
        if edge >= FIRST_EDGE_MS
    }
    if not shares:
        return
    found: dict[float, float] = {}
    levels = LEVELS[guardrail.latency]
    for level in levels:
        beyond = [edge for edge, slower in shares.items() if slower >= 1.0 - level]
        found[max(beyond, default=min(shares))] = 0.0 if beyond else 1.0 - level
    yield from found.items()
    yield from ((edge, 0.5 * (1.0 - levels[-1])) for edge in sorted(edge for edge in shares if edge > max(found))[1:2])


def _at_edge(guardrail: LatencyGuardrail, track: Track, look: Look) -> Track:
    """The candidate's share above a scaled edge against the control's share above the edge itself."""
    edges, control, window = look.tally.edges_ms, look.tally.control, look.window
    here, (over, under), lines = edges.index(track.at), scaled(guardrail, edges, track.at), lines_at(track)
    slow, slow_control = window.candidate.slower, window.control.slower[here]
    return judged(
        track,
        look,
        title(guardrail),
        rate=share(control.slower[here], control.starts),
        asked=(
            (lines, requests(window, slow[over], slow_control) if over is not None else NOTHING),
            (lines, requests(window, slow[under], slow_control)),
        ),
        equal=share(control.slower[under], control.starts),
    )
