"""Rules for guardrails: what the wish alone shows to be impossible, whatever the traffic."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from headway.spec.finding import Finding, Place, error, warning
from headway.spec.guardrail import ErrorGuardrail, Guardrail, LatencyGuardrail, title
from headway.spec.load import Placed
from headway.spec.model import Model

__all__ = ["guardrail_faults"]

# Latencies are counted in buckets of 1.25^k ms (decision 0132), so a smaller margin cannot be seen.
LATENCY_STEP = 1.25


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
        if guardrail.share <= 0:
            at = placed.place("spec", "rollout", "guardrails", number, "share")
            why = f"With a share of {guardrail.share:g} no evidence of harm would ever be enough to abort."
            do = "Write 1, or more for what matters more, or leave the guardrail out."
            yield error("E254", f"guardrail '{name}' can never fail", at, why=why, do=do)
        if any(title(each) == name for each in rollout.guardrails[:number]):
            at = placed.place("spec", "rollout", "guardrails", number)
            why = "Both share the rate of false aborts, so each sees less."
            yield warning("E255", f"guardrail '{name}' twice", at, why=why, do="Keep the stricter one.")


def _errors(placed: Placed[Model], number: int, guardrail: ErrorGuardrail) -> Iterator[Finding]:
    faults = [*_factors(placed, number, guardrail)]
    yield from faults
    if any(fault.code == "E254" for fault in faults):
        return
    if guardrail.worse_by_at_most == 1 and guardrail.floor == 0:
        why = "Without a margin only a version that fails less often could be shown to be safe; an equal one cannot."
        do = "Write `worse_by_at_most: 1.5x`, or a floor such as `0.5pp`."
        at = _place(placed, number, "worse_by_at_most")
        yield error("E204", "guardrail 'errors' never decides", at, why=why, do=do)
    elif max(guardrail.floor, guardrail.tolerate_floor) >= 1:
        at = _place(placed, number, "floor" if guardrail.floor >= 1 else "tolerate_floor")
        why = "No version fails more than all of its requests, so this floor lets every one through."
        yield error("E254", "guardrail 'errors' can never fail", at, why=why, do="Write `0.5pp`.")
    elif guardrail.tolerate_floor > guardrail.floor > 0:
        why = "Harm begins beyond `tolerate_floor` and safety ends at `floor`; between them nothing decides."
        do = "Write a smaller `tolerate_floor`, or a larger `floor`."
        yield warning("E253", "guardrail 'errors' has a gap", _place(placed, number, "tolerate_floor"), why=why, do=do)


def _latency(placed: Placed[Model], number: int, guardrail: LatencyGuardrail) -> Iterator[Finding]:
    faults = [*_factors(placed, number, guardrail)]
    yield from faults
    if any(fault.code == "E254" for fault in faults):
        return
    margin = guardrail.worse_by_at_most
    if margin < LATENCY_STEP * (1 - 1e-9):
        why = f"Latencies are counted in steps of {LATENCY_STEP:g}x, so a margin of {margin:g}x cannot be seen."
        do = f"Write `worse_by_at_most: {LATENCY_STEP:g}x` or more."
        at = _place(placed, number, "worse_by_at_most")
        yield error("E204", f"guardrail '{title(guardrail)}' never decides", at, why=why, do=do)


def _factors(placed: Placed[Model], number: int, guardrail: ErrorGuardrail | LatencyGuardrail) -> Iterator[Finding]:
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


RULES: Mapping[type[Guardrail], Rule] = {ErrorGuardrail: _errors, LatencyGuardrail: _latency}
