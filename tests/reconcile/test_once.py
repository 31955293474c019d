"""The loop over a world in memory: from a commit to production, and back."""

from tests.reconcile.town import Town


def test_the_first_version_reaches_production_through_staging() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    assert town.stable("staging") == town.stable("production") == "1.0.0"
    assert town.subjects() == [
        "List the signers",
        "Lock the data of delay",
        "Train delay 1.0.0",
        "Release delay 1.0.0 to staging",
        "Release delay 1.0.0 to production",
    ]


def test_the_second_pass_plans_nothing() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    applied = len(town.runtime.applied)
    again = town.look()
    assert again.settled
    assert again.lines == ()
    assert len(town.runtime.applied) == applied


def test_a_failed_training_is_recorded_and_tried_once() -> None:
    town = Town()
    town.commit("fail")
    town.settle()
    town.start_again()
    town.settle()
    assert town.trainer.trained == ["fail"]
    assert town.subjects()[-1] == "Training delay failed"


def test_changing_replicas_trains_nothing() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("one", more="  serve: {replicas: {min: 2, max: 3}}")
    town.settle()
    assert town.trainer.trained == ["one"]
    assert [work.wanted for work in town.runtime.observe("delay", "production").workloads] == [2]
