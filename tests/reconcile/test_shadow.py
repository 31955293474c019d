"""A shadow from its start to its end: copies, pairs cut into windows, and a promotion that is in the record."""

from tests.reconcile.town import Town

from headway.evidence.envelope import open_unverified
from headway.evidence.pairs import APART, Pairs
from headway.evidence.record import RolledOut

ROLLOUT = "strategy: shadow\n    shadow: {agree_at_least: 95%}"


def shadow(differ: float) -> Town:
    """Windows until it ends; of the pairs a share differs."""
    town = Town().with_a_candidate(rollout=ROLLOUT)
    total = differing = 0
    for _ in range(55):
        town.traffic()
        total += round(400 * town.weights()["1.1.0"] / 100)
        differing = round(total * differ)
        told = Pairs(pairs=total, differ=differing, apart=tuple(differing for _ in APART))
        town.runtime.say("delay", "production", pairs=told)
        town.look()
        if not town.candidate():
            return town
    raise AssertionError("the rollout never ended")


def ended(town: Town) -> RolledOut:
    """The record of the rollout."""
    for commit in town.journal.commits():
        for path, data in commit.files.items():
            record = open_unverified(data) if path.startswith("evidence/") and data is not None else None
            if record and isinstance(record.seen, RolledOut):
                return record.seen
    raise AssertionError("no rollout ended")


def test_stable_answers_everything_until_the_shadow_is_promoted_with_its_pairs_in_the_record() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.look()
    force = town.runtime.places["production.delay"].force
    assert force is not None
    assert force.route.split == "copies"
    town = shadow(0.0)
    town.settle()
    assert town.stable() == "1.1.0"
    force = town.runtime.places["production.delay"].force
    assert force is not None
    assert force.route.split == "answers"
    seen = ended(town)
    # The pairs of the windows, not the observer's sums, make the record.
    assert seen.rollout.tally is not None
    assert seen.rollout.tally.pairs is not None
    assert seen.rollout.tally.pairs.pairs == sum(each.pairs.pairs for each in seen.rollout.windows if each.pairs)
    assert seen.rollout.tally.pairs.pairs <= sum(each.candidate.starts for each in seen.rollout.windows)


def test_a_shadow_that_answers_otherwise_is_aborted_and_held() -> None:
    town = shadow(0.2)
    assert (town.stable(), ended(town).outcome) == ("1.0.0", "aborted")
    assert "agreement worse than tolerated" in town.state.hold


def test_a_shadow_without_a_pair_ends_on_stable_at_its_deadline() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    for _ in range(70):
        town.traffic()
        town.look()
    assert (town.stable(), town.candidate(), ended(town).outcome) == ("1.0.0", "", "expired")
