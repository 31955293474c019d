"""How alike two versions answer the same requests: windows of pairs in, running evidence out.  Knows no threshold.

A pair is one request, alike or not; so this is an e-process for one rate, that of pairs that differ, against the share
that may.  Without labels it says that answers differ, never whose are right.
"""

from msgspec import structs

from headway.decide.rollout.guardrails.evidence import fold, stage_of
from headway.evidence.pairs import Pairs, added, apart_by
from headway.evidence.stage import Tally
from headway.evidence.window import Window
from headway.spec.experiment import Shadow
from headway.spec.rollout import Rollout
from headway.stats.sequential import Counts, Line, log_harm, log_safe
from headway.stats.track import begun, grown, harm_of, safety_of

__all__ = ["agreement_asked", "agreement_weighed", "folded", "in_words"]

TITLE = "agreement"


def agreement_asked(wish: Rollout) -> Shadow | None:
    """What decides; None where nothing about agreement does."""
    asked = wish.shadow
    return asked if wish.strategy == "shadow" and asked and asked.agree_at_least is not None else None


def folded(tally: Tally, wish: Rollout, stages: tuple[float, ...], window: Window) -> Tally:
    """One more window: its counts by the guardrails, its pairs by what is asked of them."""
    stage, asked, pairs = stage_of(stages, window.weight), agreement_asked(wish), window.pairs
    after = fold(tally, wish.guardrails, stages, window)
    track = tally.agreement
    if pairs and asked and stage is not None:
        track = track or begun(len(stages))
        harm, safe = _logs(asked, pairs, tally.pairs or Pairs())
        track = grown(track, stage=stage, harm=harm, safe=safe)
    sums = added(tally.pairs or Pairs(), pairs) if pairs and stage is not None else tally.pairs
    return structs.replace(after, agreement=track, pairs=sums)


def agreement_weighed(wish: Rollout, tally: Tally) -> tuple[tuple[str, float, float], ...]:
    """As a guardrail: its name, evidence of harm and of safety, as logarithms; no pair is no evidence."""
    if agreement_asked(wish) is None:
        return ()
    track = tally.agreement
    return ((TITLE, harm_of(track), safety_of(track)) if track else (TITLE, 0.0, 0.0),)


def in_words(wish: Rollout, pairs: Pairs | None) -> str:
    """What was compared, in a sentence; it describes, and decides nothing by itself."""
    if pairs is None or pairs.pairs == 0:
        return "no request was answered by both versions"
    alike = 1.0 - apart_by(pairs, wish.shadow.within if wish.shadow else None) / pairs.pairs
    return (
        f"{alike:.2%} of {pairs.pairs:,} requests were answered alike, numbers lay {pairs.distance / pairs.pairs:.3g} "
        f"apart on average, and the candidate took longer for {pairs.slower / pairs.pairs:.0%} of them, "
        f"by {pairs.later_ms / pairs.pairs:.2g} ms on average"
    )


def _logs(asked: Shadow, pairs: Pairs, before: Pairs) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A window's evidence; what is expected of an equal candidate is what was seen before the window."""
    most = 1.0 - (asked.agree_at_least or 0.0)
    line = (Line(kind="fixed", by=most),)
    counts = Counts(bad=apart_by(pairs, asked.within), of=pairs.pairs, control_bad=0, control_of=0)
    seen = max(apart_by(before, asked.within), 0.1) / before.pairs if before.pairs else 0.5 * most
    return log_harm(line, most, counts), log_safe(line, most, counts, equal=min(seen, 0.9 * most))
