"""How a model stands, for whoever looks: the one that decides, and a reader without a key."""

from tests.reconcile.town import Town

from headway.plan.wanted import next_actions
from headway.reconcile.gather import gather
from headway.reconcile.once import refresh
from headway.reconcile.status import ModelStatus, status_of


def status(town: Town) -> ModelStatus:
    refresh(town.world, town.memory)
    scene = gather(town.world, town.memory, "delay")
    return status_of(scene.facts, next_actions(scene.facts), dict(scene.observed))


def without_a_key(town: Town) -> Town:
    """A new process on the same machine, that may sign nothing."""
    town.start_again()
    town.memory.book.signing = None
    return town


def test_a_rollout_is_under_way_for_a_reader_without_a_key_too() -> None:
    town = Town().with_a_candidate()
    town.roll(3)
    mine, theirs = status(town), status(without_a_key(town))
    for seen in (mine, theirs):
        assert (seen.state, seen.reason) == ("Reconciling", "Rollout")
        assert seen.message == "1.1.0 is on its way in production"
    assert theirs.places == mine.places


def test_what_is_stable_everywhere_is_ready_for_both() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    town.settle()
    mine, theirs = status(town), status(without_a_key(town))
    for seen in (mine, theirs):
        assert (seen.state, seen.reason, seen.message) == ("Ready", "Converged", "1.1.0 is stable everywhere")
