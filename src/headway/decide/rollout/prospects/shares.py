"""What other sources than the router count: metrics, labels, predictions; by how many things a second they told of."""

from collections.abc import Mapping, Sequence

from headway.decide.rollout.guardrails.kind import lines_of
from headway.decide.rollout.guardrails.metric import below
from headway.decide.rollout.pace import Pace
from headway.decide.rollout.prospects.errors import ENOUGH, TIMES
from headway.decide.rollout.prospects.outlook import Arms, Case, Outlook, Told, Traffic, harm, prospect, safe, spread_of
from headway.spec.guardrail import Guardrail, MetricGuardrail, PredictionGuardrail, QualityGuardrail, title
from headway.stats.growth import Prospect, fallen_growth, kept_growth
from headway.stats.sequential import Line

__all__ = ["metric", "predictions", "quality"]

# Of good things so many times as many, and what that is called.
FEWER: Mapping[float, str] = {0.9: "10 % fewer", 0.75: "25 % fewer", 0.5: "half as many"}
# Predictions: how much more of one kind of answer, in what is tolerated, or in this where that is less.
MOVED, LEAST = (2.0, 4.0, 8.0), 0.01
# Comparisons whose evidence of harm is averaged: five cuts, to both sides.
COMPARED = 10


def metric(guardrail: MetricGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """Bad things as errors are; of good ones fewer are worse."""
    return _fewer(guardrail, traffic, arms) if guardrail.prometheus.good else _more(guardrail, traffic, arms)


def quality(guardrail: QualityGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """Wrong answers, by the labels that come in time."""
    return _more(guardrail, traffic, arms)


def predictions(guardrail: PredictionGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """The part that halves the answers best varies most, so it is the last to show that nothing differs."""
    found = _scaled(guardrail, traffic, arms)
    if found is None:
        return None
    told, arms = found
    spread, tolerated = spread_of(guardrail, traffic), [Line(kind="offset", by=guardrail.tolerate)]
    more = [times * max(guardrail.tolerate, LEAST) for times in MOVED]
    cases = (
        Case(
            what=f"{each * 100:g} pp more of one kind of answer",
            pace=harm(tolerated, prospect(min(0.99, told.share + each), told.share, arms), spread),
        )
        for each in more
    )
    margin = [Line(kind="offset", by=guardrail.differs_by_at_most)]
    alike = safe(margin, prospect(told.share, told.share, arms), spread)
    return Outlook(cases=tuple(cases), safe=alike, among=COMPARED)


def _more(guardrail: MetricGuardrail | QualityGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    found = _scaled(guardrail, traffic, arms)
    if found is None:
        return None
    told, arms = found
    (tolerated, margin), spread = lines_of(guardrail), spread_of(guardrail, traffic)
    worse = [(f"{times:g}x as many", told.share * times) for times in TIMES if told.known >= ENOUGH]
    worse.append(("5 pp more", told.share + 0.05))
    cases = tuple(
        Case(what=what, pace=harm(tolerated, prospect(min(0.99, bad), told.share, arms), spread)) for what, bad in worse
    )
    return Outlook(cases=cases, safe=safe(margin, prospect(told.share, told.share, arms), spread))


def _fewer(guardrail: MetricGuardrail, traffic: Traffic, arms: Arms) -> Outlook | None:
    """Between windows stable's share is held against the candidate's, as it is judged."""
    found = _scaled(guardrail, traffic, arms)
    if found is None:
        return None
    told, arms = found
    (tolerated, margin), spread = lines_of(guardrail), spread_of(guardrail, traffic)

    def fallen(rate: float) -> Pace:
        if spread is None:
            return fallen_growth(below(tolerated), prospect(rate, told.share, arms))
        return harm(tolerated, _turned(rate, told, arms), spread)

    def kept(lines: Sequence[Line]) -> Pace:
        if spread is None:
            return kept_growth(below(lines), prospect(told.share, told.share, arms))
        return safe(lines, _turned(told.share, told, arms), spread)

    cases = tuple(Case(what=what, pace=fallen(told.share * times)) for times, what in FEWER.items())
    return Outlook(cases=cases, safe=kept(margin))


def _turned(rate: float, told: Told, arms: Arms) -> Prospect:
    return prospect(told.share, rate, (arms[1], arms[0]))


def _scaled(guardrail: Guardrail, traffic: Traffic, arms: Arms) -> tuple[Told, Arms] | None:
    """What is known of a guardrail's things, and how many of them come with so many requests; None where nothing is."""
    told = traffic.told.get(title(guardrail))
    if told is None or told.per_s <= 0.0 or traffic.arm.starts <= 0:
        return None
    times = told.per_s * traffic.seconds / traffic.arm.starts
    return told, (arms[0] * times, arms[1] * times)
