"""A verdict comes out of its record again, or the difference is told."""

import pytest
from tests.fakes.branch import Branch
from tests.fakes.history import DECIDER, ONE, sound

from headway.evidence.ledger import Entry, Ledger, entries_of, fold
from headway.evidence.measurement import Measurement
from headway.evidence.record import Judged, Subject
from headway.evidence.replay import replay
from headway.evidence.verdict import Answer, Inputs, Verdict


def entries(branch: Branch) -> list[Entry]:
    ledger, found = Ledger(), []
    for commit in branch.commits:
        read = entries_of(ledger, commit.id, commit.files)
        ledger = fold(ledger, read)
        found += [entry for entry in read if isinstance(entry, Entry)]
    return found


def half(inputs: Inputs) -> Verdict:
    """A rule: half of `n`, and fail when that is above 10."""
    number = inputs["n"] / 2
    answer = Answer.FAIL if number > 10 else Answer.PASS
    return Verdict(name="half", rule="half/1", inputs=dict(inputs), answer=answer, numbers={"half": number})


def said(inputs: dict[str, float], numbers: dict[str, float], rule: str = "half/1") -> Verdict:
    return Verdict(name="half", rule=rule, inputs=inputs, answer=Answer.PASS, numbers=numbers)


def judged(verdict: Verdict) -> list[Entry]:
    branch = sound()
    seen = Judged(wish="w", lock="u", over=None, passed=True, measurement=Measurement(bundle="b", test="u"))
    about = Subject(model="delay", version=ONE.version, bundle=ONE.bundle, environment="production")
    branch.write(DECIDER, seen, subject=about, verdicts=(verdict,))
    return entries(branch)[-1:]


@pytest.mark.parametrize(
    ("recorded", "outcome", "why"),
    [
        (said({"n": 3.0}, {"half": 1.5}), "same", ""),
        (said({"n": 3.0}, {"half": 1.5 + 1e-12}), "same", ""),
        (said({"n": 3.0}, {"half": 1.5001}), "differs", "half was 1.5001 and is 1.5"),
        (said({"n": 99.0}, {"half": 49.5}), "differs", "the record says pass, the rule fail"),
        (said({"n": 3.0}, {}), "differs", "other numbers: half"),
        (said({}, {}), "differs", "cannot read its inputs"),
        (said({}, {}, "half/9"), "unknown rule", "has no rule 'half/9'"),
    ],
)
def test_a_verdict_is_recomputed(recorded: Verdict, outcome: str, why: str) -> None:
    (again,) = replay(judged(recorded), {"half/1": half})
    assert again.outcome == outcome
    assert why in again.why
    assert again.subject == "delay 1.0.0 production"


def test_every_verdict_of_a_branch_is_replayed() -> None:
    outcomes = [again.outcome for again in replay(entries(sound()), {})]
    assert outcomes == ["unknown rule"] * 4
