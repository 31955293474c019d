"""An experiment of three versions: who leaves it, who wins, what Git says, and what runs when it is over."""

from collections.abc import Mapping
from copy import copy

import pytest
from msgspec import structs
from tests.reconcile.test_ab import GUARDED, Shop
from tests.reconcile.town import Town, sound

from headway.decide.rules import RULES
from headway.evidence.record import Released
from headway.evidence.verdict import Verdict
from headway.evidence.window import Arm, total
from headway.plan.action import Nothing
from headway.plan.wanted import next_actions
from headway.reconcile.foreseeing import foresee
from headway.reconcile.gather import gather
from headway.reconcile.status import status_of
from headway.render.traffic.envoy.names import GROUPS
from headway.spec.digest import digest

AB = "strategy: ab\n    ab: {{header: x-user-id, wins_when: {when}, also: [{also}]}}"


class Fair:
    """A town with 1.0.0, and with 1.1.0 and 1.2.0 on their way beside each other; of 1,000 requests so many fail."""

    def __init__(
        self, rates: Mapping[str, int], *, when: str = "better", shop: Shop | None = None, more: str = ""
    ) -> None:
        self.town, self.rates, self.second, self.shop = Town(), rates, 0, shop
        if shop:
            shop.scrape(self.town)
        for script, also in (("one", ""), ("two", ""), ("three", '"1.1.0"')):
            self.town.commit(script, rollout=AB.format(when=when, also=also) + (GUARDED if shop else more))
            self.town.settle()
        none = Arm(slower=(0,) * len(self.town.runtime.observe("delay", "production").edges_ms))
        self.sums = {version: [none] * GROUPS for version in rates}

    def beside(self) -> "Fair":
        """Another world that stands where this one stands, with a process of its own; without a shop."""
        other = copy(self)
        other.town, other.sums = self.town.beside(), {version: [*arms] for version, arms in self.sums.items()}
        return other

    def count(self) -> None:
        """A second of requests of every version that has users."""
        for version, bad in self.rates.items():
            users = 2 if version == "1.0.0" else 1
            if self.town.weights().get(version):
                self.sums[version] = [
                    structs.replace(
                        arm,
                        starts=arm.starts + users * (1000 + (at + self.second) % 5),
                        errors=arm.errors + users * (bad + (at + self.second) % 3),
                    )
                    for at, arm in enumerate(self.sums[version])
                ]
        groups = {version: tuple(arms) for version, arms in self.sums.items()}
        counts = {version: total(arms) for version, arms in groups.items()}
        self.town.runtime.say("delay", "production", groups=groups, counts=counts)
        self.second += 1
        self.town.clock.time += 1.0
        if self.shop:
            self.shop.sell(self.town)

    def go_on(self, seconds: int) -> None:
        """So many seconds, or fewer where it ends before."""
        for _ in range(seconds):
            self.count()
            self.town.look()
            sound(self.town)
            if not self.town.candidate():
                return

    def to_the_end(self) -> Verdict:
        """Its verdict, in the commit that ended it."""
        self.go_on(80)
        self.town.settle()
        assert not self.town.candidate()
        return self.town.last_verdict()


EVEN = {"1.0.0": 20, "1.1.0": 20, "1.2.0": 20}


def split(town: Town) -> dict[str, tuple[float, float]]:
    """Each version's weight, and the part of its users that stable answers, in the order of the route."""
    force = town.runtime.places["production.delay"].force
    assert force is not None
    return {back.version: (back.weight, back.returned) for back in force.route.backends}


def outcomes(town: Town) -> dict[str, str]:
    """How each version's way ended, by its number."""
    return {made.version: town.state.tries[made.bundle, "production"].outcome for made in town.state.versions}


def test_git_names_every_version_before_users_are_dealt_evenly_to_it() -> None:
    fair = Fair(EVEN)
    standing = fair.town.state.standing["production"]
    assert [served.version for served in standing.coming] == ["1.2.0", "1.1.0"]
    release = fair.town.journal.files("releases")["releases/production/delay.yaml"]
    assert b"also:" in release
    assert "releases/production/delay-1.1.0.dsse.json" in fair.town.journal.files("releases")
    fair.go_on(2)
    assert split(fair.town) == {"1.0.0": (50.0, 0.0), "1.2.0": (25.0, 0.0), "1.1.0": (25.0, 0.0)}


