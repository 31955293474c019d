"""Errors: what multiples of the stable version's rate add to the evidence, by the requests that it has."""

from headway.decide.rollout.guardrails.kind import lines_of
from headway.decide.rollout.prospects.outlook import Arms, Case, Outlook, Traffic, harm, prospect, safe, spread_of
from headway.spec.guardrail import ErrorGuardrail

__all__ = ["ENOUGH", "TIMES", "outlook"]

# A rate is known well enough to speak of its multiples.
ENOUGH = 5
TIMES = (1.25, 1.5, 2.0, 3.0)
MORE = (0.005, 0.01, 0.05)


def outlook(guardrail: ErrorGuardrail, traffic: Traffic, arms: Arms) -> Outlook:
    """By the rate that is known."""
    rate = traffic.arm.errors / max(1, traffic.arm.starts)
    tolerated, margin = lines_of(guardrail)
    known = traffic.arm.errors >= ENOUGH
    worse = [(f"{times:g}x the errors", rate * times) for times in TIMES if known]
    worse += [(f"{more * 100:g} pp more errors", rate + more) for more in (MORE[-1:] if known else MORE)]
    spread = spread_of(guardrail, traffic)
    cases = tuple(
        Case(what=what, pace=harm(tolerated, prospect(min(0.99, bad), rate, arms), spread)) for what, bad in worse
    )
    return Outlook(cases=cases, safe=safe(margin, prospect(rate, rate, arms), spread))
