"""The plan: what the next pass would do, empty after it did, and what a coming rollout can see, before it starts."""

from collections.abc import Callable

import pytest
from tests.reconcile.town import Town

from headway.plan.action import Nothing, Roll, Wait
from headway.reconcile.foreseeing import Foreseen, foresee
from headway.reconcile.gather import gather
from headway.reconcile.status import expected_false_aborts
from headway.spec.rollout import Rollout


def released() -> Town:
    town = Town()
    town.commit("one")
    return town


def promoted() -> Town:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    return town


def aborted() -> Town:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=30)
    return town


def rolled_back() -> Town:
    town = promoted()
    town.ask("rollback")
    return town


def broken() -> Town:
    town = promoted()
    town.commit("two", "  rollot: {}")
    return town


def deleted() -> Town:
    town = promoted()
    town.commit_without("delay")
    return town


def failed() -> Town:
    town = promoted()
    town.commit("fail")
    return town


def retired() -> Town:
    town = promoted()
    town.ask("retire")
    return town


def retraining_held() -> Town:
    town = Town()
    town.commit("one", "  retrain: {when: [daily]}")
    town.settle()
    town.clock.time += 2 * 86_400.0
    return town


STATES = (released, promoted, aborted, rolled_back, broken, deleted, failed, retired, retraining_held)


@pytest.mark.parametrize("made", STATES)
def test_after_a_pass_that_changed_nothing_the_plan_is_empty(made: Callable[[], Town]) -> None:
    town = made()
    town.settle()
    applied, written = len(town.runtime.applied), len(town.subjects())
    assert all(isinstance(action, Nothing | Wait) for action in town.actions())
    assert town.look().settled
    assert (len(town.runtime.applied), len(town.subjects())) == (applied, written)


def test_a_rollout_goes_on_and_nothing_else_is_planned_beside_it() -> None:
    town = Town().with_a_candidate()
    assert [action for action in town.actions() if not isinstance(action, Nothing | Wait)] == [
        Roll(model="delay", environment="production")
    ]


def test_what_a_pass_does_was_in_the_plan_before_it() -> None:
    town = Town()
    town.commit("one")
    seen = []
    for _ in range(12):
        planned = [type(action).__name__ for action in town.actions()]
        seen += planned
        if not town.look().changed:
            break
    assert seen[0] == "Lock"
    assert seen[-1] == "Nothing"


def foreseen(town: Town) -> Foreseen:
    (found,) = foresee(gather(town.world, town.memory, "delay"))
    return found


def coming(of: int, *, bad: float = 0.0, rollout: str = "") -> Town:
    """1.0.0 has served for some minutes, and a person asked for approval of nothing: 1.1.0 is about to enter."""
    town = Town()
    town.commit("one")
    town.settle()
    for _ in range(130):
        town.traffic(of=of, control_bad=bad)
        town.look()
    town.commit("two", rollout=rollout)
    town.faults.away = "measure"  # its gates are not judged yet
    town.settle()
    return town


def test_before_a_start_each_guardrail_says_what_it_can_see_at_todays_traffic_and_how_fast() -> None:
    found = foreseen(coming(of=400))
    assert (found.environment, found.version, found.findings) == ("production", "1.1.0", ())
    measured, said, capacity = found.said
    assert measured.startswith("By the traffic of 2 min of the last day")
    assert said.startswith("errors: At 400 requests a second and 0.00% errors")
    assert "with a chance of" in said
    assert [reach.guardrail for reach in found.reaches] == ["errors"]
    assert "2 replicas" in capacity
    assert (found.replicas, found.peak_replicas) == (1, 2)


def test_the_plan_says_before_which_steps_a_person_is_asked() -> None:
    said = foreseen(coming(of=400, rollout="approve_at: [50, 100]")).said
    assert said[-2] == "It waits for a person's approval before it gets 50 % and before it is promoted."


