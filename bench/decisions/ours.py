"""Headway's own rules, by the very functions that decide a rollout, window after window."""

from collections.abc import Iterator, Sequence

import numpy as np
from bench.decisions.first import NEVER, Firsts
from bench.decisions.traffic import Traffic

from headway.decide.rollout.guardrails.evidence import fold, opened
from headway.decide.rollout.spread import spread_of
from headway.decide.rollout.strategy import limits, weighed
from headway.evidence.window import Arm, Past, Window
from headway.spec.rollout import Rollout as Wish
from headway.stats.mixture import rho_for
from headway.stats.moments import shares
from headway.stats.score import Score, log_higher, scored
from headway.stats.sequential import Counts, Line, log_harm, log_mean_exp

__all__ = ["MINUTE", "e_process", "guarded", "reached", "spoke", "watched", "window_score", "windows_of"]

MINUTE = 60.0


def e_process(seen: Traffic, alpha: float, *, ratio: float = 1.0) -> Firsts:
    """`headway.stats` alone: the 2x2 e-process against "fails at most `ratio` times as often", at one level."""
    return np.array(
        [_e_process(seen, run, -np.log(alpha), (Line(kind="ratio", by=ratio),)) for run in range(seen.runs)]
    )


def _e_process(seen: Traffic, run: int, asked: float, lines: Sequence[Line]) -> float:
    known, errors = seen.before[0], int(seen.before[1][run])
    logs: list[float] | None = None
    for at, counts in enumerate(_counts(seen, run)):
        grew = log_harm(lines, max(errors, 0.1) / known, counts)
        logs = [old + new for old, new in zip(logs, grew, strict=True)] if logs else list(grew)
        if log_mean_exp(logs) >= asked:
            return at + 1.0
        known, errors = known + counts.control_of, errors + counts.control_bad
    return NEVER


def window_score(seen: Traffic, alpha: float, base: float, *, robust: bool) -> Firsts:
    """`headway.stats` alone: the window score process, with the variance between windows where it is robust.

    Planned for a quarter of what the windows bring at the rate `base`, as the plan of a rollout would know it.
    """
    weight = seen.of * seen.control_of / (seen.of + seen.control_of)
    rho = rho_for(0.25 * float(weight.sum()) * base * (1.0 - base), alpha=alpha, sides=1)
    found = np.full(seen.runs, NEVER)
    for run in range(seen.runs):
        score = Score()
        for at, counts in enumerate(_counts(seen, run)):
            score = scored(score, *shares(counts))
            if log_higher(score, rho=rho, robust=robust) >= -np.log(alpha):
                found[run] = at + 1.0
                break
    return found


def _counts(seen: Traffic, run: int) -> Iterator[Counts]:
    columns = (seen.bad[run], seen.of, seen.control_bad[run], seen.control_of)
    for bad, of, control_bad, control_of in zip(*(column.tolist() for column in columns), strict=True):
        yield Counts(bad=bad, of=of, control_bad=control_bad, control_of=control_of)


def windows_of(seen: Traffic, run: int, weights: Sequence[float]) -> Iterator[Window]:
    """One run as the windows that an observer hands over; `weights` are the windows' percents."""
    for at, (counts, weight) in enumerate(zip(_counts(seen, run), weights, strict=True)):
        yield Window(
            start=at * MINUTE,
            end=(at + 1) * MINUTE,
            weight=weight,
            control=Arm(starts=counts.control_of, errors=counts.control_bad),
            candidate=Arm(starts=counts.of, errors=counts.bad),
        )


def watched(wish: Wish, before: Past, windows: Iterator[Window], restarts: int = 0) -> Iterator[tuple[float, float]]:
    """After each window: evidence of harm and of safety, as multiples (of logarithms) of what decides.

    The most harmful and the least safe guardrail count, as they do in `decide`; nothing ends, whatever is shown.
    """
    asked = limits(wish, restarts)
    tally = opened("", wish.guardrails, before)
    for window in windows:
        tally = fold(tally, wish.guardrails, wish.stages, window)
        found = weighed(wish.guardrails, tally)
        harms = [harm / line for (_, harm, _), line in zip(found, asked.harm, strict=True)]
        yield max(harms), min(safe for _, _, safe in found) / asked.safe


def spoke(levels: Iterator[tuple[float, float]], *, until: str = "harm") -> tuple[float, float]:
    """The windows in which harm and safety were shown first, by `until` the latest: harm, safe, or either."""
    harm = safe = NEVER
    for at, (harmful, safely) in enumerate(levels):
        harm = min(harm, at + 1.0) if harmful >= 1.0 else harm
        safe = min(safe, at + 1.0) if safely >= 1.0 else safe
        if (until != "safe" and harm < NEVER) or (until != "harm" and safe < NEVER):
            break
    return harm, safe


def reached(levels: Iterator[tuple[float, float]], lines: Sequence[float]) -> list[float]:
    """The window in which harm passed each of these lines, which are multiples of what decides."""
    found = [NEVER] * len(lines)
    for at, (harmful, _) in enumerate(levels):
        found = [at + 1.0 if harmful >= line and was == NEVER else was for line, was in zip(lines, found, strict=True)]
        if NEVER not in found:
            break
    return found


def guarded(wish: Wish, seen: Traffic, weights: Sequence[float]) -> Firsts:
    """The guardrails of a wish, looked at after every window, promoting nothing: when they show harm.

    How they judge, request by request or between windows, they choose by the hour before.
    """
    found = []
    for run in range(seen.runs):
        past = [Arm(starts=int(seen.control_of[0]), errors=errors) for errors in seen.past[run].tolist()]
        before = Past(
            starts=seen.before[0],
            errors=int(seen.before[1][run]),
            spread=spread_of(wish.guardrails, past, ()),
        )
        found.append(spoke(watched(wish, before, windows_of(seen, run, weights)))[0])
    return np.array(found)