def test_the_better_one_wins_and_the_commit_tells_of_each() -> None:
    fair = Fair({"1.0.0": 20, "1.1.0": 10, "1.2.0": 20})
    verdict = fair.to_the_end()
    assert (fair.town.stable(), verdict.rule) == ("1.1.0", "ab/2")
    assert verdict.why.startswith("1.1.0 wins")
    for arm, rate in (("1.0.0", 0.021), ("1.1.0", 0.011), ("1.2.0", 0.021), ("1.1.0 difference", -0.01)):
        assert verdict.numbers[f"errors {arm} low"] < rate < verdict.numbers[f"errors {arm} high"]
    assert RULES["ab/2"](verdict.inputs).numbers == verdict.numbers
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "promoted", "1.2.0": "superseded"}
    assert fair.town.subjects()[-1] == "Promote delay 1.1.0 in production"
    assert set(fair.town.weights()) <= {"1.0.0", "1.1.0"}
    assert fair.town.weights()["1.1.0"] == 100.0
    drawn = fair.town.store.read(fair.town.rollouts()[-1].picture).decode()
    assert "delay 1.2.0, 1.1.0 beside 1.0.0 in production, between users: promoted" in drawn


def test_the_winner_waits_for_an_approval_of_its_own() -> None:
    fair = Fair({"1.0.0": 20, "1.1.0": 10, "1.2.0": 20}, more="\n    approve_at: [100]")
    fair.town.approve("1.2.0", 100.0)
    fair.go_on(3)
    rollout = fair.town.rollout()
    assert rollout
    assert (rollout.heir.version, rollout.awaits, fair.town.stable()) == ("1.1.0", 100.0, "1.0.0")
    assert "`headway approve delay@1.1.0 --to production --at 100`" in rollout.why
    fair.town.approve("1.1.0", 100.0)
    fair.to_the_end()
    assert fair.town.stable() == "1.1.0"


def test_the_one_that_sells_most_wins_though_another_that_sells_less_has_left() -> None:
    fair = Fair(EVEN, shop=Shop(20, 30, 8))
    verdict = fair.to_the_end()
    assert (fair.town.stable(), verdict.why.partition(" at look")[0]) == ("1.1.0", "1.1.0 wins")
    assert "1.2.0 dropped at look" in verdict.why
    for arm, rate in (("1.0.0", 0.105), ("1.1.0", 0.155), ("1.2.0", 0.045)):
        assert verdict.numbers[f"orders {arm} low"] < rate < verdict.numbers[f"orders {arm} high"]
    assert RULES["ab/2"](verdict.inputs).numbers == verdict.numbers


def test_one_that_is_worse_leaves_and_the_places_of_the_others_stay() -> None:
    fair = Fair({"1.0.0": 20, "1.1.0": 20, "1.2.0": 60})
    fair.go_on(8)
    assert fair.town.candidate() == "1.2.0"
    assert split(fair.town) == {"1.0.0": (75.0, 0.0), "1.2.0": (0.0, 25.0), "1.1.0": (25.0, 0.0)}
    before = fair.town.rollout()
    fair.town.start_again()
    fair.go_on(4)
    after = fair.town.rollout()
    assert before
    assert after
    assert before.experiment
    assert after.experiment
    assert (after.dropped, after.state) == ({"1.2.0"}, "running")
    assert after.experiment.dropped == before.experiment.dropped
    assert after.experiment.windows > before.experiment.windows
    verdict = fair.to_the_end()
    assert (fair.town.stable(), str(verdict.answer)) == ("1.0.0", "undecided")
    assert "1.2.0 dropped at look" in verdict.why
    assert RULES["ab/2"](verdict.inputs).numbers == verdict.numbers
    assert outcomes(fair.town)["1.2.0"] == "aborted"


def test_the_other_may_win_after_one_has_left() -> None:
    fair = Fair({"1.0.0": 20, "1.1.0": 14, "1.2.0": 60})
    verdict = fair.to_the_end()
    assert (fair.town.stable(), str(verdict.answer)) == ("1.1.0", "pass")
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "promoted", "1.2.0": "aborted"}
    assert "1.2.0" not in fair.town.replicas()


def test_when_all_are_worse_it_aborts_and_nothing_of_it_runs() -> None:
    fair = Fair({"1.0.0": 20, "1.1.0": 60, "1.2.0": 60})
    verdict = fair.to_the_end()
    assert (fair.town.stable(), str(verdict.answer)) == ("1.0.0", "fail")
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "aborted", "1.2.0": "aborted"}
    assert list(fair.town.replicas()) == ["1.0.0"]


@pytest.mark.parametrize("action", ["abort", "rollback"])
def test_a_person_ends_all_of_it_at_once(action: str) -> None:
    fair = Fair(EVEN)
    fair.go_on(3)
    fair.town.ask(action)
    fair.town.settle()
    assert (fair.town.candidate(), fair.town.stable()) == ("", "1.0.0")
    assert list(fair.town.replicas()) == ["1.0.0"]
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "aborted", "1.2.0": "aborted"}


