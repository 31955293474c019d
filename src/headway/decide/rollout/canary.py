"""The strategy `canary`: rising weights, each next one bought with evidence of safety."""

import math

from headway.decide.rollout.guardrails.evidence import most_harmed
from headway.decide.rollout.machine import Event
from headway.decide.rollout.strategy import Sight, weighed
from headway.evidence.weights import Split
from headway.spec.guardrail import matures, title
from headway.spec.rollout import Rollout

__all__ = ["REST", "SPLIT", "event", "stages"]

SPLIT: Split = "answers"
REST = ""


def stages(wish: Rollout) -> tuple[float, ...]:
    """As the wish says."""
    return wish.stages


def event(sight: Sight | None) -> tuple[Event, str] | None:
    """Harm shown by any guardrail ends it; safety shown by all moves it on: stage i of k asks for (1/alpha)^(i/k).

    Guardrails that wait for labels are asked at the last stage only.
    """
    if sight is None:
        return None
    found = (*weighed(sight.guardrails, sight.tally), *sight.beside)
    places = (*map(most_harmed, sight.guardrails, sight.tally.tracks), *("" for _ in sight.beside))
    for (name, harm, _), place, asked in zip(found, places, sight.limits.harm, strict=True):
        if harm >= asked:
            odds = f"evidence of {_times(harm)} where {_times(asked)} are asked for"
            return "harm", f"{name} worse than tolerated{place}: {odds}"
    if not found:
        return "window", "there is no guardrail, so nothing can be shown"
    last = sight.stage + 1 == sight.stages
    late = set() if last else {title(guardrail) for guardrail in sight.guardrails if matures(guardrail)}
    # Where all of them wait for labels, each stage waits for them, too.
    asking = [(name, safe) for name, _, safe in found if name not in late] or [(name, safe) for name, _, safe in found]
    name, safety = min(asking, key=lambda pair: pair[1])
    needed = sight.limits.safe * (sight.stage + 1) / sight.stages
    told = f"{name} within its margin: evidence of {_times(safety)} where {_times(needed)} are asked for"
    if safety < needed:
        return "window", f"stage {sight.stage + 1} of {sight.stages}, {told}"
    return ("safe", told) if last else ("advance", f"stage {sight.stage + 1} of {sight.stages} is passed, {told}")


def _times(log: float) -> str:
    """Evidence as a betting score: how many times a stake would have grown."""
    return f"{math.exp(min(log, 700.0)):.3g}x"
