"""The loop over a world in memory: from a commit to production, and back."""

from tests.reconcile.town import CrashError, Town

from headway.evidence.record import Requested, Subject
from headway.evidence.window import Arm
from headway.plan.action import Nothing
from headway.reconcile.book import Draft
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


def counts(town: Town, *, bad: int, of: int = 400) -> None:
    """A second of traffic: `of` requests by the weights in force, `bad` percent of the candidate's fail."""
    seen = town.runtime.observe("delay", "production")
    before = town.arms
    arms = {}
    for version, weight in seen.weights.items():
        starts = round(of * weight / 100)
        old = before.get(version, Arm(slower=(0,) * len(seen.edges_ms)))
        errors = round(starts * bad / 100) if version == town.candidate() else 0
        arms[version] = Arm(starts=old.starts + starts, errors=old.errors + errors, slower=old.slower)
    town.arms = {**before, **arms}
    town.runtime.say("delay", "production", counts=town.arms)
    town.clock.time += 1.0


def a_candidate_on_its_way() -> Town:
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("two")
    town.settle()
    assert town.candidate() == "1.1.0"
    return town


def until_it_ends(town: Town, *, bad: int) -> None:
    for _ in range(55):
        counts(town, bad=bad)
        town.look()
        if not town.candidate():
            return
    raise AssertionError("the rollout never ended")


def test_a_good_candidate_is_promoted_on_live_windows() -> None:
    town = a_candidate_on_its_way()
    until_it_ends(town, bad=0)
    town.settle()
    assert town.stable() == "1.1.0"
    assert town.subjects()[-1] == "Promote delay 1.1.0 in production"
    assert town.runtime.observe("delay", "production").weights == {"1.1.0": 100.0, "1.0.0": 0.0}


def test_a_bad_candidate_is_aborted_and_the_model_held() -> None:
    town = a_candidate_on_its_way()
    until_it_ends(town, bad=20)
    town.settle()
    assert town.stable() == "1.0.0"
    assert town.memory.book.ledger.model("delay").hold
    assert town.runtime.observe("delay", "production").weights == {"1.0.0": 100.0}
    town.start_again()
    assert town.settle() == []


def test_a_rollout_goes_on_where_it_stood_after_a_restart() -> None:
    town = a_candidate_on_its_way()
    for _ in range(5):
        counts(town, bad=0)
        town.look()
    before = town.rollout()
    town.start_again()
    town.look()
    assert town.rollout() == before
    until_it_ends(town, bad=0)
    assert town.stable() == "1.1.0"


def test_a_lost_state_begins_again_once_and_aborts_the_second_time() -> None:
    town = a_candidate_on_its_way()
    counts(town, bad=0)
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
    town = a_candidate_on_its_way()
    town.clock.time += 120
    town.settle()
    assert (town.candidate(), town.stable()) == ("", "1.0.0")


def test_the_dead_man_switch_is_cleared_only_knowingly() -> None:
    town = a_candidate_on_its_way()
    counts(town, bad=0)
    town.look()
    town.runtime.trip("delay", "production")
    town.look()
    assert town.runtime.observe("delay", "production").weights.get("1.1.0", 0.0) == 0.0
    town.look()
    assert town.runtime.observe("delay", "production").weights["1.1.0"] == 5.0


def ask(town: Town, action: str, to: str = "") -> None:
    seen = Requested(action=action, to=to)  # type: ignore[arg-type]  # the table of actions
    draft = Draft(subject=Subject(model="delay", environment="production"), seen=seen)
    town.memory.book.write([draft], main=town.source.refresh().commit, subject=f"Ask to {action}")


def test_a_rollback_goes_back_and_holds_until_resume() -> None:
    town = a_candidate_on_its_way()
    until_it_ends(town, bad=0)
    ask(town, "rollback")
    town.settle()
    assert town.stable() == "1.0.0"
    town.commit("three")
    town.settle()
    assert town.stable() == "1.0.0"
    ask(town, "resume")
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


def test_a_crash_at_any_write_converges_to_the_same_end() -> None:
    """Each port call that changes the world fails once; a new process then comes to the same releases."""
    for boundary in range(24):
        town = Town()
        town.commit("one")
        town.crash_at(boundary)
        for _ in range(8):
            try:
                town.settle()
            except CrashError:
                town.start_again()
        assert town.stable("staging") == town.stable("production") == "1.0.0", boundary
        subjects = town.subjects()
        assert len(subjects) == len(set(subjects)), boundary
        assert town.trainer.trained.count("one") <= 2
