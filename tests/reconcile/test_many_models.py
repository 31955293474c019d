"""Several models in one repository: what is broken in one never touches another, and what serves goes on serving."""

import pytest
from tests.reconcile.town import Town

from headway.plan.action import Nothing
from headway.reconcile.ports import PortError, TrainJob, TrainResult
from headway.spec.digest import digest
from headway.spec.wish import Wish

OTHERS = {"price": "price one", "taxi": "taxi one"}


def three() -> Town:
    town = Town()
    town.commit("one", others=OTHERS)
    town.settle()
    assert [town.stable(model=name) for name in ("delay", "price", "taxi")] == ["1.0.0"] * 3
    return town


def serves(town: Town, model: str = "delay") -> list[str]:
    return [version for version, weight in town.runtime.observe(model, "production").weights.items() if weight > 0]


def test_a_broken_spec_stops_only_its_own_model_even_after_a_start() -> None:
    town = three()
    town.commit("one", "  rollot: {}", others=OTHERS | {"price": "price two"})
    town.start_again()
    town.settle()
    assert serves(town) == ["1.0.0"]
    assert town.runtime.observe("price", "production").weights["1.1.0"] > 0


def test_a_spec_that_breaks_while_a_candidate_is_on_its_way_leaves_it_guarded() -> None:
    town = Town().with_a_candidate()
    town.roll(3)
    town.commit("two", "  rollot: {}")
    town.start_again()
    town.roll_to_its_end(bad=30)
    assert (serves(town), town.stable()) == (["1.0.0"], "1.0.0")


def test_a_training_that_crashes_stops_only_its_own_model() -> None:
    town = three()
    town.commit("fail", others=OTHERS | {"price": "price two"})
    town.settle()
    assert town.stable("staging", "price") == "1.1.0"
    assert serves(town) == ["1.0.0"]


def test_a_trainer_that_cannot_work_at_all_is_told_and_stops_only_its_own_model() -> None:
    town = three()
    train = town.trainer.train

    def broken(job: TrainJob) -> TrainResult:
        if job.model.metadata.name == "delay":
            raise RuntimeError("the disk is on fire")
        return train(job)

    town.trainer.train = broken  # type: ignore[method-assign]
    town.commit("two", others=OTHERS | {"taxi": "taxi two"})
    town.settle()
    assert "the disk is on fire" in town.memory.troubles["delay"]
    assert town.stable("staging", "taxi") == "1.1.0"


def test_a_runtime_that_fails_for_one_model_is_told_and_the_others_go_on() -> None:
    town = three()
    town.runtime.faults["delay"] = PortError("the bundle of 1.0.0 is gone from the store")
    town.commit("two", others=OTHERS | {"price": "price two"})
    town.settle()
    assert "gone from the store" in town.memory.troubles["delay"]
    assert town.stable("staging", "price") == "1.1.0"
    town.runtime.faults.clear()
    town.settle()
    assert town.memory.troubles == {}
    assert town.candidate() == "1.1.0"


def test_a_deleted_model_goes_on_being_served_after_a_start_and_ends_only_by_retire() -> None:
    town = three()
    town.commit_without("delay")
    town.start_again()
    town.settle()
    assert serves(town) == ["1.0.0"]
    assert any(isinstance(action, Nothing) and "headway retire" in action.why for action in town.memory.last["delay"])
    for environment in ("staging", "production"):
        town.ask("retire", environment=environment)
    town.settle()
    assert serves(town) == []
    assert "delay" not in [action.model for action in town.look().actions]


def test_a_deleted_model_can_still_be_rolled_back() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end()
    town.settle()
    town.commit_without("delay")
    town.start_again()
    town.ask("rollback")
    town.settle()
    assert serves(town) == ["1.0.0"]


def test_a_retired_place_is_entered_again_only_when_a_person_says_so() -> None:
    town = three()
    town.ask("retire")
    town.commit("two", others=OTHERS)
    town.settle()
    assert (town.stable(), serves(town), town.stable("staging")) == ("", [], "1.1.0")
    town.ask("promote", "1.1.0")
    town.settle()
    assert serves(town) == ["1.1.0"]


def test_when_no_spec_can_be_read_at_all_nothing_that_runs_is_touched() -> None:
    town = three()
    town.commit_without("delay")
    town.start_again()
    read = town.memory.read_wish

    def forgetful(commit: str) -> Wish:
        if commit != town.source.head:
            raise PortError(f"{commit} lies beyond the edge of this shallow clone")
        return read(commit)

    town.memory.read_wish = forgetful
    town.settle()
    assert serves(town) == ["1.0.0"]


def test_a_broken_project_file_touches_nothing_that_runs() -> None:
    town = three()
    tree = town.source.trees[town.source.head]
    town.source.commit(tree | {"headway.yaml": b"apiVersion: [\n"})
    town.start_again()
    town.settle()
    assert [serves(town, name) for name in ("delay", "price", "taxi")] == [["1.0.0"]] * 3


@pytest.mark.parametrize("auc", [0.55, 0.7])
def test_a_refused_model_and_a_promoted_one_do_not_meet(auc: float) -> None:
    town = three()
    town.assessor.auc[digest(b"two")] = auc
    town.commit("two", others=OTHERS | {"price": "price two"})
    town.settle()
    assert town.stable("staging", "price") == "1.1.0"
    assert town.stable("staging") == ("1.1.0" if auc > 0.6 else "1.0.0")
