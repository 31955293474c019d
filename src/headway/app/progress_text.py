"""A rollout on its way, in lines for people: how far its evidence is from deciding, how far its ratios are known."""

import math

from headway.decide.rollout.estimate import in_words
from headway.decide.rollout.reach import time_in_words
from headway.reconcile.progress import Compared, Progress

__all__ = ["progress_lines"]

# Characters of a full bar.
WIDE = 24
NAME = 14


def progress_lines(progress: Progress, stable: str) -> list[str]:
    """What to go, and two or three lines a guardrail."""
    lines = [_times(progress, stable)]
    wide = max([NAME, *(len(guarded.evidence.guardrail) + 2 for guarded in progress.guardrails)])
    for guarded in progress.guardrails:
        evidence = guarded.evidence
        lines.append(f"{evidence.guardrail:<{wide}}harm    {_bar(evidence.harm, evidence.harm_at)} to abort")
        lines.append(f"{'':<{wide}}safety  {_bar(evidence.safety, evidence.safety_at)} to pass the stage")
        if guarded.between:
            lines.append(f"{'':<{wide}}so far  {_between(guarded.between)}")
        if guarded.estimate:
            lines.append(f"{'':<{wide}}ratio   {in_words(guarded.estimate)}")
    return lines


def _between(compared: Compared) -> str:
    """How many windows there are to be compared with one another, and what they can show yet.

    >>> _between(Compared(windows=4, least=10, bursts=3.6))
    '4 of the 10 windows before which it says nothing'
    >>> _between(Compared(windows=12, least=10, bursts=10.84))
    '12 windows, in which 10.8 bursts would have come at its margin'
    """
    if compared.windows < compared.least:
        return f"{compared.windows} of the {compared.least} windows before which it says nothing"
    return f"{compared.windows} windows, in which {compared.bursts:.1f} bursts would have come at its margin"


def _times(progress: Progress, stable: str) -> str:
    window, deadline = time_in_words(progress.window_s), time_in_words(progress.deadline_s)
    to_go = progress.to_go_s
    if progress.awaits:
        told = "it waits for a person's approval"
    elif math.isnan(to_go):
        told = "how long it will take is not known yet"
    elif math.isinf(to_go):
        told = "at this traffic it will not be promoted"
    else:
        told = f"about {time_in_words(to_go)} to go if it is as good as {stable}"
    return f"windows of {window}; {told}; its deadline is in {deadline}"


def _bar(log: float, asked: float) -> str:
    """How far evidence is on its way from none to what is asked for, on a scale of logarithms.

    >>> _bar(math.log(10.0), math.log(100.0))
    '[############............] 10x of 100x'
    """
    full = round(WIDE * min(1.0, max(0.0, log / asked)))
    return f"[{'#' * full:.<{WIDE}}] {_stake(log)} of {_stake(asked)}"


def _stake(log: float) -> str:
    """Evidence as a bet's stake.

    >>> _stake(0.0), _stake(math.log(2.72)), _stake(-20.0), _stake(1000.0)
    ('1x', '2.7x', 'under 0.01x', 'over 1e6x')
    """
    if log < math.log(0.01) - 1e-9:
        return "under 0.01x"
    if log > math.log(1e6):
        return "over 1e6x"
    stake = math.exp(log)
    return f"{stake:,.0f}x" if stake >= 99.5 else f"{stake:.2g}x"
