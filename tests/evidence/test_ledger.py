"""The ledger believes what counts, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.branch import BOSS, EVERYTHING, Branch
from tests.fakes.signing import MemorySigning

from headway.evidence.ledger import Ledger, entries_of, fold
from headway.evidence.measurement import Measurement
from headway.evidence.record import (
    Alerted,
    Judged,
    Locked,
    Released,
    Requested,
    Retraining,
    RolledOut,
    Seen,
    Signers,
    Subject,
    Trained,
)
from headway.evidence.stage import Rollout
from headway.evidence.state import ModelState
from headway.spec.project import Rights
from headway.spec.release import Served

ONE = Served(version="1.0.0", bundle="1" * 64)
TWO = Served(version="1.1.0", bundle="2" * 64)
THREE = Served(version="1.2.0", bundle="3" * 64)


def about(served: Served | None = None, environment: str = "") -> Subject:
    return Subject(
        model="delay",
        version=served.version if served else "",
        bundle=served.bundle if served else "",
        environment=environment,
    )


def locked(name: str = "l") -> Locked:
    return Locked(lock=name, train="t", test="u", files=1, train_rows=2, test_rows=1, cause="first")


def trained(outcome: str = "ok", recipe: str = "r", train: str = "t") -> Trained:
    return Trained(recipe=recipe, train=train, cause="commit", steps=(), outcome=outcome, reason="no model")  # type: ignore[arg-type]


def released(how: str, stable: Served | None, candidate: Served | None = None, *, answers: str = "") -> Released:
    return Released(
        how=how,  # type: ignore[arg-type]
        stable=stable,
        candidate=candidate,
        over=stable if candidate else None,
        evidence=(answers,) if answers else (),
    )


def judged(*, passed: bool = True, test: str = "u") -> Judged:
    return Judged(wish="w", lock=test, over=None, passed=passed, measurement=Measurement(bundle="b", test=test))


@pytest.fixture
def branch() -> Branch:
    return Branch(BOSS)


def state(branch: Branch) -> ModelState:
    assert branch.ledger.refused == ()
    return branch.ledger.model("delay")


def release(branch: Branch, how: str, stable: Served | None, candidate: Served | None = None, answers: str = "") -> str:
    subject = about(candidate or stable, "production")
    return branch.write(BOSS, released(how, stable, candidate, answers=answers), subject=subject)


def ask(branch: Branch, action: str, to: str = "", environment: str = "production") -> str:
    return branch.write(BOSS, Requested(action=action, to=to), subject=about(environment=environment))  # type: ignore[arg-type]


def test_the_first_list_of_signers_is_the_root(branch: Branch) -> None:
    assert branch.ledger.chain.root
    assert dict(branch.ledger.chain.keys) == {"boss": BOSS.public}


def test_the_newest_lock_counts(branch: Branch) -> None:
    branch.write(BOSS, locked("one"), subject=about())
    branch.write(BOSS, locked("two"), subject=about())
    assert state(branch).lock == locked("two")


def test_a_training_makes_a_version_found_by_recipe_and_data(branch: Branch) -> None:
    record = branch.write(BOSS, trained(), subject=about(ONE))
    made = state(branch).made_of("r", "t")
    assert made is not None
    assert (made.served, made.record, made.number) == (ONE, record, 1)
    assert state(branch).made_of("r", "other") is None


def test_a_failed_training_is_remembered(branch: Branch) -> None:
    branch.write(BOSS, trained("failed"), subject=about())
    assert state(branch).failures == {("r", "t"): "no model"}
    assert state(branch).versions == ()


def test_a_rollback_leads_to_the_version_before(branch: Branch) -> None:
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    release(branch, "promoted", TWO)
    release(branch, "direct", THREE)
    standing = state(branch).standing["production"]
    assert (standing.stable, standing.previous) == (THREE, TWO)
    release(branch, "rolled back", TWO)
    standing = state(branch).standing["production"]
    assert (standing.stable, standing.previous) == (TWO, ONE)


def test_every_start_in_an_environment_is_counted(branch: Branch) -> None:
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    release(branch, "aborted", ONE)
    release(branch, "started", ONE, TWO)
    tries = state(branch).tries
    assert tries[TWO.bundle, "production"].starts == 2
    assert tries[ONE.bundle, "production"].outcome == "promoted"
    assert (TWO.bundle, "staging") not in tries


def test_the_end_of_a_rollout_is_the_outcome_of_its_try(branch: Branch) -> None:
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    rollout = Rollout(model="delay", environment="production", candidate=TWO, over=ONE, started=0.0, deadline=1.0)
    branch.write(BOSS, RolledOut(rollout=rollout, outcome="expired"), subject=about(TWO, "production"))
    assert state(branch).tries[TWO.bundle, "production"].outcome == "expired"


def test_a_release_ends_the_try_of_its_candidate(branch: Branch) -> None:
    def outcome(served: Served) -> str:
        return state(branch).tries[served.bundle, "production"].outcome

    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    assert outcome(TWO) == ""
    release(branch, "aborted", ONE)
    assert outcome(TWO) == "aborted"
    release(branch, "started", ONE, TWO)
    assert outcome(TWO) == ""
    release(branch, "started", ONE, THREE)
    assert outcome(TWO) == "aborted"
    release(branch, "promoted", THREE)
    assert outcome(THREE) == "promoted"


@pytest.mark.parametrize("how", ["aborted", "rolled back"])
def test_a_retreat_holds_until_a_person_resumes(branch: Branch, how: str) -> None:
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    release(branch, how, ONE)
    assert state(branch).hold == f"1.1.0 was {how} in production"
    release(branch, "direct", THREE)
    assert state(branch).hold
    ask(branch, "resume", environment="")
    assert state(branch).hold == ""
    assert state(branch).tries[TWO.bundle, "production"].starts == 1


def test_a_request_waits_until_a_release_names_it(branch: Branch) -> None:
    release(branch, "direct", ONE)
    asked = ask(branch, "rollback")
    assert [request.record for request in state(branch).pending] == [asked]
    release(branch, "direct", TWO)
    assert [request.record for request in state(branch).pending] == [asked]
    release(branch, "rolled back", ONE, answers=asked)
    assert state(branch).pending == ()


def test_the_last_word_of_people_counts(branch: Branch) -> None:
    ask(branch, "promote", "1.1.0")
    newer = ask(branch, "promote", "1.2.0")
    other = ask(branch, "promote", "1.2.0", environment="staging")
    assert [request.record for request in state(branch).pending] == [newer, other]
    ask(branch, "resume")
    assert [request.record for request in state(branch).pending] == [other]
    ask(branch, "resume", environment="")
    assert state(branch).pending == ()


def test_a_request_about_every_environment_is_answered_in_each(branch: Branch) -> None:
    for environment in ("staging", "production"):
        branch.write(BOSS, released("direct", ONE), subject=about(ONE, environment))
    asked = ask(branch, "retire", environment="")
    assert [(request.environment, request.record) for request in state(branch).pending] == [
        ("staging", asked),
        ("production", asked),
    ]
    branch.write(BOSS, released("retired", None, answers=asked), subject=about(ONE, "staging"))
    assert [request.environment for request in state(branch).pending] == ["production"]


def test_an_abort_without_a_candidate_does_not_lie_in_wait_for_the_next_one(branch: Branch) -> None:
    release(branch, "direct", ONE)
    ask(branch, "abort")
    assert state(branch).pending == ()
    release(branch, "started", ONE, TWO)
    ask(branch, "abort")
    assert len(state(branch).pending) == 1
    release(branch, "promoted", TWO)
    assert state(branch).pending == ()


def test_an_approval_is_of_one_version_in_one_environment(branch: Branch) -> None:
    ask(branch, "approve", "1.1.0")
    assert state(branch).approved == {("1.1.0", "production")}
    assert state(branch).pending == ()


def test_an_approval_of_a_step_is_of_one_bundle_and_ends_with_its_try(branch: Branch) -> None:
    branch.write(BOSS, trained(), subject=about(TWO))
    given = branch.write(BOSS, Requested(action="approve", to="1.1.0", weight=50.0), subject=about(TWO, "production"))
    assert state(branch).approved == frozenset()
    assert state(branch).approved_at == {(TWO.bundle, "production"): {50.0: given}}
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    last = branch.write(BOSS, Requested(action="approve", to="1.1.0", weight=100.0), subject=about(TWO, "production"))
    release(branch, "started", ONE, TWO)  # its state was lost, and it is the same try
    assert state(branch).approved_at == {(TWO.bundle, "production"): {50.0: given, 100.0: last}}
    release(branch, "aborted", ONE)
    assert state(branch).approved_at == {}
    again = branch.write(BOSS, Requested(action="approve", to="1.1.0", weight=50.0), subject=about(TWO, "production"))
    release(branch, "started", ONE, TWO)
    assert state(branch).approved_at == {(TWO.bundle, "production"): {50.0: again}}


def test_an_approval_of_a_step_says_nothing_of_another_candidate(branch: Branch) -> None:
    release(branch, "direct", ONE)
    release(branch, "started", ONE, TWO)
    given = branch.write(BOSS, Requested(action="approve", to="1.1.0", weight=50.0), subject=about(TWO, "production"))
    other = branch.write(BOSS, Requested(action="approve", to="1.2.0", weight=50.0), subject=about(THREE, "production"))
    elsewhere = branch.write(BOSS, Requested(action="approve", to="1.1.0", weight=50.0), subject=about(TWO, "staging"))
    release(branch, "started", ONE, THREE)  # it takes the place of the one on its way
    assert given not in {record for known in state(branch).approved_at.values() for record in known.values()}
    assert state(branch).approved_at == {
        (THREE.bundle, "production"): {50.0: other},
        (TWO.bundle, "staging"): {50.0: elsewhere},
    }


def test_a_pause_lasts_until_it_is_resumed(branch: Branch) -> None:
    ask(branch, "pause")
    ask(branch, "pause", environment="staging")
    assert state(branch).paused == {"production", "staging"}
    ask(branch, "resume")
    assert state(branch).paused == {"staging"}


def test_an_alert_is_over_when_it_is_cleared(branch: Branch) -> None:
    branch.write(BOSS, Alerted(monitor="drift", state="raised"), subject=about(ONE, "production"))
    branch.write(BOSS, Alerted(monitor="errors", state="raised"), subject=about(ONE, "production"))
    branch.write(BOSS, Alerted(monitor="drift", state="cleared"), subject=about(ONE, "production"))
    assert set(state(branch).alerts) == {("production", "errors")}


def test_retrainings_that_were_not_promoted_are_counted(branch: Branch) -> None:
    for _ in range(2):
        branch.write(BOSS, Retraining(cause="drift", state="started"), subject=about())
    branch.write(BOSS, Retraining(cause="drift", state="held", why="twice"), subject=about())
    assert (state(branch).unpromoted("production"), state(branch).held_retraining) == (2, "twice")
    release(branch, "promoted", TWO)
    assert (state(branch).unpromoted("production"), state(branch).unpromoted("staging")) == (0, 2)
    branch.write(BOSS, Retraining(cause="drift", state="started"), subject=about())
    assert state(branch).unpromoted("production") == 1
    ask(branch, "resume", environment="")
    assert state(branch).unpromoted("staging") == 0


def test_a_test_set_is_used_once_a_candidate(branch: Branch) -> None:
    for served in (ONE, ONE, TWO):
        branch.write(BOSS, judged(), subject=about(served, "production"))
    branch.write(BOSS, judged(test="new"), subject=about(ONE, "production"))
    uses = state(branch).uses
    assert [uses("u", ONE.bundle), uses("u", TWO.bundle), uses("u", THREE.bundle)] == [1, 2, 3]
    assert uses("new", TWO.bundle) == 2


@pytest.mark.parametrize(
    ("seen", "subject", "right"),
    [
        (locked(), about(), "train"),
        (trained(), about(ONE), "train"),
        (judged(), about(ONE, "production"), "decide: [production]"),
        (released("direct", ONE), about(ONE, "production"), "decide: [production]"),
        (Requested(action="rollback"), about(environment="production"), "approve: [production]"),
        (Requested(action="resume"), about(), "approve: [production, staging]"),
        (Alerted(monitor="drift", state="raised"), about(ONE, "production"), "decide: [production]"),
        (Retraining(cause="drift", state="started"), about(), "train"),
    ],
)
def test_a_signer_without_the_right_changes_nothing(branch: Branch, seen: Seen, subject: Subject, right: str) -> None:
    guest = MemorySigning("guest")
    branch.write(BOSS, Signers(signers=(BOSS.listed(EVERYTHING), guest.listed())))
    before = branch.ledger.models
    branch.write(guest, seen, subject=subject)
    assert branch.ledger.models == before
    assert branch.ledger.refused[0].why == f"'guest' lacks the right `{right}`"


def test_a_stranger_changes_nothing(branch: Branch) -> None:
    branch.write(MemorySigning("stranger"), locked(), subject=about())
    branch.write(MemorySigning("boss", seed="forged"), locked(), subject=about())
    assert branch.ledger.models == {}
    assert [refused.why[:24] for refused in branch.ledger.refused] == [
        "signed by 'stranger', wh",
        "the signature is not one",
    ]


def test_an_old_record_written_again_changes_nothing(branch: Branch) -> None:
    ask(branch, "rollback")
    (data,) = branch.commits[-1].files.values()
    branch.commit({"evidence/delay/_/000002-request.json": data})
    assert len(branch.ledger.model("delay").pending) == 1
    assert "it does not follow" in branch.ledger.refused[0].why


def test_a_record_in_another_place_changes_nothing(branch: Branch) -> None:
    branch.write(BOSS, locked(), subject=about())
    (data,) = branch.commits.pop().files.values()
    ledger = fold(Ledger(), entries_of(Ledger(), "", branch.commits[0].files))
    ledger = fold(ledger, entries_of(ledger, "", {"evidence/other/_/000001-data.json": data}))
    assert "it belongs at evidence/delay/_/000001-data.json" in ledger.refused[0].why


def test_a_list_of_signers_needs_a_threshold_of_the_list_before(branch: Branch) -> None:
    ann, bob, eve = MemorySigning("ann"), MemorySigning("bob"), MemorySigning("eve")
    branch.list_signers(BOSS, ann, bob, threshold=2)
    branch.list_signers(ann, ann, bob, eve, threshold=2)
    branch.list_signers(ann, ann, bob, eve, threshold=2)
    assert set(branch.ledger.chain.keys) == {"ann", "bob"}
    branch.list_signers(bob, ann, bob, threshold=1)
    assert branch.ledger.chain.threshold == 2
    branch.list_signers(bob, ann, bob, eve, threshold=2)
    assert set(branch.ledger.chain.keys) == {"ann", "bob", "eve"}


def test_a_revoked_signer_adds_nothing(branch: Branch) -> None:
    ann = MemorySigning("ann")
    branch.list_signers(BOSS, BOSS, ann)
    last = branch.write(ann, locked(), subject=about())
    branch.write(BOSS, Signers(signers=(BOSS.listed(EVERYTHING), ann.listed(EVERYTHING, revoked_after=last))))
    branch.write(ann, locked("later"), subject=about())
    assert branch.ledger.refused[0].why == "signed by 'ann', whose key is revoked"


@pytest.mark.parametrize(
    ("signers", "threshold", "why"),
    [
        ((BOSS.listed(), BOSS.listed()), 1, "share a name"),
        ((BOSS.listed(),), 2, "cannot be met"),
        ((BOSS.listed(),), 0, "cannot be met"),
        ((BOSS.listed(revoked_after="x"),), 1, "cannot be met"),
        ((), 1, "cannot be met"),
    ],
)
def test_a_list_that_locks_everybody_out_is_refused(
    branch: Branch, signers: tuple[object, ...], threshold: int, why: str
) -> None:
    branch.write(BOSS, Signers(signers=signers, threshold=threshold))  # type: ignore[arg-type]
    assert why in branch.ledger.refused[0].why
    assert set(branch.ledger.chain.keys) == {"boss"}


def test_a_rights_list_may_leave_somebody_without_any(branch: Branch) -> None:
    branch.write(BOSS, Signers(signers=(BOSS.listed(Rights()),)))
    assert branch.ledger.refused == ()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 12), max_size=4))
def test_reading_in_parts_is_reading_at_once(cuts: list[int]) -> None:
    branch = Branch(BOSS)
    for served in (ONE, TWO, THREE):
        branch.write(BOSS, trained(recipe=served.version), subject=about(served))
        release(branch, "direct", served)
        ask(branch, "rollback")
    ledger, start = Ledger(), 0
    for cut in [*sorted(cuts), len(branch.commits)]:
        for commit in branch.commits[start:cut]:
            ledger = fold(ledger, entries_of(ledger, commit.id, commit.files))
        start = max(start, cut)
    assert ledger == branch.ledger
