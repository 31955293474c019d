"""Capacity: a candidate is ready at its share before it rises, stable never shrinks, who was replaced waits."""

from tests.reconcile.town import Town

TEN = "  serve: {replicas: {min: 10, max: 10}}"
HOUR = 3600.0


def test_the_candidate_has_the_replicas_of_its_stage_and_rises_only_when_they_are_ready() -> None:
    town = Town()
    town.runtime.say("delay", "production", ready={"1.1.0": 1})
    town.with_a_candidate(TEN)
    assert town.replicas() == {"1.0.0": 10, "1.1.0": 1}
    assert town.weights() == {"1.0.0": 95.0, "1.1.0": 5.0}
    for _ in range(30):
        town.roll(1)
        if (rollout := town.rollout()) and rollout.stage == 1:
            break
    town.roll(3)
    assert town.replicas() == {"1.0.0": 10, "1.1.0": 5}
    assert town.weights()["1.1.0"] == 5.0
    town.runtime.say("delay", "production", ready={"1.1.0": 5})
    town.roll(2)
    assert town.weights()["1.1.0"] == 50.0


def test_a_candidate_that_is_never_ready_gets_nothing_and_ends_at_its_deadline() -> None:
    town = Town()
    town.runtime.say("delay", "production", unready=frozenset({"1.1.0"}))
    town.with_a_candidate()
    town.roll(5)
    assert town.weights() == {"1.0.0": 100.0, "1.1.0": 0.0}
    town.clock.time += 60.0
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")


def test_stable_never_shrinks_while_a_rollout_runs_and_for_a_while_after_it() -> None:
    town = Town().with_a_candidate(TEN)
    fewer = "  serve: {replicas: {min: 2, max: 10}}"
    town.commit("two", fewer)
    town.settle()
    assert town.replicas()["1.0.0"] == 10
    town.ask("abort")
    town.settle()
    assert town.replicas() == {"1.0.0": 10}
    town.clock.time += HOUR
    town.settle()
    assert town.replicas() == {"1.0.0": 2}


def test_stable_does_not_shrink_either_when_the_state_beside_the_traffic_is_lost() -> None:
    town = Town().with_a_candidate(TEN)
    town.commit("two", "  serve: {replicas: {min: 2, max: 10}}")
    town.runtime.memory.clear()
    town.settle()
    assert town.replicas()["1.0.0"] == 10
    assert town.candidate() == "1.1.0"


def test_a_promoted_version_gets_everything_only_with_all_its_replicas() -> None:
    town = Town().with_a_candidate(TEN)
    town.runtime.say("delay", "production", ready={"1.1.0": 5})
    town.roll_to_its_end()
    town.settle()
    assert town.stable() == "1.1.0"
    assert town.weights() == {"1.0.0": 50.0, "1.1.0": 50.0}
    assert town.replicas() == {"1.0.0": 10, "1.1.0": 10}
    town.runtime.say("delay", "production", ready={"1.1.0": 10})
    town.settle()
    assert town.weights() == {"1.1.0": 100.0, "1.0.0": 0.0}


def test_who_was_replaced_is_kept_for_a_while_and_then_ends() -> None:
    town = Town().with_a_candidate(rollout="keep: 10m")
    town.roll_to_its_end()
    town.settle()
    assert town.weights() == {"1.1.0": 100.0, "1.0.0": 0.0}
    assert town.settle() == []
    town.clock.time += 601.0
    town.settle()
    assert town.weights() == {"1.1.0": 100.0}
    assert town.replicas() == {"1.1.0": 1}


def test_a_rollback_within_that_while_is_instant() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    town.settle()
    # Nothing more is started: what is not ready by now, never is.
    town.runtime.say("delay", "production", ready={"1.0.0": 1, "1.1.0": 1})
    town.ask("rollback")
    town.look()
    assert town.weights() == {"1.0.0": 100.0}
    assert town.stable() == "1.0.0"


def test_a_rollback_later_waits_until_the_version_is_ready_again() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    town.clock.time += HOUR + 1
    town.settle()
    town.runtime.say("delay", "production", unready=frozenset({"1.0.0"}))
    town.ask("rollback")
    town.settle()
    assert town.weights() == {"1.1.0": 100.0, "1.0.0": 0.0}
    town.runtime.say("delay", "production", unready=frozenset())
    town.settle()
    assert town.weights() == {"1.0.0": 100.0}


def test_a_retreat_waits_for_no_replica_of_stable() -> None:
    town = Town().with_a_candidate(TEN)
    town.runtime.say("delay", "production", ready={"1.0.0": 1})
    town.ask("abort")
    town.look()
    assert town.weights() == {"1.0.0": 100.0}


def test_who_was_replaced_stays_beside_the_next_candidate() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    town.commit("three")
    town.settle()
    assert (town.candidate(), town.weights()) == ("1.2.0", {"1.1.0": 95.0, "1.2.0": 5.0, "1.0.0": 0.0})
    town.roll_to_its_end()
    town.settle()
    assert town.weights() == {"1.2.0": 100.0, "1.1.0": 0.0}
