"""A newer version takes the place of a candidate on its way: only with its gates passed, and with the evidence kept."""

from tests.reconcile.town import Town

from headway.decide.rules import RULES
from headway.evidence.record import Released, RolledOut
from headway.evidence.verdict import Verdict
from headway.reconcile.book import Book
from headway.spec.digest import digest


def seen(town: Town, kind: type) -> list[tuple[object, tuple[Verdict, ...]]]:
    """What the records of one kind have seen, oldest first, each with its verdicts."""
    return [(record.seen, record.verdicts) for record in town.records(kind)]


def test_a_newer_version_supersedes_the_candidate_and_keeps_its_windows_in_the_same_commit() -> None:
    town = Town().with_a_candidate()
    town.roll(5)  # of which the candidate's first requests are not judged
    town.commit("three")
    town.settle()
    assert (town.stable(), town.candidate()) == ("1.0.0", "1.2.0")
    assert town.subjects()[-1] == "Start the rollout of delay 1.2.0 in production, superseding 1.1.0"
    (ended, verdicts) = seen(town, RolledOut)[-1]
    assert isinstance(ended, RolledOut)
    assert (ended.outcome, ended.rollout.candidate.version, len(ended.rollout.windows)) == ("superseded", "1.1.0", 4)
    (verdict,) = verdicts
    assert RULES[verdict.rule](verdict.inputs).numbers == verdict.numbers
    (last, _) = seen(town, Released)[-1]
    assert isinstance(last, Released)
    assert "1.1.0 is superseded" in last.why
    assert not town.state.hold
    assert "1.1.0" not in town.weights()


def test_a_version_whose_gates_fail_supersedes_nothing() -> None:
    town = Town().with_a_candidate()
    town.assessor.auc[digest(b"three")] = 0.55
    town.commit("three")
    town.settle()
    assert town.candidate() == "1.1.0"
    town.roll_to_its_end()
    assert town.stable() == "1.1.0"


def test_the_way_of_the_superseding_version_begins_at_nothing_and_ends_as_any_other() -> None:
    town = Town().with_a_candidate()
    town.roll(4)
    town.commit("three")
    town.settle()
    rollout = town.rollout()
    assert rollout
    assert (rollout.windows, rollout.restarts, rollout.lost) == ((), 0, 0)
    town.roll_to_its_end()
    town.settle()
    assert town.stable() == "1.2.0"


def test_a_superseded_version_is_not_tried_again_by_automation_and_by_a_person_with_stricter_limits() -> None:
    town = Town().with_a_candidate()
    town.roll(2)
    town.commit("three")
    town.settle()
    town.commit("two")
    town.settle()
    assert town.candidate() == "1.2.0"
    town.ask("promote", "1.1.0")
    town.settle()
    assert town.candidate() == "1.1.0"
    rollout = town.rollout()
    assert rollout
    assert rollout.restarts == 1


def test_a_version_that_a_hold_keeps_out_supersedes_nothing() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=20)
    town.commit("three")
    town.settle()
    town.ask("promote", "1.2.0")
    town.settle()
    assert (town.candidate(), bool(town.state.hold)) == ("1.2.0", True)
    town.commit("four")
    town.settle()
    assert town.candidate() == "1.2.0"


def superseded() -> Town:
    town = Town().with_a_candidate()
    town.commit("three")
    town.settle()
    assert town.candidate() == "1.2.0"
    return town


def test_a_start_never_undoes_the_promotion_of_the_same_pass() -> None:
    twin, town, looks = superseded(), superseded(), 0
    while twin.candidate():
        twin.roll(1)
        looks += 1
    assert twin.stable() == "1.2.0"
    town.roll(looks - 1)
    assert town.candidate() == "1.2.0"
    town.ask("promote", "1.1.0")
    town.roll(1)
    town.settle()
    standing = town.state.standing["production"]
    assert standing.stable
    assert (standing.stable.version, town.candidate(), standing.over) == ("1.2.0", "1.1.0", standing.stable)


def test_a_persons_abort_and_rollback_keep_the_candidates_windows_too() -> None:
    for action in ("abort", "rollback", "retire"):
        town = Town().with_a_candidate()
        town.roll(5)
        town.ask(action)
        town.settle()
        (ended, verdicts) = seen(town, RolledOut)[-1]
        assert isinstance(ended, RolledOut)
        assert (ended.outcome, len(ended.rollout.windows), len(verdicts)) == ("aborted", 4, 1)
        assert town.candidate() == ""


def test_a_promotion_asked_for_ends_with_its_start() -> None:
    town = Town().with_a_candidate()
    town.roll_to_its_end(bad=20)
    town.ask("promote", "1.1.0")
    town.settle()
    assert town.candidate() == "1.1.0"
    assert Book(town.journal, None, town.clock).follow().model("delay").pending == ()
