"""The loop over a world in memory: from a commit to production, and back."""

from tests.reconcile.town import Town

from headway.evidence.record import Released
from headway.plan.action import Nothing
from headway.spec.digest import digest


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


def test_a_good_candidate_is_promoted_on_live_windows() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=0)
    town.settle()
    assert town.stable() == "1.1.0"
    assert town.subjects()[-1] == "Promote delay 1.1.0 in production"
    assert town.runtime.observe("delay", "production").weights == {"1.1.0": 100.0, "1.0.0": 0.0}


def test_a_bad_candidate_is_aborted_and_the_model_held() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=20)
    town.settle()
    assert town.stable() == "1.0.0"
    assert town.memory.book.ledger.model("delay").hold
    assert town.runtime.observe("delay", "production").weights == {"1.0.0": 100.0}
    town.start_again()
    assert town.settle() == []


def test_a_rollout_goes_on_where_it_stood_after_a_restart() -> None:
    town = Town().with_a_candidate()
    for _ in range(5):
        town.traffic()
        town.look()
    before = town.rollout()
    town.start_again()
    town.look()
    assert town.rollout() == before
    town.roll_to_its_end(bad=0)
    assert town.stable() == "1.1.0"


def test_a_lost_state_begins_again_once_and_aborts_the_second_time() -> None:
    town = Town().with_a_candidate()
    town.traffic()
    town.look()
    town.runtime.memory.clear()
    town.look()
    assert town.rollout() is not None
    assert town.candidate() == "1.1.0"
    town.runtime.memory.clear()
    town.settle()
    assert not town.candidate()
    assert town.stable() == "1.0.0"


def test_a_rollout_that_cannot_decide_ends_at_its_deadline_on_stable() -> None:
    town = Town().with_a_candidate()
    town.clock.time += 120
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")


def test_the_record_tells_a_rollout_that_could_not_decide_from_one_that_showed_harm() -> None:
    ends = {}
    for bad in (0.0, 60.0):
        town = Town().with_a_candidate()
        for _ in range(65):
            town.traffic(bad=bad, of=400 if bad else 0)
            town.look()
        (ended,) = town.rollouts()
        ends[ended.outcome] = ended.rollout.expired
        assert released(town).how == "aborted"  # to stable, and held, both
        assert town.state.tries[town.state.versions[-1].bundle, "production"].outcome == ended.outcome
    assert ends == {"expired": True, "aborted": False}


def released(town: Town) -> Released:
    seen = town.records(Released)[-1].seen
    assert isinstance(seen, Released)
    return seen


def test_the_dead_man_switch_is_cleared_only_knowingly() -> None:
    town = Town().with_a_candidate()
    town.traffic()
    town.look()
    town.runtime.trip("delay", "production")
    town.look()
    assert town.runtime.observe("delay", "production").weights.get("1.1.0", 0.0) == 0.0
    town.look()
    assert town.runtime.observe("delay", "production").weights["1.1.0"] == 5.0


def test_a_rollback_goes_back_and_holds_until_resume() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=0)
    town.ask("rollback")
    town.settle()
    assert town.stable() == "1.0.0"
    town.commit("three")
    town.settle()
    assert town.stable() == "1.0.0"
    town.ask("resume")
    town.settle()
    assert town.candidate() == "1.2.0"


def test_the_commit_of_a_refusal_says_which_gate_and_what_would_have_passed() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("worse")
    town.assessor.auc[digest(b"worse")] = 0.55
    town.settle()
    said = " ".join(change.body for _, change in town.journal.line if "does not pass" in change.subject).split()
    assert "auc at least 0.6: auc is 0.5500" in " ".join(said)
    assert "it would have passed with at least 0.6" in " ".join(said)


def test_a_worse_version_is_refused_and_production_untouched() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.assessor.auc[digest(b"two")] = 0.65
    town.commit("two")
    lines = town.settle()
    assert town.stable("staging") == "1.0.0"
    assert any("does not pass" in line for line in lines)


def test_a_broken_spec_leaves_the_last_good_one_serving() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("one", more="  rollot: {}")
    town.settle()
    status = town.memory.last["delay"]
    assert any("rollot" in action.why for action in status if isinstance(action, Nothing))
    assert town.runtime.observe("delay", "production").weights == {"1.0.0": 100.0}


def test_a_direct_release_is_not_done_before_it_gets_the_requests() -> None:
    town = Town()
    town.commit("one", rollout="strategy: direct")
    town.settle()
    town.runtime.say("delay", "production", unready=frozenset({"1.1.0"}))
    town.commit("two", rollout="strategy: direct")
    for _ in range(3):
        done = town.look()
    assert town.stable() == "1.1.0"
    assert town.runtime.observe("delay", "production").weights["1.0.0"] == 100.0
    assert not done.settled
    town.runtime.say("delay", "production", unready=frozenset())
    town.look()
    assert town.look().settled
    assert town.runtime.observe("delay", "production").weights["1.1.0"] == 100.0


def test_the_picture_of_a_rollout_lies_in_the_store_and_the_record_names_it() -> None:
    for bad in (0.0, 30.0):
        town = Town().with_a_candidate()
        town.roll_to_its_end(bad=bad)
        (ended,) = town.rollouts()
        assert ended.rollout.windows
        drawn = town.store.read(ended.picture)
        assert drawn.startswith(b"<svg")
        assert ended.outcome.encode() in drawn


def test_a_store_that_is_away_delays_no_decision() -> None:
    town = Town().with_a_candidate()
    town.faults.silent = town.store
    town.roll_to_its_end(bad=30.0)
    (ended,) = town.rollouts()
    assert (ended.outcome, ended.picture, town.stable()) == ("aborted", "", "1.0.0")
