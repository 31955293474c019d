"""A step that waits for a person: who must say so, what it looks like meanwhile, and what an approval is worth."""

from tests.reconcile.town import Town

from headway.evidence.record import Released
from headway.plan.action import Roll, Wait
from headway.reconcile.gather import gather
from headway.reconcile.status import ModelStatus, status_of

ROLLOUT = "approve_at: [50, 100]"
FIRST = "headway approve delay@1.1.0 --to production --at 50"
LAST = "headway approve delay@1.1.0 --to production --at 100"


def waiting(town: Town) -> str:
    """The command that the plan waits for."""
    return next((action.why for action in town.actions() if isinstance(action, Wait)), "")


def status(town: Town) -> ModelStatus:
    scene = gather(town.world, town.memory, "delay")
    return status_of(scene.facts, town.actions(), dict(scene.observed))


def released(town: Town) -> Released:
    seen = town.records(Released)[-1].seen
    assert isinstance(seen, Released)
    return seen


def test_a_candidate_waits_at_its_stage_and_plan_and_status_say_what_to_type() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    assert waiting(town) == ""
    town.roll(40)
    assert (town.candidate(), town.weights()["1.1.0"]) == ("1.1.0", 5.0)
    assert [type(action) for action in town.actions()][:2] == [Roll, Wait]
    assert (waiting(town), status(town).help) == (f"`{FIRST}`", FIRST)
    (place,) = (place for place in status(town).places if place.environment == "production")
    assert f"waits for `{FIRST}`" in place.why
    town.approve("1.1.0", 50.0)
    town.look()
    assert (waiting(town), status(town).help) == ("", "")
    town.roll(1)
    assert town.weights()["1.1.0"] == 50.0
    town.roll(6)
    assert (waiting(town), town.stable()) == (f"`{LAST}`", "1.0.0")
    town.approve("1.1.0", 100.0)
    town.roll(1)
    town.settle()
    assert (town.stable(), town.candidate()) == ("1.1.0", "")


def test_a_promotion_names_the_approvals_that_it_rests_on() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.approve("1.1.0", 50.0)
    town.approve("1.1.0", 100.0)
    given = town.state.approved_at[town.state.versions[-1].bundle, "production"]
    town.roll_to_its_end()
    assert released(town).how == "promoted"
    assert released(town).evidence == (given[50.0], given[100.0])


def test_an_approval_before_the_start_counts() -> None:
    town = Town()
    town.commit("one", rollout=ROLLOUT)
    town.settle()
    frozen = "freeze: [{begin: 2020-01-01 00:00, end: 2040-01-01 00:00}]"
    town.commit("two", rollout=f"{ROLLOUT}\n    {frozen}")
    town.settle()
    assert town.candidate() == ""
    town.approve("1.1.0", 50.0)
    town.approve("1.1.0", 100.0)
    town.commit("two", rollout=ROLLOUT)
    town.settle()
    assert town.candidate() == "1.1.0"
    town.roll_to_its_end()
    assert town.stable() == "1.1.0"


def test_harm_aborts_a_candidate_that_waits_and_its_approvals_are_none_of_the_next_try() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.roll(20)
    town.approve("1.1.0", 50.0)
    town.approve("1.1.0", 100.0)
    town.roll_to_its_end(bad=60)
    assert (town.stable(), released(town).how) == ("1.0.0", "aborted")
    town.ask("promote", "1.1.0")
    town.settle()
    assert town.candidate() == "1.1.0"
    town.roll(45)
    assert (town.weights()["1.1.0"], waiting(town)) == (5.0, f"`{FIRST}`")


def test_its_deadline_ends_a_rollout_that_nobody_approves() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.roll(62)
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert "not decided by its deadline" in town.state.hold
    assert FIRST in town.state.hold


def test_an_approval_of_another_version_or_by_number_alone_raises_nothing() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.roll(20)
    town.approve("1.0.0", 50.0)
    town.ask("approve", "1.1.0")  # of the start
    town.roll(5)
    assert town.weights()["1.1.0"] == 5.0


def test_a_new_process_knows_what_was_approved_and_what_is_waited_for() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.roll(20)
    town.start_again()
    assert waiting(town) == f"`{FIRST}`"
    town.approve("1.1.0", 50.0)
    town.roll(3)
    assert town.weights()["1.1.0"] == 50.0


def test_an_approval_that_main_takes_back_its_wish_for_is_not_waited_for() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.roll(20)
    town.commit("two")
    town.roll_to_its_end()
    assert (town.stable(), released(town).evidence) == ("1.1.0", ())
