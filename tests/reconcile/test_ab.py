"""An experiment from its start to the commit that tells of each arm, and of the winner or of none."""

import pytest
from tests.reconcile.town import Town

from headway.evidence.envelope import open_unverified
from headway.evidence.record import RolledOut
from headway.evidence.verdict import Verdict
from headway.evidence.window import Arm
from headway.render.traffic.envoy.names import GROUPS

ROLLOUT = "strategy: ab\n    ab: {header: x-user-id}"


GUARDED = (
    "\n    guardrails: [{errors: rate}, {name: orders, prometheus: "
    """{good: 'orders_total{shop="eu",group="{group}"}', of: 'visits_total{shop="eu",group="{group}"}'}}]"""
)
SALES = f"strategy: ab{GUARDED}"


def experiment(rates: tuple[int, int], most: int = 80, *, rollout: str = ROLLOUT, shop: "Shop | None" = None) -> Town:
    """Seconds of an experiment until it ends: of 1,000 requests of each group so many fail, stable's first."""
    town = Town()
    if shop:
        shop.scrape(town)
    town.with_a_candidate(rollout=rollout)
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
        if shop:
            shop.sell(town)
        town.look()
        if not town.candidate():
            return town
    raise AssertionError("the experiment never ended")


class Shop:
    """Visits and orders by groups, scraped each second from two pods, far enough back to be settled."""

    def __init__(self, *orders: int, groups: int = GROUPS, reset: int = 0) -> None:
        self.orders = dict(zip(("1.0.0", "1.1.0", "1.2.0"), orders, strict=False))
        self.groups, self.reset, self.seconds = groups, reset, 0
        self.counts = {
            (name, version, number, pod): 0
            for name in ("visits_total", "orders_total")
            for version in self.orders
            for number in range(groups)
            for pod in "ab"
        }

    def sell(self, town: Town) -> None:
        """A second in which each group comes 200 times to each pod; so many of them order."""
        self.seconds += 1
        for name, version, number, pod in self.counts:
            if self.seconds == self.reset and pod == "a":
                self.counts[name, version, number, pod] = 0
            often = 200 if name == "visits_total" else self.orders[version] + (number + self.seconds) % 3
            self.counts[name, version, number, pod] += often
        self.scrape(town)

    def scrape(self, town: Town) -> None:
        """All counters as they stand, and one of another shop."""
        at = town.clock.time - 6.0
        for (name, version, number, pod), value in self.counts.items():
            town.metrics.add(f'{name}{{shop="eu",group="{version}/{number}",pod="{pod}"}}', at, value)
            town.metrics.add(f'{name}{{shop="us",group="{version}/{number}",pod="{pod}"}}', at, 7.0 * self.seconds)


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


@pytest.mark.parametrize("reset", [0, 3], ids=["counting on", "a pod began again"])
def test_a_version_that_sells_more_wins_by_the_counters_of_the_team(reset: int) -> None:
    town = experiment((20, 20), rollout=SALES, shop=Shop(20, 30, reset=reset))
    seen, verdict = ended(town)
    assert (seen.outcome, str(verdict.answer)) == ("promoted", "pass")
    for arm, rate in (("1.0.0", 0.105), ("1.1.0", 0.155), ("difference", 0.05)):
        assert verdict.numbers[f"orders {arm} low"] < rate < verdict.numbers[f"orders {arm} high"]
        assert verdict.numbers[f"orders {arm}"] == pytest.approx(rate, abs=1e-3)


def test_a_version_that_sells_less_is_aborted_by_the_counters_of_the_team() -> None:
    town = experiment((20, 20), rollout=SALES, shop=Shop(20, 12))
    seen, verdict = ended(town)
    assert (seen.outcome, str(verdict.answer)) == ("aborted", "fail")
    assert "1.1.0 is worse" in verdict.why


def test_counters_of_which_some_groups_are_missing_let_nobody_win() -> None:
    town = experiment((20, 20), rollout=SALES, shop=Shop(20, 30, groups=GROUPS - 1))
    seen, verdict = ended(town)
    assert (seen.outcome, str(verdict.answer)) == ("expired", "undecided")
