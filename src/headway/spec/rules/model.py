"""All rules for one model, in the order of its fields."""

from collections.abc import Iterator

from headway.spec.finding import Finding, Place
from headway.spec.gate import Gate
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Papers, Unmatched
from headway.spec.policy import covers
from headway.spec.rules.approval import approval_faults
from headway.spec.rules.data import data_faults
from headway.spec.rules.gates import applies, gate, together
from headway.spec.rules.monitor import monitor_faults
from headway.spec.rules.rollout import rollout_faults
from headway.spec.rules.serving import serving_faults
from headway.spec.rules.training import training_faults

__all__ = ["model_faults"]


def model_faults(placed: Placed[Model], papers: Papers, unmatched: Unmatched) -> Iterator[Finding]:
    """What is wrong with one model that could be read."""
    yield from data_faults(placed, unmatched)
    yield from training_faults(placed, papers)
    yield from _gates(placed, papers)
    yield from serving_faults(placed)
    yield from rollout_faults(placed)
    yield from approval_faults(placed, papers)
    yield from monitor_faults(placed)


def _gates(placed: Placed[Model], papers: Papers) -> Iterator[Finding]:
    spec = placed.value.spec
    at = placed.place("spec", "gates")
    asked: list[tuple[Gate, Place]] = []
    for number, each in enumerate(spec.gates):
        asked.append((each, placed.place("spec", "gates", number)))
        yield from gate(each, spec.task, asked[-1][1])
    for policy in papers.policies:
        if covers(policy.value, placed.value.metadata.name):
            asked += [(each, at) for each in policy.value.spec.gates if applies(each, spec.task)]
    yield from together(asked, spec.task, at)