def test_a_newer_version_takes_the_place_of_all() -> None:
    fair = Fair(EVEN)
    fair.go_on(3)
    fair.town.commit("four", rollout=AB.format(when="better", also='"1.2.0"'))
    fair.town.settle()
    assert [served.version for served in fair.town.state.standing["production"].coming] == ["1.3.0", "1.2.0"]
    assert "1.1.0" not in fair.town.replicas()
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "superseded", "1.2.0": "", "1.3.0": ""}


def test_a_state_that_is_lost_begins_again_with_the_same_versions_and_the_second_time_ends() -> None:
    fair = Fair(EVEN)
    fair.go_on(3)
    for lost in (1, 2):
        fair.town.runtime.remember("rollout/production/delay", b"")
        fair.town.start_again()
        fair.town.settle()
        if lost == 1:
            rollout = fair.town.rollout()
            assert rollout
            assert [arm.version for arm in rollout.arms] == ["1.2.0", "1.1.0"]
            assert (rollout.lost, rollout.restarts) == (1, 2)
    assert (fair.town.candidate(), list(fair.town.replicas())) == ("", ["1.0.0"])


def test_without_a_winner_each_may_be_named_again_and_is_judged_more_strictly() -> None:
    fair = Fair(EVEN)
    fair.to_the_end()
    assert outcomes(fair.town) == {"1.0.0": "promoted", "1.1.0": "expired", "1.2.0": "expired"}
    fair.town.ask("resume")
    fair.town.commit("four", rollout=AB.format(when="better", also='"1.1.0"'))
    fair.town.settle()
    rollout = fair.town.rollout()
    assert rollout
    # 1.1.0 was begun alone, and beside 1.2.0.
    assert ([arm.version for arm in rollout.arms], rollout.restarts) == (["1.3.0", "1.1.0"], 2)


@pytest.mark.parametrize(
    ("also", "why"),
    [
        ('"9.9.9"', "9.9.9 of `ab.also` was never made"),
        ('"1.0.0"', "1.0.0 of `ab.also` is the stable version already"),
        ('"1.1.0"', "1.1.0 of `ab.also` was aborted here"),
    ],
)
def test_no_experiment_starts_with_a_version_that_cannot_be_had(also: str, why: str) -> None:
    town = Town().with_a_candidate()
    town.ask("abort")
    town.settle()
    town.ask("resume")
    town.commit("three", rollout=AB.format(when="better", also=also))
    town.settle()
    assert not town.candidate()
    (nothing,) = (action for action in town.actions() if isinstance(action, Nothing))
    assert why in nothing.why


def test_a_version_whose_gates_fail_today_is_no_arm() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    town.assessor.auc[digest(b"two")] = 0.55
    town.commit("two")
    town.settle()
    town.commit("three", rollout=AB.format(when="better", also='"1.1.0"'))
    town.settle()
    assert not town.candidate()
    (nothing,) = (action for action in town.actions() if isinstance(action, Nothing))
    assert "1.1.0 of `ab.also` refused: auc" in nothing.why


def test_each_is_measured_against_the_live_version_before_it_starts() -> None:
    fair = Fair(EVEN)
    started = [record.seen for record in fair.town.records(Released)][-1]
    assert isinstance(started, Released)
    assert [served.version for served in started.entered] == ["1.2.0", "1.1.0"]
    over = fair.town.state.standing["production"].over
    for served in started.entered:
        judged = [judged for judged in fair.town.state.judged if judged.served == served]
        assert (judged[-1].passed, judged[-1].over) == (True, over)


def test_the_plan_says_the_replicas_of_all_and_the_status_shows_all() -> None:
    more = "  serve: {replicas: {min: 3, max: 3}}"
    town, ninety = Town(), AB.replace("header", "share: 90, header")
    for script, also in (("one", ""), ("two", ""), ("three", '"1.1.0"')):
        town.commit(script, more, rollout=ninety.format(when="better", also=also))
        town.faults.away = "measure" if also else ""
        town.settle()
    (found,) = foresee(gather(town.world, town.memory, "delay"))
    # 45 % of three replicas are two, of each.
    assert (found.version, found.replicas, found.peak_replicas) == ("1.2.0", 3, 7)
    town.faults.away = ""
    town.settle()
    assert town.replicas() == {"1.0.0": 3, "1.1.0": 2, "1.2.0": 2}
    scene = gather(town.world, town.memory, "delay")
    place = status_of(scene.facts, next_actions(scene.facts), dict(scene.observed)).places[1]
    assert (place.stable, place.candidate, place.also) == ("1.0.0", "1.2.0", ("1.1.0",))
    assert place.ready.keys() == {"1.0.0", "1.1.0", "1.2.0"}
