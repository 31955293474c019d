"""Every wait of a rollout has an end on stable, and what cannot be trusted decides nothing."""

import pytest
from tests.reconcile.town import Town

from headway.evidence.window import Window
from headway.plan.action import Nothing, Wait
from headway.reconcile.telling import told


def standing(town: Town) -> str:
    rollout = town.rollout()
    return rollout.state if rollout else ""


def parked(town: Town) -> bool:
    return standing(town) == "parked"


def test_a_silent_observer_parks_the_candidate_and_its_return_goes_on() -> None:
    town = Town().with_a_candidate()
    town.roll(5)
    before = town.rollout()
    assert before
    town.runtime.say("delay", "production", silent=True)
    town.clock.time += 0.5
    town.look()
    assert not parked(town)
    for _ in range(3):
        town.clock.time += 1.0
        town.look()
    assert parked(town)
    assert town.weights()["1.1.0"] == 0.0
    town.runtime.say("delay", "production", silent=False)
    town.roll(2)
    again = town.rollout()
    assert again
    assert (again.state, again.stage, again.windows) == ("running", before.stage, before.windows)
    town.roll_to_its_end()
    assert town.stable() == "1.1.0"


def test_a_runtime_that_cannot_be_seen_parks_too_and_ends_at_the_deadline() -> None:
    town = Town().with_a_candidate()
    town.roll(5)
    town.runtime.say("delay", "production", unseen="the supervisor does not run")
    for _ in range(3):
        town.clock.time += 2.0
        town.look()
    assert parked(town)
    town.clock.time += 60.0
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert "deadline" in town.state.hold


def test_requests_that_are_not_split_as_the_weights_say_park_until_the_deadline() -> None:
    town = Town().with_a_candidate(rollout="guardrails: [{errors: rate, worse_by_at_most: 1.01x, floor: 0.01pp}]")
    for _ in range(40):
        town.traffic()
        lost = {version: arm for version, arm in town.arms.items() if version != "1.1.0"}
        town.runtime.say("delay", "production", counts=lost)
        town.look()
    assert parked(town)
    assert town.weights()["1.1.0"] == 0.0
    town.clock.time += 60.0
    town.settle()
    assert town.stable() == "1.0.0"


@pytest.mark.parametrize("by", [-3600.0, -1.5, 64.0, 12 * 3600.0])
def test_a_jump_of_the_clock_discards_its_window(by: float) -> None:
    """Set, or asleep with the machine: what was counted meanwhile is not what a window would have counted."""
    town = long_lived()
    town.roll(5)
    before = town.rollout()
    assert before
    town.traffic(bad=100)
    town.clock.time += by
    town.look()
    after = town.rollout()
    assert after
    assert (after.state, after.windows) == (before.state, before.windows)
    town.roll(4)  # after the candidate's first requests the next windows count again
    later = town.rollout()
    assert later
    assert len(later.windows) == len(before.windows) + 3


@pytest.mark.parametrize("to", [5.0, 50.0])
def test_weights_that_somebody_else_set_are_set_back_and_their_window_is_dropped(to: float) -> None:
    town = long_lived()
    town.roll(3)
    objects = {town.weights()["1.1.0"]: town.runtime.places["production.delay"].objects}
    later = town.beside()
    while later.weights()["1.1.0"] == 5.0:
        later.roll(1)
    later.roll(1)
    objects[50.0] = later.runtime.places["production.delay"].objects
    (here,) = {5.0, 50.0} - {to}
    town = town if here == 5.0 else later
    before = town.rollout()
    town.runtime.apply("delay", "production", objects[to])
    assert town.weights()["1.1.0"] == to
    town.traffic(bad=100)
    town.look()
    assert town.weights()["1.1.0"] == here
    assert town.rollout() == before
    town.roll(2)
    assert town.candidate() == "1.1.0"


def long_lived() -> Town:
    """1.1.0 is on its way, with two days to its deadline: a jump ends it by nothing else."""
    town = Town()
    for script in ("one", "two"):
        town.commit(script)
        tree = dict(town.source.trees[town.source.head])
        text = tree["models/delay/model.yaml"].decode().replace("after: 1m", "after: 48h")
        town.source.commit({**tree, "models/delay/model.yaml": text.encode()})
        town.settle()
    assert town.candidate() == "1.1.0"
    return town


