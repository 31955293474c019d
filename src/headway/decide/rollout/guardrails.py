"""What one window says about each guardrail: windows in, running evidence out.  Knows no threshold and no state."""

import math
from collections.abc import Iterator, Sequence

from headway.evidence.stage import Tally
from headway.evidence.window import Arm, Window
from headway.spec.rollout import ErrorGuardrail, Guardrail, LatencyGuardrail
from headway.stats.ratio import log_tilts
from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, Counts, Line, log_harm, log_mean_exp, log_safe
from headway.stats.track import Track, begun, grown, harm_of, safety_of

__all__ = ["LEVELS", "evidence_of_harm", "evidence_of_safety", "fold", "opened", "stage_of", "title"]

# Before so many requests of the stable version its rate is not known well enough to bet on; until then windows only
# teach it.  A share at a high quantile needs more of them.
ENOUGH_FOR_ERRORS = 100
ENOUGH_FOR_LATENCY = 400
# Latency is compared at the stable version's quantiles up to the guardrail's own, at edges of 4 ms or more: below,
# differences are those of the machine.
LEVELS = {"p50": (0.5,), "p90": (0.5, 0.75, 0.9), "p95": (0.5, 0.75, 0.9, 0.95), "p99": (0.5, 0.75, 0.9, 0.95, 0.99)}
FIRST_EDGE_MS = 4.0
# A request counts when it has ended, and may last as long as the route lets it (15 s): until then after a move of the
# weight, the arm that answers slower seems to get too few.
SETTLED_S = 20.0

NO_HARM = tuple(0.0 for _ in HARM_LIFTS)
NO_SAFETY = tuple(0.0 for _ in SAFE_FRACTIONS)


def title(guardrail: Guardrail) -> str:
    """A guardrail's name in sentences."""
    return "errors" if isinstance(guardrail, ErrorGuardrail) else f"latency {guardrail.latency}"


def stage_of(stages: Sequence[float], weight: float) -> int | None:
    """The stage that a window with this weight belongs to; None for a weight that is no stage's.

    >>> stage_of((5.0, 20.0), 20.0), stage_of((5.0, 20.0), 0.0)
    (1, None)
    """
    return next((at for at, stage in enumerate(stages) if math.isclose(stage, weight, abs_tol=0.01)), None)


def opened(wish: str, guardrails: Sequence[Guardrail], stages: int, before: Arm) -> Tally:
    """No window yet; of `before`, the stable version's earlier counts, starts and errors are used."""
    tracks = tuple((begun(stages),) if isinstance(guardrail, ErrorGuardrail) else () for guardrail in guardrails)
    return Tally(wish=wish, before=before, tracks=tracks)


def fold(tally: Tally, guardrails: Sequence[Guardrail], stages: Sequence[float], window: Window) -> Tally:
    """One more window: judged by the rates known before it, then added to them."""
    stage = stage_of(stages, window.weight)
    if stage is None:
        return tally
    same = tally.edges_ms in {(), window.edges_ms}
    tracks = tuple(
        _errors(guardrail, tracks, tally, window, stage)
        if isinstance(guardrail, ErrorGuardrail)
        else _latency(guardrail, _placed(guardrail, tracks, tally, len(stages)), tally, window, stage)
        for guardrail, tracks in zip(guardrails, tally.tracks, strict=True)
    )
    begins = window.weight != tally.weight or window.start > tally.until
    steady = window.start if begins else tally.steady
    return Tally(
        wish=tally.wish,
        before=tally.before,
        control=_added(tally.control, window.control, slower=same),
        edges_ms=tally.edges_ms or window.edges_ms,
        tracks=tracks,
        ratio=_split(tally, window) if window.start - steady >= SETTLED_S else tally.ratio,
        weight=window.weight,
        steady=steady,
        until=window.end,
    )


def _split(tally: Tally, window: Window) -> tuple[float, ...]:
    logs = log_tilts(window.candidate.starts, window.control.starts, window.weight / 100.0)
    return tuple(old + new for old, new in zip(tally.ratio or (0.0,) * len(logs), logs, strict=True))


def evidence_of_harm(tracks: Sequence[Track]) -> float:
    """The logarithm of one guardrail's evidence of harm: the mean over what it compares; 0 before it compares."""
    return log_mean_exp([harm_of(track) for track in tracks]) if tracks else 0.0


def evidence_of_safety(tracks: Sequence[Track]) -> float:
    """The logarithm of one guardrail's evidence of safety: the least of what it compares; 0 before it compares."""
    return min((safety_of(track) for track in tracks), default=0.0)


