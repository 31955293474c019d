"""Rules for guardrails: what the wish alone shows to be impossible, whatever the traffic."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from headway.spec.finding import Finding, Place, error, warning
from headway.spec.guardrail import (
    LATENCY_STEP,
    LATENCY_TOP_S,
    ErrorGuardrail,
    Guardrail,
    LatencyGuardrail,
    MetricGuardrail,
    PredictionGuardrail,
    QualityGuardrail,
    group_label,
    title,
)
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.quantity import written
from headway.spec.yaml import excerpt

__all__ = ["guardrail_faults"]

_PLACEHOLDER = re.compile(r"\{(?:model|environment|version|group)\}")
_SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^{}\n]*\})?", re.ASCII)

# Those that compare a share of bad things by factor and floor.
Rates = ErrorGuardrail | QualityGuardrail | MetricGuardrail


class Rule(Protocol):
    """What is wrong with the n-th guardrail, which is of one kind."""

    def __call__(self, placed: Placed[Model], number: int, guardrail: Any) -> Iterator[Finding]:  # noqa: ANN401 - its kind
        """Its findings."""


def guardrail_faults(placed: Placed[Model]) -> Iterator[Finding]:
    """What is wrong with the guardrails of a rollout that compares."""
    rollout = placed.value.spec.rollout
    at = placed.place("spec", "rollout", "guardrails")
    if not rollout.guardrails:
        why = "It has no guardrail, and nothing is shown by comparing nothing, so it ends at its deadline."
        do = "Add a guardrail such as `{errors: rate}`, or release with `strategy: direct`."
        yield error("E204", "the rollout never decides", at, why=why, do=do)
    for number, guardrail in enumerate(rollout.guardrails):
        name = title(guardrail)
        yield from RULES[type(guardrail)](placed, number, guardrail)
        if rollout.strategy == "ab" and isinstance(guardrail, PredictionGuardrail | QualityGuardrail):
            at = placed.place("spec", "rollout", "guardrails", number)
            why = "An experiment compares groups of users, and what it compares is not counted by them."
            do = "Leave it out, or take `strategy: canary`."
            yield error("E204", f"guardrail '{name}' never decides", at, why=why, do=do)
        if guardrail.share <= 0:
            at = placed.place("spec", "rollout", "guardrails", number, "share")
            why = f"With a share of {guardrail.share:g} no evidence of harm would ever be enough to abort."
            do = "Write 1, or more for what matters more, or leave the guardrail out."
            yield error("E254", f"guardrail '{name}' can never fail", at, why=why, do=do)
        if any(title(each) == name for each in rollout.guardrails[:number]):
            at = placed.place("spec", "rollout", "guardrails", number)
            why = "Both share the rate of false aborts, so each sees less."
            yield warning("E255", f"guardrail '{name}' twice", at, why=why, do="Keep the stricter one.")


def _rates(placed: Placed[Model], number: int, guardrail: Rates) -> Iterator[Finding]:
    faults, name = [*_factors(placed, number, guardrail)], title(guardrail)
    yield from faults
    if any(fault.code == "E254" for fault in faults):
        return
    if guardrail.worse_by_at_most == 1 and guardrail.floor == 0:
        why = "Without a margin only a better version could be shown to be safe; an equal one cannot."
        do = "Write `worse_by_at_most: 1.5x`, or a floor such as `0.5pp`."
        at = _place(placed, number, "worse_by_at_most")
        yield error("E204", f"guardrail '{name}' never decides", at, why=why, do=do)
    else:
        why = "No version is bad more often than always, so this floor lets every one through."
        yield from _floors(placed, number, guardrail, top=1.0, why=why, do="Write `0.5pp`.")


def _latency(placed: Placed[Model], number: int, guardrail: LatencyGuardrail) -> Iterator[Finding]:
    margin = guardrail.worse_by_at_most
    unseen = 1 <= margin < LATENCY_STEP * (1 - 1e-9)
    # A gap between the two factors is no news where the margin cannot be seen.
    yield from (fault for fault in _factors(placed, number, guardrail) if not (unseen and fault.code == "E253"))
    if unseen:
        why = f"Latencies are counted in steps of {LATENCY_STEP:g}x, so a margin of {margin:g}x cannot be seen."
        do = f"Write `worse_by_at_most: {LATENCY_STEP:g}x` or more."
        at = _place(placed, number, "worse_by_at_most")
        yield error("E204", f"guardrail '{title(guardrail)}' never decides", at, why=why, do=do)
    why = (
        f"Latencies are told apart up to {written('seconds', LATENCY_TOP_S)}, so this floor lets every version through."
    )
    yield from _floors(placed, number, guardrail, top=LATENCY_TOP_S, why=why, do="Write `10ms`.")


def _floors(
    placed: Placed[Model], number: int, guardrail: Rates | LatencyGuardrail, *, top: float, why: str, do: str
) -> Iterator[Finding]:
    """Of the two floors, harm beyond the one and safety within the other; from `top` on, either is no line at all."""
    if max(guardrail.floor, guardrail.tolerate_floor) >= top:
        at = _place(placed, number, "floor" if guardrail.floor >= top else "tolerate_floor")
        yield error("E254", f"guardrail '{title(guardrail)}' can never fail", at, why=why, do=do)
    elif guardrail.tolerate_floor > guardrail.floor:
        at = _place(placed, number, "tolerate_floor")
        why = "Harm begins beyond `tolerate_floor` and safety ends at `floor`; between them nothing decides."
        do = "Write a smaller `tolerate_floor`, or a larger `floor`."
        yield warning("E253", f"guardrail '{title(guardrail)}' has a gap", at, why=why, do=do)


def _predictions(placed: Placed[Model], number: int, guardrail: PredictionGuardrail) -> Iterator[Finding]:
    margin, tolerate = guardrail.differs_by_at_most, guardrail.tolerate
    at = _place(placed, number, "differs_by_at_most")
    if margin <= 0:
        why = "No two versions answer so alike that no share differs at all, and nothing can show that they do."
        yield error("E204", "guardrail 'predictions' never decides", at, why=why, do="Write `5pp`, say.")
    elif max(margin, tolerate) >= 1:
        why = "No share differs by more than all of it, so this lets every version through."
        yield error("E254", "guardrail 'predictions' can never fail", at, why=why, do="Write `5pp`, say.")
    elif tolerate > margin:
        at = _place(placed, number, "tolerate")
        why = "Harm begins beyond `tolerate` and safety ends at `differs_by_at_most`; between them nothing decides."
        do = "Write a smaller `tolerate`, or a larger `differs_by_at_most`."
        yield warning("E253", "guardrail 'predictions' has a gap", at, why=why, do=do)


def _quality(placed: Placed[Model], number: int, guardrail: QualityGuardrail) -> Iterator[Finding]:
    yield from _rates(placed, number, guardrail)
    rollout, within = placed.value.spec.rollout, guardrail.labels_within
    at, name = _place(placed, number, "labels_within"), f"guardrail '{title(guardrail)}'"
    if within <= 0:
        why = "No label is there before its prediction."
        yield error("E204", f"{name} never decides", at, why=why, do="Write `labels_within: 6h`, say.")
    elif within + rollout.window >= rollout.deadline.after:
        shown, ends = written("seconds", within), written("seconds", rollout.deadline.after)
        why = f"No prediction counts before {shown} are over, and the rollout ends after {ends}."
        do = f"Write `deadline: {{after: {written('seconds', 2 * within)}}}`, say, or a shorter `labels_within`."
        yield error("E204", f"{name} never decides", at, why=why, do=do)
    if placed.value.spec.task.kind != "classification":
        at = _place(placed, number, "quality")
        why = "A number is hardly ever exactly right, so the share of right answers says nothing of a regression."
        yield error("E254", f"{name} has no meaning", at, why=why, do="Leave it out.")
    if rollout.strategy == "shadow":
        at = _place(placed, number, "quality")
        why = "Both versions answer the same request, and records tell only one of them for an id."
        do = "Compare answers by `shadow: {agree_at_least: …}`, or take `strategy: canary`."
        yield error("E258", f"{name} has no source", at, why=why, do=do)
    records = placed.value.spec.serve.records
    if records is None or records.sample <= 0 or "label" in records.omit:
        at = _place(placed, number, "quality")
        why = "Labels are joined with recorded predictions, and none is recorded, or without its answer."
        do = "Add `serve: {records: {sample: 100%}}`, without `label` among what it omits."
        yield error("E258", f"{name} has no source", at, why=why, do=do)


def _metric(placed: Placed[Model], number: int, guardrail: MetricGuardrail) -> Iterator[Finding]:
    yield from _rates(placed, number, guardrail)
    name, asked = f"guardrail '{excerpt(title(guardrail))}'", guardrail.prometheus
    if bool(asked.bad) == bool(asked.good):
        at = placed.place("spec", "rollout", "guardrails", number, "prometheus")
        why = "One counter says what is bad, or what is good; with both or none it is not clear what is worse."
        yield error("E259", f"{name} names no counter", at, why=why, do="Write `bad` or `good`, beside `of`.")
    for field in ("bad", "good", "of"):
        if selector := getattr(asked, field):
            yield from _selector(placed, number, field, selector)
    if any(title(each) == title(guardrail) for each in placed.value.spec.rollout.guardrails[:number]):
        at = placed.place("spec", "rollout", "guardrails", number)
        why = "Counts are kept by a guardrail's name, and another has the same."
        yield error("E259", f"{name} has another's name", at, why=why, do="Give it a `name` of its own.")


def _selector(placed: Placed[Model], number: int, field: str, selector: str) -> Iterator[Finding]:
    """What is wrong with the name of one counter."""
    rollout = placed.value.spec.rollout
    name, users = f"guardrail '{excerpt(title(rollout.guardrails[number]))}'", rollout.strategy == "ab"
    at = placed.place("spec", "rollout", "guardrails", number, "prometheus", field)
    if not _SELECTOR.fullmatch(_PLACEHOLDER.sub("x", selector)):
        why = f"'{excerpt(selector)}' is no counter by its name and labels; functions would guess between samples."
        do = """Write `orders_declined_total{version="{version}"}`, say."""
        yield error("E259", f"{name} names no counter", at, why=why, do=do)
    elif users and not group_label(selector):
        why = "An experiment compares groups of users, and without `{group}` nothing tells its counter's groups apart."
        do = """Count by the header `headway-group` of the answers, and write `group="{group}"`, say."""
        yield error("E204", f"{name} never decides", at, why=why, do=do)
    elif not users and "{group}" in selector:
        why = "Only `strategy: ab` deals users into groups, so nothing stands for `{group}`."
        do = """Write `version="{version}"`, or take `strategy: ab`."""
        yield error("E259", f"{name} names no counter", at, why=why, do=do)
    elif not users and "{version}" not in selector:
        why = "Without `{version}` both versions are counted by the same series, so they never differ."
        do = """Add the label that tells them apart: `version="{version}"`."""
        yield error("E254", f"{name} can never fail", at, why=why, do=do)


def _factors(placed: Placed[Model], number: int, guardrail: Rates | LatencyGuardrail) -> Iterator[Finding]:
    """Of the two factors, harm beyond the one and safety within the other."""
    margin, tolerate, name = guardrail.worse_by_at_most, guardrail.tolerate, title(guardrail)
    for field, factor in (("worse_by_at_most", margin), ("tolerate", tolerate)):
        if factor < 1:
            at = _place(placed, number, field)
            why = f"{factor:g}x asks every version to be better than the one before, which none can be for ever."
            do = "Write 1x or more; what must be better belongs into `gates`."
            yield error("E254", f"guardrail '{name}' can never pass", at, why=why, do=do)
            return
    if tolerate > margin:
        at = _place(placed, number, "tolerate")
        why = f"Harm begins at {tolerate:g}x and safety ends at {margin:g}x; between them nothing decides."
        do = "Write a smaller `tolerate`, or a larger `worse_by_at_most`."
        yield warning("E253", f"guardrail '{name}' has a gap", at, why=why, do=do)


def _place(placed: Placed[Model], number: int, field: str) -> Place:
    return placed.place("spec", "rollout", "guardrails", number, field)


RULES: Mapping[type[Guardrail], Rule] = {
    ErrorGuardrail: _rates,
    LatencyGuardrail: _latency,
    PredictionGuardrail: _predictions,
    QualityGuardrail: _quality,
    MetricGuardrail: _metric,
}