def test_a_window_in_which_the_weight_moved_is_dropped() -> None:
    town = Town().with_a_candidate()
    seen: dict[float, Window] = {}
    while town.candidate():
        rollout = town.rollout()
        seen |= {window.start: window for window in rollout.windows} if rollout else {}
        town.roll(1)
    assert {window.weight for window in seen.values()} == {5.0, 50.0}
    for window in seen.values():
        assert window.candidate.starts == round(4 * window.weight)
        assert window.control.starts == 400 - window.candidate.starts


def test_a_pause_keeps_the_weight_of_its_environment_only_and_harm_still_aborts() -> None:
    town = Town().with_a_candidate()
    town.ask("pause", environment="staging")
    town.roll(2)
    assert standing(town) == "running"
    town.ask("pause")
    town.roll(30)
    rollout = town.rollout()
    assert rollout
    assert (rollout.state, rollout.weight) == ("paused", 5.0)
    town.ask("resume")
    town.roll(1)
    assert standing(town) == "running"
    town.ask("pause")
    town.roll_to_its_end(bad=50)
    assert town.stable() == "1.0.0"


@pytest.mark.parametrize("action", ["abort", "rollback", "retire"])
def test_what_a_person_asks_for_comes_before_anything_else_in_the_same_look(action: str) -> None:
    town = Town().with_a_candidate()
    town.roll(3)
    town.ask(action)
    town.commit("three")
    town.look()
    assert town.candidate() == ""
    assert town.weights() == ({} if action == "retire" else {"1.0.0": 100.0})


def test_a_state_lost_once_goes_on_with_the_same_deadline_and_twice_aborts_whatever_came_before() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=20)
    town.ask("promote", "1.1.0")
    town.settle()
    first = town.rollout()
    assert first
    assert (first.restarts, first.lost) == (1, 0)
    town.roll(10)
    town.runtime.memory.clear()
    town.look()
    again = town.rollout()
    assert again
    assert (again.lost, again.deadline, again.windows) == (1, first.deadline, ())
    town.roll(3)
    town.runtime.memory.clear()
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert "lost twice" in town.state.hold


def test_without_any_traffic_it_ends_at_its_deadline_on_stable() -> None:
    town = Town().with_a_candidate()
    for _ in range(70):
        town.traffic(of=0)
        town.look()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert all(isinstance(action, Nothing | Wait) for action in town.actions())


def test_a_full_disk_neither_stops_a_retreat_nor_loses_evidence_of_harm() -> None:
    town = Town().with_a_candidate()
    town.roll(1)
    town.faults.away = "remember"
    for _ in range(25):
        town.traffic(bad=10)
        town.look()
        assert town.weights()["1.0.0"] >= 95.0
    assert (town.candidate(), town.weights()) == ("", {"1.0.0": 100.0})
    assert "errors worse than tolerated" in town.state.hold


def test_on_a_full_disk_no_weight_rises_and_it_is_told() -> None:
    town = Town().with_a_candidate()
    town.faults.away = "remember"
    for _ in range(30):
        town.traffic(of=20_000)
        town.look()
    assert (town.candidate(), town.weights()["1.1.0"]) == ("1.1.0", 5.0)
    assert "remember does not answer" in town.memory.troubles["delay"]
    town.faults.away = ""
    town.roll_to_its_end()
    assert town.stable() == "1.1.0"


def test_a_record_that_cannot_be_written_keeps_traffic_on_stable_and_is_written_later() -> None:
    town = Town().with_a_candidate()
    town.faults.away = "append"
    for _ in range(25):
        town.traffic(bad=10)
        town.look()
    assert (town.candidate(), town.weights()) == ("1.1.0", {"1.0.0": 100.0})
    assert told(town.world)["delay"] == town.memory.troubles["delay"]
    town.faults.away = ""
    town.settle()
    assert (town.candidate(), town.stable(), bool(town.state.hold)) == ("", "1.0.0", True)
    assert told(town.world) == {}


def test_a_promotion_that_cannot_be_written_stays_guarded() -> None:
    town = Town().with_a_candidate()
    town.faults.away = "append"
    for _ in range(15):
        town.traffic(of=20_000)
        town.look()
    assert town.weights()["1.1.0"] == 50.0
    for _ in range(5):
        town.traffic(bad=30, of=20_000)
        town.look()
    assert town.weights() == {"1.0.0": 100.0}
    town.faults.away = ""
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