def _added(control: Arm, window: Arm, *, slower: bool) -> Arm:
    known = control.slower or tuple(0 for _ in window.slower)
    fits = slower and len(known) == len(window.slower)
    return Arm(
        starts=control.starts + window.starts,
        errors=control.errors + window.errors,
        slower=tuple(a + b for a, b in zip(known, window.slower, strict=True)) if fits else known,
    )


def _rate(bad: int, of: int) -> float:
    """The control's rate so far; with no bad request yet, the tenth part of one (statistics chapter, 2.5)."""
    return max(bad, 0.1) / of


def _counts(window: Window, bad: int, control_bad: int) -> Counts:
    """A request that began in one window may end in the next, so that bad ones can outnumber a window's starts."""
    return Counts(
        bad=bad,
        of=max(window.candidate.starts, bad),
        control_bad=control_bad,
        control_of=max(window.control.starts, control_bad),
    )


def _errors(
    guardrail: ErrorGuardrail, tracks: Sequence[Track], tally: Tally, window: Window, stage: int
) -> tuple[Track, ...]:
    known = tally.before.starts + tally.control.starts
    if known < ENOUGH_FOR_ERRORS:
        return tuple(tracks)
    rate = _rate(tally.before.errors + tally.control.errors, known)
    counts = _counts(window, window.candidate.errors, window.control.errors)
    tolerated = (Line(kind="ratio", by=guardrail.tolerate), Line(kind="offset", by=guardrail.tolerate_floor))
    margin = (Line(kind="ratio", by=guardrail.worse_by_at_most), Line(kind="offset", by=guardrail.floor))
    harm, safe = log_harm(tolerated, rate, counts), log_safe(margin, rate, counts)
    return tuple(grown(track, stage=stage, harm=harm, safe=safe) for track in tracks)


def _placed(guardrail: LatencyGuardrail, tracks: tuple[Track, ...], tally: Tally, stages: int) -> tuple[Track, ...]:
    """Choose the edges once, from what the stable version did before; they stay for the whole rollout."""
    control = tally.control
    if tracks or control.starts < ENOUGH_FOR_LATENCY or not control.slower:
        return tracks
    return tuple(begun(stages, at=at, least=least) for at, least in _edges(guardrail, tally))


def _edges(guardrail: LatencyGuardrail, tally: Tally) -> Iterator[tuple[float, float]]:
    """For each quantile the largest edge that it lies beyond, so that the next one lies behind it; each edge once.

    A quantile before the first edge takes that edge: there its own share of slow requests is what never counts as too
    much, for the stable version's share may be zero, which nothing can be shown to be below.
    """
    control = tally.control
    shares = {
        edge: slower / control.starts
        for edge, slower in zip(tally.edges_ms, control.slower, strict=True)
        if edge >= FIRST_EDGE_MS
    }
    if not shares:
        return
    found: dict[float, float] = {}
    for level in LEVELS[guardrail.latency]:
        beyond = [edge for edge, share in shares.items() if share >= 1.0 - level]
        found[max(beyond, default=min(shares))] = 0.0 if beyond else 1.0 - level
    yield from found.items()


def _latency(
    guardrail: LatencyGuardrail, tracks: Sequence[Track], tally: Tally, window: Window, stage: int
) -> tuple[Track, ...]:
    arms = (window.candidate, window.control)
    known = tally.edges_ms == window.edges_ms and all(len(arm.slower) == len(window.edges_ms) for arm in arms)
    if not known:
        return tuple(tracks)
    grew = []
    for track in tracks:
        harm, safe = _at_edge(guardrail, track, tally, window)
        grew.append(grown(track, stage=stage, harm=harm, safe=safe))
    return tuple(grew)


def _at_edge(
    guardrail: LatencyGuardrail, track: Track, tally: Tally, window: Window
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The candidate's share above a scaled edge against the control's share above the edge itself.

    Scaled edges are rounded to the side on which the claim gets weaker: up for harm, down for safety.
    """
    edges, control = tally.edges_ms, tally.control
    here = edges.index(track.at)
    rate = _rate(control.slower[here], control.starts)
    lines = (Line(kind="ratio", by=1.0), *((Line(kind="fixed", by=track.least),) if track.least else ()))
    over = [at for at, edge in enumerate(edges) if edge >= track.at * guardrail.tolerate * (1.0 - 1e-9)]
    under = [at for at, edge in enumerate(edges) if edge <= track.at * guardrail.worse_by_at_most * (1.0 + 1e-9)]
    slow, slow_control = window.candidate.slower, window.control.slower[here]
    harm = log_harm(lines, rate, _counts(window, slow[over[0]], slow_control)) if over else NO_HARM
    safe = log_safe(
        lines,
        rate,
        _counts(window, slow[under[-1]], slow_control),
        equal=_rate(control.slower[under[-1]], control.starts),
    )
    return harm, safe
