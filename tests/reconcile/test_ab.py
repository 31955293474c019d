"""An experiment from its start to the commit that tells of each arm, and of the winner or of none."""

from tests.reconcile.town import Town

from headway.evidence.envelope import open_unverified
from headway.evidence.record import RolledOut
from headway.evidence.verdict import Verdict
from headway.evidence.window import Arm
from headway.render.traffic.envoy import GROUPS

ROLLOUT = "strategy: ab\n    ab: {header: x-user-id}"


def experiment(rates: tuple[int, int], most: int = 80) -> Town:
    """Seconds of an experiment until it ends: of 1,000 requests of each group so many fail, stable's first."""
    town = Town().with_a_candidate(rollout=ROLLOUT)
    sums = {version: [Arm() for _ in range(GROUPS)] for version in ("1.0.0", "1.1.0")}
    for second in range(most):
        for version, bad in zip(sums, rates, strict=True):
            if town.weights().get(version):
                sums[version] = [
                    Arm(starts=arm.starts + 1000, errors=arm.errors + bad + (at + second) % 3, slower=())
                    for at, arm in enumerate(sums[version])
                ]
        groups = {version: tuple(arms) for version, arms in sums.items()}
        counts = {
            version: Arm(starts=sum(arm.starts for arm in arms), errors=sum(arm.errors for arm in arms))
            for version, arms in groups.items()
        }
        town.runtime.say("delay", "production", groups=groups, counts=counts)
        town.clock.time += 1.0
        town.look()
        if not town.candidate():
            return town
    raise AssertionError("the experiment never ended")


def ended(town: Town) -> tuple[RolledOut, Verdict]:
    """The record of the experiment, and its verdict."""
    for commit in town.journal.commits():
        for path, data in commit.files.items():
            record = open_unverified(data) if path.startswith("evidence/") and data is not None else None
            if record and isinstance(record.seen, RolledOut):
                return record.seen, record.verdicts[0]
    raise AssertionError("no experiment ended")


def test_a_winner_is_promoted_by_a_commit_that_holds_each_arm_with_its_interval() -> None:
    town = experiment((20, 10))
    town.settle()
    seen, verdict = ended(town)
    assert (town.stable(), seen.outcome, verdict.rule) == ("1.1.0", "promoted", "ab/1")
    for arm, rate in (("1.0.0", 0.021), ("1.1.0", 0.011), ("difference", -0.01)):
        low, high = verdict.numbers[f"errors {arm} low"], verdict.numbers[f"errors {arm} high"]
        assert low < rate < high
    force = town.runtime.places["production.delay"].force
    assert force is not None
    assert force.route.split == "answers"


def test_no_winner_ends_at_the_deadline_with_the_same_numbers_in_git() -> None:
    town = experiment((20, 20))
    seen, verdict = ended(town)
    assert (town.stable(), seen.outcome, str(verdict.answer)) == ("1.0.0", "expired", "undecided")
    assert "no winner" in verdict.why
    assert verdict.numbers["errors difference low"] < 0 < verdict.numbers["errors difference high"]


def test_users_are_told_apart_as_the_spec_says() -> None:
    town = Town().with_a_candidate(rollout=ROLLOUT)
    town.look()
    force = town.runtime.places["production.delay"].force
    assert force is not None
    assert (force.route.split, force.route.header) == ("users", "x-user-id")
    assert dict(town.weights()) == {"1.0.0": 50.0, "1.1.0": 50.0}
