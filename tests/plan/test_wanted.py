"""What comes next for a model, case by case."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from headway.evidence.record import Requested
from headway.evidence.stage import Rollout
from headway.plan.action import Apply, Assess, Lock, NotAgain, Nothing, Release, Roll, Train, Wait
from headway.plan.arms import Running, Share, part, shares, wished
from headway.plan.facts import Arm, Facts, Pending, Place, Retrained
from headway.plan.wanted import next_actions
from headway.spec.release import Served

OLD = Served(version="1.0.0", bundle="a" * 64)
NEW = Served(version="1.1.0", bundle="b" * 64)


def place(environment: str = "production", **known: Any) -> Place:
    return Place(**{"environment": environment, "live": True, "approval": False, "decides": True} | known)


def facts(**known: Any) -> Facts:
    start: dict[str, Any] = {
        "model": "delay", "main": "c" * 40, "may_train": True, "locked": True, "version": NEW,
    }  # fmt: skip
    return Facts(**start | known)


def kinds(found: Facts) -> list[type]:
    return [type(action) for action in next_actions(found)]


def test_data_are_pinned_before_anything_is_trained() -> None:
    assert kinds(facts(locked=False, version=None, places=(place(),))) == [Lock]


def test_a_new_recipe_is_trained_once() -> None:
    assert kinds(facts(version=None, places=(place(),))) == [Train]
    failed = next_actions(facts(version=None, failed="exit 1", places=(place(),)))
    assert [type(action) for action in failed] == [Nothing]
    assert "exit 1" in failed[0].why  # type: ignore[union-attr]


def test_without_the_right_to_train_one_waits() -> None:
    assert kinds(facts(version=None, may_train=False, places=(place(),))) == [Wait]


def test_gates_come_before_a_release_and_judge_over_the_live_version() -> None:
    staging, production = place("staging", live=False), place(stable=OLD)
    (action,) = next_actions(facts(places=(staging, production)))
    assert action == Assess(model="delay", environment="staging", served=NEW, over=OLD)


def test_a_version_enters_production_only_when_it_is_stable_before() -> None:
    staging = place("staging", live=False, stable=NEW)
    (action,) = next_actions(facts(places=(staging, place(stable=OLD, gates="passed"))))
    assert isinstance(action, Release)
    assert (action.environment, action.how, action.stable, action.candidate) == ("production", "started", OLD, NEW)


BESIDE = Served(version="0.9.0", bundle="d" * 64)


def experiment(arm: Arm, **known: Any) -> Facts:
    return facts(strategy="ab", places=(place(stable=OLD, gates="passed", arms=(arm,), **known),))


def test_each_version_of_an_experiment_passes_the_gates_and_is_approved_before_it_starts() -> None:
    arm = Arm(version="0.9.0", served=BESIDE)
    assert next_actions(experiment(arm)) == (Assess(model="delay", environment="production", served=BESIDE, over=OLD),)
    (action,) = next_actions(experiment(structs.replace(arm, gates="undecided", gates_why="auc: no rows")))
    assert isinstance(action, Nothing)
    assert "0.9.0 of `ab.also` undecided: auc: no rows" in action.why
    passed = structs.replace(arm, gates="passed")
    (action,) = next_actions(experiment(passed, approval=True, approved=True))
    assert isinstance(action, Wait)
    assert action.why == "`headway approve delay@0.9.0 --to production`"
    (action,) = next_actions(experiment(structs.replace(passed, approved=True), approval=True, approved=True))
    assert isinstance(action, Release)
    assert (action.how, action.candidate, action.also, action.over) == ("started", NEW, (BESIDE,), OLD)


def test_a_first_release_waits_for_no_version_beside_it() -> None:
    gone = Arm(version="0.9.0", fault="was never made")
    (action,) = next_actions(facts(strategy="ab", places=(place(gates="passed", arms=(gone,)),)))
    assert isinstance(action, Release)
    assert (action.how, action.also) == ("direct", ())


def test_one_version_of_several_loses_its_users_whatever_the_others_wait_for() -> None:
    going = [
        running(OLD, 50, ready=4, wanted=4, stable=True),
        running(NEW, 25, ready=1, wanted=1),
        running(BESIDE, 25, ready=1, wanted=1),
    ]
    found = weights(shares(wished(NEW, (), OLD, replicas=4), going))
    assert found == {OLD: 75.0, NEW: 25.0}


def test_the_first_release_of_live_traffic_is_direct() -> None:
    (action,) = next_actions(facts(places=(place(gates="passed"),)))
    assert isinstance(action, Release)
    assert (action.how, action.stable, action.candidate) == ("direct", NEW, None)


def test_undecided_gates_release_nothing() -> None:
    assert kinds(facts(places=(place(stable=OLD, gates="undecided"),))) == [Nothing]


def test_a_hold_lets_gates_run_but_no_release() -> None:
    assert kinds(facts(hold="aborted", places=(place(stable=OLD),))) == [Assess]
    assert kinds(facts(hold="aborted", places=(place(stable=OLD, gates="passed"),))) == [Nothing]


def test_automation_tries_a_version_once() -> None:
    assert kinds(facts(places=(place(stable=OLD, tried=True, gates="passed"),))) == [Nothing]


def test_a_person_may_have_it_tried_again_but_only_through_the_gates() -> None:
    asked = place(stable=OLD, tried=True, asked=NEW, asked_by="r1")
    assert kinds(facts(hold="aborted", places=(asked,))) == [Assess]
    passed = place(stable=OLD, tried=True, asked=NEW, asked_by="r1", gates="passed")
    (action,) = next_actions(facts(hold="aborted", places=(passed,)))
    assert isinstance(action, Release)
    assert action.answers == "r1"


def test_approval_is_waited_for() -> None:
    assert kinds(facts(places=(place(stable=OLD, gates="passed", approval=True),))) == [Wait]
    assert kinds(facts(places=(place(stable=OLD, gates="passed", approval=True, approved=True),))) == [Release]


def test_a_rollback_pre_empts_everything_else() -> None:
    request = Pending(
        record="r2", environment="production", request=Requested(action="rollback", to="1.0.0"), signer="ada"
    )
    found = facts(version=None, places=(place(stable=NEW, previous=OLD, known={"1.0.0": OLD}),), pending=(request,))
    (action,) = next_actions(found)
    assert isinstance(action, Release)
    assert (action.how, action.stable, action.answers) == ("rolled back", OLD, "r2")


def test_a_rollback_to_nothing_known_does_not_stop_the_model() -> None:
    request = Pending(
        record="r3", environment="production", request=Requested(action="rollback", to="9.9.9"), signer="ada"
    )
    found = facts(places=(place(stable=NEW),), pending=(request,))
    assert kinds(found) == [Wait, Nothing]


def test_a_running_candidate_is_carried_on_with() -> None:
    assert kinds(facts(places=(place(stable=OLD, candidate=NEW),))) == [Roll]


def test_a_broken_spec_leaves_what_serves_in_force() -> None:
    found = facts(problem="E101 in models/delay/model.yaml", places=(place(stable=OLD, stale=("a pod is gone",)),))
    assert kinds(found) == [Apply, Nothing]


def test_nothing_is_left_to_do_when_all_is_stable() -> None:
    assert kinds(facts(places=(place("staging", live=False, stable=NEW), place(stable=NEW)))) == [Nothing]


def running(served: Served, weight: float, *, ready: int = 1, wanted: int = 1, stable: bool = False) -> Running:
    return Running(served=served, weight=weight, wanted=wanted, ready=ready, stable=stable)


def weights(found: tuple[Share, ...]) -> dict[Served, float]:
    return {share.served: share.weight for share in found}


def test_a_version_that_is_not_ready_gets_no_traffic_while_another_answers() -> None:
    going = [running(NEW, 100, stable=True), running(OLD, 0, ready=0)]
    assert weights(shares(wished(OLD), going)) == {OLD: 0.0, NEW: 100}


def test_once_ready_it_takes_over_and_the_other_goes() -> None:
    going = [running(NEW, 100, stable=True), running(OLD, 0)]
    assert weights(shares(wished(OLD), going)) == {OLD: 100.0}


def test_a_candidate_rises_only_with_its_share_of_replicas() -> None:
    asked = Share(served=NEW, weight=20.0, replicas=part(20.0, 10))
    going = [running(OLD, 95, ready=10, wanted=10, stable=True), running(NEW, 5, ready=1)]
    held = shares(wished(OLD, (asked,), replicas=10), going)
    assert [(share.weight, share.replicas) for share in held] == [(95.0, 10), (5.0, 2)]
    going[1] = running(NEW, 5, ready=2, wanted=2)
    assert weights(shares(wished(OLD, (asked,), replicas=10), going)) == {OLD: 80.0, NEW: 20.0}


def test_a_promoted_version_takes_everything_only_with_all_replicas() -> None:
    going = [running(OLD, 50, ready=4, wanted=4, stable=True), running(NEW, 50, ready=2, wanted=2)]
    assert [(share.served, share.weight, share.replicas) for share in shares(wished(NEW, replicas=4), going)] == [
        (OLD, 50.0, 4),
        (NEW, 50.0, 4),
    ]


def test_a_retreat_waits_for_nothing() -> None:
    going = [running(OLD, 50, ready=1, wanted=4, stable=True), running(NEW, 50, ready=4, wanted=4)]
    assert weights(shares(wished(OLD, replicas=4), going)) == {OLD: 100.0}


def test_a_rollback_to_who_was_kept_is_instant() -> None:
    going = [running(NEW, 100, ready=4, wanted=4, stable=True), running(OLD, 0, ready=4, wanted=4)]
    assert weights(shares(wished(OLD, replicas=4), going)) == {OLD: 100.0}
    assert [(share.served, share.weight, share.replicas) for share in wished(NEW, (), OLD, replicas=4)] == [
        (NEW, 100.0, 4),
        (OLD, 0.0, 4),
    ]


@given(
    weight=st.sampled_from([0.0, 5.0, 20.0, 50.0]),
    share=st.sampled_from([0.0, 5.0, 50.0, 100.0]),
    ready=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    kept=st.booleans(),
    promoted=st.booleans(),
)
def test_weights_add_up_and_only_what_is_ready_rises(
    weight: float, share: float, ready: tuple[int, int], *, kept: bool, promoted: bool
) -> None:
    going = [running(OLD, 100 - share, ready=ready[0], stable=True), running(NEW, share, ready=ready[1])]
    candidate = Share(served=NEW, weight=weight, replicas=part(weight, 3))
    wanted = wished(NEW, (), OLD if kept else None, replicas=3) if promoted else wished(OLD, (candidate,), replicas=3)
    found = shares(wanted, going)
    assert sum(part.weight for part in found) == 100
    new = next(part for part in found if part.served == NEW)
    assert new.weight <= share or ready[1] >= new.replicas


def test_a_rollback_leads_only_to_what_was_stable_here() -> None:
    request = Pending(
        record="r4", environment="production", request=Requested(action="rollback", to="1.1.0"), signer="ada"
    )
    refused = facts(places=(place(stable=OLD, known={"1.0.0": OLD}, tried=True),), pending=(request,))
    (wait, nothing) = next_actions(refused)
    assert isinstance(wait, Wait)
    assert "1.0.0" in wait.why
    assert isinstance(nothing, Nothing)


@pytest.mark.parametrize("gates", ["unjudged", "refused", "undecided"])
def test_an_approval_opens_no_gate(gates: str) -> None:
    known = place(stable=OLD, gates=gates, approval=True, approved=True)
    assert Release not in kinds(facts(places=(known,)))
    assert Release not in kinds(facts(places=(structs.replace(known, asked=NEW, asked_by="r"),)))


def test_a_reader_without_the_right_is_told_who_goes_on_with_a_rollout() -> None:
    (action,) = next_actions(facts(places=(place(stable=OLD, candidate=NEW, over=OLD, decides=False),)))
    assert isinstance(action, Wait)
    assert action.why == "the decider of production goes on with the rollout of 1.1.0"


@pytest.mark.parametrize("decides", [True, False])
@pytest.mark.parametrize(("approved", "asked"), [({}, True), ({50.0: "r"}, False), ({100.0: "r"}, True)])
def test_a_step_that_evidence_allows_is_asked_for_until_it_is_approved(
    approved: dict[float, str], *, decides: bool, asked: bool
) -> None:
    rollout = Rollout(
        model="delay", environment="production", candidate=NEW, over=OLD, started=0.0, deadline=9.0, awaits=50.0
    )
    given = {NEW.bundle: approved}
    known = place(stable=OLD, candidate=NEW, over=OLD, decides=decides, rollout=rollout, approved_at=given)
    said = [action.why for action in next_actions(facts(places=(known,))) if isinstance(action, Wait)]
    assert ("`headway approve delay@1.1.0 --to production --at 50`" in said) is asked


def test_a_retreat_needs_no_approval() -> None:
    for action, how in (("rollback", "rolled back"), ("abort", "aborted"), ("retire", "retired")):
        request = Pending(
            record="r5",
            environment="production",
            request=Requested(action=action),
            signer="ada",  # type: ignore[arg-type]
        )
        found = facts(places=(place(stable=OLD, candidate=NEW, approval=True),), pending=(request,))
        (release,) = next_actions(found)
        assert isinstance(release, Release)
        assert release.how == how


NEWER = Served(version="1.2.0", bundle="c" * 64)


def test_a_new_candidate_pre_empts_a_running_one_only_when_its_gates_passed() -> None:
    on_its_way = place(stable=OLD, candidate=NEW)
    assert kinds(facts(version=NEWER, places=(on_its_way,))) == [Roll, Assess]
    for gates in ("refused", "undecided"):
        assert kinds(facts(version=NEWER, places=(place(stable=OLD, candidate=NEW, gates=gates),))) == [Roll, Nothing]
    roll, release = next_actions(facts(version=NEWER, places=(place(stable=OLD, candidate=NEW, gates="passed"),)))
    assert isinstance(roll, Roll)
    assert isinstance(release, Release)
    assert (release.how, release.stable, release.candidate, release.over) == ("started", OLD, NEWER, OLD)
    assert "1.1.0 is superseded" in release.why


def test_what_a_person_paused_is_not_superseded_by_automation() -> None:
    paused = place(stable=OLD, candidate=NEW, gates="passed", paused=True)
    assert kinds(facts(version=NEWER, places=(paused,))) == [Roll, Nothing]
    asked = place(stable=OLD, candidate=NEW, gates="passed", paused=True, asked=NEWER, asked_by="r6")
    assert kinds(facts(version=NEWER, places=(asked,))) == [Roll, Release]


def test_a_retraining_that_is_due_moves_the_lock_and_one_that_is_held_is_told_once() -> None:
    stable = (place(stable=NEW),)
    (_, again) = next_actions(facts(places=stable, retraining=Retrained(state="start", cause="drift", why="due")))
    assert again == Lock(model="delay", cause="retraining", asked="drift", why="due")
    held = Retrained(state="held", cause="drift", why="main's recipe stands refused")
    assert kinds(facts(places=stable, retraining=held)) == [Nothing, NotAgain]
    assert kinds(facts(places=stable, retraining=structs.replace(held, told=True))) == [Nothing]
