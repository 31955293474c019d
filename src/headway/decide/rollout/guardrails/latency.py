"""Latency: the shares of requests slower than edges that are chosen from what the stable version did before."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from headway.decide.rollout.guardrails.kind import Compared, Look, judged, requests, share
from headway.evidence.window import Arm
from headway.spec.guardrail import LATENCY_STEP, LatencyGuardrail, title
from headway.stats.sequential import Counts, Line
from headway.stats.track import Track, begun

__all__ = ["FIRST_EDGE_MS", "LEVELS", "MOST_A_SECOND", "compared", "grow", "lines_at", "placed", "scaled", "shown"]

# Before so many requests of the stable version its quantiles are not known well enough to bet on.
ENOUGH = 400
# Latency is compared at the stable version's quantiles up to the guardrail's own, at edges of 4 ms or more: below,
# differences are those of the machine.
LEVELS = {"p50": (0.5,), "p90": (0.5, 0.75, 0.9), "p95": (0.5, 0.75, 0.9, 0.95), "p99": (0.5, 0.75, 0.9, 0.95, 0.99)}
FIRST_EDGE_MS = 4.0

# A process that stands still for a moment holds up every request that waits just then: they are slow together.  So no
# second of a window may say more of harm than this, the logarithm of its evidence; of a window of a minute it is no
# bound that matters, of one of a second it is what keeps a single moment from aborting.
MOST_A_SECOND = math.log(20.0)

NOTHING = Counts(bad=0, of=0, control_bad=0, control_of=0)


def grow(guardrail: LatencyGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """One comparison for each edge; edges are chosen once and stay for the whole rollout."""
    tally, window = look.tally, look.window
    tracks = tracks or placed(guardrail, tally.control, tally.edges_ms, look.stages)
    arms = (window.candidate, window.control)
    if tally.edges_ms != window.edges_ms or any(len(arm.slower) != len(window.edges_ms) for arm in arms):
        return tracks
    return tuple(_at_edge(guardrail, track, look) for track in tracks)


def compared(_: LatencyGuardrail, tracks: Sequence[Track], look: Look) -> Compared | None:
    """Requests over one edge, the same for both arms."""
    edge, window, control = _outermost(tracks), look.window, look.tally.control
    known = {len(arm.slower) for arm in (window.candidate, window.control, control)} == {len(window.edges_ms)}
    if not edge or look.tally.edges_ms != window.edges_ms or not known:
        return None
    at = window.edges_ms.index(edge)
    return Compared(
        counts=requests(window, window.candidate.slower[at], window.control.slower[at]),
        known=control.slower[at],
        of=control.starts,
    )


def shown(_: LatencyGuardrail, tracks: Sequence[Track]) -> str:
    """Whose share is compared."""
    return f"requests over {_outermost(tracks):.3g} ms" if _outermost(tracks) else "slow requests"


def _outermost(tracks: Sequence[Track]) -> float:
    """The outermost edge at which shares alone are compared, if any; 0 before edges are chosen.

    Where a fixed share never counts as too much the ratio may be large and mean nothing.
    """
    alone = [track for track in tracks if not track.least]
    return max((track.at for track in alone or tracks), default=0.0)


def placed(guardrail: LatencyGuardrail, control: Arm, edges_ms: Sequence[float], stages: int) -> tuple[Track, ...]:
    """A comparison at each edge that the stable version's counts by these edges choose; none before they are enough."""
    if control.starts < ENOUGH or not control.slower:
        return ()
    return tuple(begun(stages, at=at, least=least) for at, least in _edges(guardrail, control, edges_ms))


def scaled(guardrail: LatencyGuardrail, edges_ms: Sequence[float], edge: float) -> tuple[int | None, int]:
    """The edges (by their places) that stand for an edge beside the candidate: for harm, and for safety.

    Both are rounded to the side on which the claim gets weaker: up for harm, down for safety.  No edge may lie so high.

    >>> guardrail = LatencyGuardrail(latency="p95")
    >>> [scaled(guardrail, (4.0, 14.0, 40.0, 50.0), edge) for edge in (4.0, 40.0, 50.0)]
    [(1, 1), (3, 3), (None, 3)]
    """
    tolerated = max(edge * guardrail.tolerate, edge + 1000.0 * guardrail.tolerate_floor)
    margin = max(edge * guardrail.worse_by_at_most, edge + 1000.0 * guardrail.floor)
    over = bisect_left(edges_ms, tolerated * (1.0 - 1e-9))
    under = bisect_right(edges_ms, margin * (1.0 + 1e-9)) - 1
    return over if over < len(edges_ms) else None, under


def lines_at(track: Track) -> tuple[Line, ...]:
    """The line of an edge: the control's own share, or the one that never counts as too much, the wider."""
    return (Line(kind="ratio", by=1.0), *((Line(kind="fixed", by=track.least),) if track.least else ()))


def _edges(guardrail: LatencyGuardrail, control: Arm, edges_ms: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Edges with the share of slow requests that never counts as too much at them, 0.0 for none; each edge once.

    For each quantile an edge that it lies beyond, by less than a step.  In the step that one is taken for which what is
    tolerated is rounded up the least.

    The next edge behind the last quantile is where a version shows whose requests all take equally long; there, and for
    a quantile before the first edge, what the quantile leaves is never too much, for the stable version's share may be
    zero, which nothing can be shown to be below.  The tail is seen two steps behind, where half of that is never too
    much.
    """
    shares = {
        edge: slower / control.starts
        for edge, slower in zip(edges_ms, control.slower, strict=True)
        if edge >= FIRST_EDGE_MS
    }
    if not shares:
        return
    levels, last, found = LEVELS[guardrail.latency], 0.0, dict[float, float]()
    for level in levels:
        last = max((edge for edge, slower in shares.items() if slower >= 1.0 - level), default=0.0)
        step = [edge for edge in shares if last / LATENCY_STEP < edge * (1.0 - 1e-9) and edge <= last]
        near = min(step, key=partial(_rounded_up, guardrail, edges_ms), default=min(shares))
        found[near] = 0.0 if step else 1.0 - level
    left, two_steps = 1.0 - levels[-1], max(found) * LATENCY_STEP**2 * (1.0 - 1e-9)
    for beyond, least in ((last * (1.0 + 1e-9), left), (two_steps, 0.5 * left)):
        for edge in islice((edge for edge in shares if edge >= beyond), 1):
            found.setdefault(edge, least)
    yield from found.items()


def _rounded_up(guardrail: LatencyGuardrail, edges_ms: Sequence[float], edge: float) -> tuple[float, float]:
    """How many times an edge the one is that stands for what is tolerated; of equal ones the largest edge is first."""
    over, _ = scaled(guardrail, edges_ms, edge)
    return (math.inf if over is None else round(edges_ms[over] / edge, 6)), -edge


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
        most=MOST_A_SECOND * (window.end - window.start),
    )
