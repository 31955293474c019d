"""What windows say about each guardrail: windows in, running evidence out.  Knows no threshold and no state."""

import math
from collections.abc import Sequence

from msgspec import structs

from headway.decide.rollout.guardrails.kind import Look
from headway.decide.rollout.guardrails.predictions import to_which_side
from headway.decide.rollout.guardrails.table import kind_of
from headway.evidence.stage import Tally
from headway.evidence.window import Arm, Part, Past, Sample, Window, total
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, PredictionGuardrail, title
from headway.stats.ratio import log_tilts
from headway.stats.sequential import log_mean_exp
from headway.stats.track import Track, harm_of, safety_of

__all__ = ["evidence_of_harm", "evidence_of_safety", "fold", "most_harmed", "opened", "stage_of", "unheard"]


def stage_of(stages: Sequence[float], weight: float) -> int | None:
    """The stage that a window with this weight belongs to; None for a weight that is no stage's.

    >>> stage_of((5.0, 20.0), 20.0), stage_of((5.0, 20.0), 0.0)
    (1, None)
    """
    return next((at for at, stage in enumerate(stages) if math.isclose(stage, weight, abs_tol=0.01)), None)


def opened(wish: str, guardrails: Sequence[Guardrail], before: Past) -> Tally:
    """No window yet; of `before`, the stable version's earlier counts, starts and errors are used."""
    return Tally(wish=wish, before=before, tracks=tuple(() for _ in guardrails))


def fold(tally: Tally, guardrails: Sequence[Guardrail], stages: Sequence[float], window: Window) -> Tally:
    """One more window: judged by the rates known before it, then added to them."""
    stage = stage_of(stages, window.weight)
    if stage is None:
        return tally
    look = Look(tally=tally, window=window, stage=stage, stages=len(stages))
    return Tally(
        wish=tally.wish,
        before=tally.before,
        control=_added(tally.control, window.control, slower=tally.edges_ms in {(), window.edges_ms}),
        edges_ms=tally.edges_ms or window.edges_ms,
        tracks=tuple(
            kind_of(guardrail).grow(guardrail, tracks, look)
            for guardrail, tracks in zip(guardrails, tally.tracks, strict=True)
        ),
        ratio=_split(tally, window),
        samples=_summed(tally.samples, window.samples),
    )


def _split(tally: Tally, window: Window) -> tuple[float, ...]:
    """By the requests that began: of those that ended, the arm that answers slower has too few after a move.

    One that is tried again counts at another version meanwhile, so that a window may seem to lose it.
    """
    arms = window.candidate, window.control
    told = any(arm.begun for arm in arms)  # or who counts knows only what ended
    candidate, control = (max(0, arm.begun) if told else arm.starts for arm in arms)
    logs = log_tilts(candidate, control, window.weight / 100.0)
    return tuple(old + new for old, new in zip(tally.ratio or (0.0,) * len(logs), logs, strict=True))


def evidence_of_harm(tracks: Sequence[Track]) -> float:
    """The logarithm of one guardrail's evidence of harm: the mean over what it compares; 0 before it compares."""
    return log_mean_exp([harm_of(track) for track in tracks]) if tracks else 0.0


def most_harmed(guardrail: Guardrail, tracks: Sequence[Track]) -> str:
    """Where, of the several things that a guardrail compares, its evidence of harm is largest; empty for a single one.

    >>> from headway.stats.track import begun
    >>> most_harmed(LatencyGuardrail(latency="p95"), (begun(1, at=6.0), begun(1, at=8.0)))
    ' above 6 ms'
    >>> most_harmed(ErrorGuardrail(), (begun(1, name="AA"), begun(1, name="UA")))
    ' for AA'
    >>> most_harmed(ErrorGuardrail(), (begun(1),))
    ''
    """
    worst = max(tracks, key=harm_of, default=None)
    if worst is None or not (worst.at or worst.name):
        return ""
    if isinstance(guardrail, PredictionGuardrail):
        return f" for {to_which_side(worst)}"
    return f" above {worst.at:g} ms" if worst.at else f" for {worst.name}"


def evidence_of_safety(tracks: Sequence[Track]) -> float:
    """The logarithm of one guardrail's evidence of safety: the least of what it compares; 0 before it compares."""
    return min((safety_of(track) for track in tracks), default=0.0)


def unheard(guardrails: Sequence[Guardrail], window: Window) -> str:
    """The first guardrail that a window says nothing about, of either version; empty when it speaks of all."""
    for guardrail in guardrails:
        if isinstance(guardrail, ErrorGuardrail | LatencyGuardrail):
            told = window.candidate.starts > 0 and window.control.starts > 0
        else:
            parts = (part for sample in window.samples if sample.guardrail == title(guardrail) for part in sample.parts)
            told = any(part.sound and part.of and part.control_of for part in parts)
        if not told:
            return title(guardrail)
    return ""


def _summed(before: Sequence[Sample], now: Sequence[Sample]) -> tuple[Sample, ...]:
    """Counts that cannot be any are left out."""
    found = {(sample.guardrail, part.name): part for sample in before for part in sample.parts}
    for sample in now:
        for part in filter(lambda part: part.sound, sample.parts):
            old = found.get((sample.guardrail, part.name))
            found[sample.guardrail, part.name] = _plus(old, part) if old else part
    titles = dict.fromkeys(guardrail for guardrail, _ in found)
    return tuple(
        Sample(guardrail=title, parts=tuple(part for (mine, _), part in found.items() if mine == title))
        for title in titles
    )


def _plus(old: Part, new: Part) -> Part:
    return Part(
        name=new.name,
        bad=old.bad + new.bad,
        of=old.of + new.of,
        control_bad=old.control_bad + new.control_bad,
        control_of=old.control_of + new.control_of,
    )


def _added(control: Arm, window: Arm, *, slower: bool) -> Arm:
    """Of a window that counts by other edges the latencies are left out."""
    known = structs.replace(control, slower=control.slower or (0,) * len(window.slower))
    fits = slower and len(known.slower) == len(window.slower)
    return total([known, window if fits else structs.replace(window, slower=(0,) * len(known.slower))])
