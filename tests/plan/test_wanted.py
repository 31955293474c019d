"""What comes next for a model, case by case."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.evidence.record import Requested
from headway.evidence.stage import Rollout
from headway.plan.action import Apply, Assess, Lock, Nothing, Release, Roll, Train, Wait
from headway.plan.arms import Running, shares
from headway.plan.facts import Facts, Pending, Place
from headway.plan.wanted import next_actions
from headway.spec.release import Served

OLD = Served(version="1.0.0", bundle="a" * 64)
NEW = Served(version="1.1.0", bundle="b" * 64)


def place(environment: str = "production", **known: Any) -> Place:
    return Place(**{"environment": environment, "live": True, "approval": False, "decides": True} | known)


def facts(**known: Any) -> Facts:
    start: dict[str, Any] = {
        "model": "delay", "main": "c" * 40, "may_train": True, "locked": True, "version": NEW,
        "versions": {"1.0.0": OLD, "1.1.0": NEW},
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
    found = facts(version=None, places=(place(stable=NEW, previous=OLD),), pending=(request,))
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


def rollout(weight: float) -> Rollout:
    return Rollout(
        model="delay", environment="production", candidate=NEW, over=OLD, weight=weight, started=0, deadline=60
    )


def test_a_version_that_is_not_ready_gets_no_traffic_while_another_answers() -> None:
    going = [Running(served=NEW, weight=100, ready=True), Running(served=OLD, weight=0, ready=False)]
    assert {share.served: share.weight for share in shares(OLD, None, None, going)} == {OLD: 0.0, NEW: 100}


def test_once_ready_it_takes_over_and_the_other_goes() -> None:
    going = [Running(served=NEW, weight=100, ready=True), Running(served=OLD, weight=0, ready=True)]
    assert [(share.served, share.weight) for share in shares(OLD, None, None, going)] == [(OLD, 100.0)]


@given(
    weight=st.sampled_from([0.0, 5.0, 20.0, 50.0, 100.0]),
    running=st.lists(
        st.builds(
            Running, served=st.sampled_from([OLD, NEW]), weight=st.sampled_from([0.0, 100.0]), ready=st.booleans()
        ),
        max_size=2,
        unique_by=lambda run: run.served.version,
    ),
)
def test_weights_always_add_up_when_one_version_answers_everything(weight: float, running: list[Running]) -> None:
    if sum(run.weight for run in running if run.ready) > 100:
        return
    assert sum(share.weight for share in shares(OLD, NEW, rollout(weight), running)) == 100
