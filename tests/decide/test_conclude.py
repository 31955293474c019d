"""What a record holds of a rule's inputs is all of them, so that another default one day changes no replay."""

from msgspec import structs
from tests.decide.rollout.start import START

from headway.decide.rollout.rules import verdict_of
from headway.decide.rules import RULES
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.rollout import Rollout


def test_a_verdict_tells_what_was_left_to_defaults() -> None:
    wish = Rollout(guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95", tolerate=1.5)))
    verdict = verdict_of(START, wish)
    assert verdict.inputs["errors"] == ({field.name: field.default for field in structs.fields(ErrorGuardrail)},)
    assert verdict.inputs["latencies"] == (structs.asdict(wish.guardrails[1]),)
    assert verdict.inputs["wrong_at_most"] == structs.asdict(wish.wrong_at_most)
    assert RULES[verdict.rule](verdict.inputs) == verdict