def test_the_peak_of_replicas_is_what_a_rollout_comes_to() -> None:
    ten = "  serve: {replicas: {min: 10, max: 10}}"
    town = Town()
    town.commit("one", ten)
    town.settle()
    town.commit("two", ten)
    town.faults.away = "measure"
    town.settle()
    said = foreseen(town).peak_replicas
    town.faults.away = ""
    town.settle()
    most = 0
    for _ in range(30):
        town.roll(1)
        most = max(most, sum(town.replicas().values()))
    assert (town.stable(), most) == ("1.1.0", said)
    assert said == 20


def test_where_prices_are_named_the_plan_says_what_a_rollout_costs_at_most() -> None:
    town = coming(of=400)
    assert foreseen(town).cost is None
    tree = dict(town.source.trees[town.source.head])
    path = "environments/production.yaml"
    tree[path] = tree[path].replace(b"traffic: live", b"traffic: live, prices: {cpu: 0.12, memory: 0.02}")
    town.source.commit(tree)
    town.look()
    found = foreseen(town)
    # A replica of one core and half a GiB, for a minute and the hour after it.
    assert found.cost == pytest.approx((1.0 + 1.0 / 60.0) * (0.12 + 0.5 * 0.02))
    assert found.said[-1] == "It takes up to 2 replicas, 1 more than now, which cost at most 0.13 EUR."


def hours(town: Town, count: int, *, of: int) -> None:
    """So many hours of traffic, with looks a minute apart."""
    for _ in range(count * 60):
        town.traffic(of=of, seconds=60.0)
        town.look()


def test_the_traffic_of_the_last_day_counts_and_no_older_one() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    hours(town, 3, of=60_000)
    hours(town, 12, of=600)
    hours(town, 11, of=1800)
    town.commit("two")
    town.faults.away = "measure"
    town.look()
    found = foreseen(town)
    assert found.measured_s == pytest.approx(24 * 3600.0, rel=0.05)
    # 12 hours of 10 a second and 11 of 30; of the hours with 1,000 at most a minute is left.
    assert rate(found) == pytest.approx(20.0, abs=1.0)
    town.start_again()
    town.look()
    assert foreseen(town) == found


def rate(found: Foreseen) -> float:
    (said,) = [said for said in found.said if said.startswith("errors:")]
    return float(said.split()[2])


def test_a_silent_observer_and_a_machine_that_slept_are_no_traffic() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    hours(town, 1, of=6000)
    town.clock.time += 3 * 3600.0
    town.look()
    town.runtime.say("delay", "production", silent=True)
    for _ in range(60):
        town.clock.time += 60.0
        town.look()
    town.runtime.say("delay", "production", silent=False)
    town.commit("two")
    town.faults.away = "measure"
    town.look()
    found = foreseen(town)
    assert rate(found) == pytest.approx(100.0, rel=0.05)
    assert found.measured_s == pytest.approx(3600.0, rel=0.05)


def test_a_guardrail_that_can_never_decide_is_a_finding() -> None:
    found = foreseen(coming(of=2))
    (finding,) = found.findings
    assert (finding.code, finding.place.file) == ("E204", "models/delay/model.yaml")
    assert "2 requests a second" in finding.why


def test_unknown_traffic_is_said_to_be_unknown() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("two")
    town.faults.away = "measure"
    town.settle()
    found = foreseen(town)
    assert (found.findings, found.reaches) == ((), ())
    assert "not known yet" in found.said[0]


def test_where_nothing_is_about_to_enter_nothing_is_foreseen() -> None:
    town = promoted()
    town.settle()
    assert list(foresee(gather(town.world, town.memory, "delay"))) == []


def test_the_status_says_how_many_false_aborts_to_expect() -> None:
    town = aborted()
    wish = Rollout()
    assert expected_false_aborts(town.state, wish, town.clock.now()) == pytest.approx(0.01)
    assert expected_false_aborts(town.state, wish, town.clock.now() + 366 * 86_400.0) == 0.0
