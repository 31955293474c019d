"""What other sources than the router count: metrics, labels, predictions; by how many things a second they told of."""

from collections.abc import Mapping, Sequence

from headway.decide.rollout.guardrails.kind import lines_of
from headway.decide.rollout.guardrails.metric import below
from headway.decide.rollout.pace import Pace
from headway.decide.rollout.prospects.errors import ENOUGH, TIMES
from headway.decide.rollout.prospects.outlook import Arms, Case, Outlook, Told, Traffic, harm, prospect, safe, spread_of
from headway.spec.guardrail import MetricGuardrail, PredictionGuardrail, QualityGuardrail, title
from headway.stats.growth import Prospect, fallen_growth, kept_growth
from headway.stats.sequential import Line

__all__ = ["outlook"]

# Of good things so many times as many, and what that is called.
FEWER: Mapping[float, str] = {0.9: "10 % fewer", 0.75: "25 % fewer", 0.5: "half as many"}
# Predictions: how much more of one kind of answer, in what is tolerated, or in this where that is less.
MOVED, LEAST = (2.0, 4.0, 8.0), 0.01
# Comparisons whose evidence of harm is averaged: five cuts, to both sides.
COMPARED = 10


def outlook(
    guardrail: MetricGuardrail | QualityGuardrail | PredictionGuardrail, traffic: Traffic, arms: Arms
) -> Outlook | None:
    """By what the guardrail's source told of the stable version; None where it told nothing."""
    told = traffic.told.get(title(guardrail))
    if told is None or told.per_s <= 0.0 or traffic.arm.starts <= 0:
        return None
    times = told.per_s * traffic.seconds / traffic.arm.starts  # things that come with a request
    arms, spread = (arms[0] * times, arms[1] * times), spread_of(guardrail, traffic)
    if isinstance(guardrail, PredictionGuardrail):
        return _moved(guardrail, told, arms, spread)
    if isinstance(guardrail, MetricGuardrail) and guardrail.prometheus.good:
        return _fewer(guardrail, told, arms, spread)
    return _more(guardrail, told, arms, spread)


def _moved(guardrail: PredictionGuardrail, told: Told, arms: Arms, spread: float | None) -> Outlook:
    """The part that halves the answers best varies most, so it is the last to show that nothing differs."""
    tolerated = [Line(kind="offset", by=guardrail.tolerate)]
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


def _more(guardrail: MetricGuardrail | QualityGuardrail, told: Told, arms: Arms, spread: float | None) -> Outlook:
    """Bad things, and wrong answers by the labels that come in time, as errors are."""
    tolerated, margin = lines_of(guardrail)
    worse = [(f"{times:g}x as many", told.share * times) for times in TIMES if told.known >= ENOUGH]
    worse.append(("5 pp more", told.share + 0.05))
    cases = tuple(
        Case(what=what, pace=harm(tolerated, prospect(min(0.99, bad), told.share, arms), spread)) for what, bad in worse
    )
    return Outlook(cases=cases, safe=safe(margin, prospect(told.share, told.share, arms), spread))


def _fewer(guardrail: MetricGuardrail, told: Told, arms: Arms, spread: float | None) -> Outlook:
    """Of good things fewer are worse; between windows stable's share is held against the candidate's, as is judged."""
    tolerated, margin = lines_of(guardrail)

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
