"""Sources of guardrails beside the router: what they say becomes windows, and their silence parks or holds."""

import pytest
from tests.reconcile.town import Town

from headway.evidence.merging import minus
from headway.evidence.summary import ColumnSummary, Summary
from headway.evidence.window import Part
from headway.reconcile.ports import PodSummary, PortError
from headway.reconcile.samples import distribution

EDGES, FINER = (0.0, 0.25, 0.5, 0.75), (0.0, 0.125, 0.25, 0.375, 0.5)


def summary(counts: tuple[int, ...], edges: tuple[float, ...] = EDGES, *, missing: int = 0) -> Summary:
    column = ColumnSummary(name="prediction:probabilities", edges=edges, counts=counts, missing=missing)
    return Summary(rows=sum(counts) + missing, columns=(column,))


def pod(version: str, seen: Summary, name: str = "") -> PodSummary:
    return PodSummary(pod=name or f"pod-{version}", version=version, summary=seen)


def nothing(pods: tuple[PodSummary, ...]) -> tuple[PodSummary, ...]:
    """The same pods before their first row."""
    return tuple(
        PodSummary(pod=each.pod, version=each.version, summary=minus(each.summary, each.summary)) for each in pods
    )


def test_two_versions_with_bins_of_their_own_are_compared_where_both_cut() -> None:
    before = (pod("1", summary((0, 1, 1, 1, 1))), pod("2", summary((0, 5, 5, 5, 5, 5), FINER)))
    after = (pod("1", summary((0, 11, 21, 31, 41), missing=2)), pod("2", summary((1, 6, 7, 8, 9, 10), FINER)))
    found = distribution("predictions", before, after, control="1", candidate="2")
    assert found
    assert found.parts == (
        Part(name=">= 0.0", bad=15, of=16, control_bad=100, control_of=102),
        Part(name=">= 0.25", bad=12, of=16, control_bad=90, control_of=102),
        Part(name=">= 0.5", bad=5, of=16, control_bad=70, control_of=102),
        Part(name="missing", bad=0, of=16, control_bad=2, control_of=102),
    )


def test_classes_that_one_version_does_not_know_are_together_with_all_others() -> None:
    mine = ColumnSummary(name="prediction:label", levels=("yes", "maybe"), counts=(3, 4), other=5)
    beside = ColumnSummary(name="prediction:label", levels=("no", "yes"), counts=(10, 20))
    after = (pod("1", Summary(rows=30, columns=(beside,))), pod("2", Summary(rows=12, columns=(mine,))))
    found = distribution("predictions", nothing(after), after, control="1", candidate="2")
    assert found
    assert [(part.name, part.bad, part.control_bad) for part in found.parts] == [
        ("class yes", 3, 20),
        ("another class", 9, 10),
        ("missing", 0, 0),
    ]


@pytest.mark.parametrize(
    "after",
    [
        (),
        (pod("1", summary((1, 1, 1, 1, 1))),),
        (pod("1", summary((1, 1, 1, 1, 1))), pod("2", summary((1, 1), (0.3,)))),
        (pod("1", summary((1, 1, 1, 1, 1))), pod("2", Summary(rows=9, columns=()))),
    ],
    ids=["nobody", "one version", "no cut in common", "no predictions"],
)
def test_without_anything_to_compare_there_is_no_sample(after: tuple[PodSummary, ...]) -> None:
    assert distribution("predictions", nothing(after), after, control="1", candidate="2") is None


def test_a_pod_that_began_again_counts_from_nothing() -> None:
    before = (pod("1", summary((0, 50, 50, 0, 0))), pod("2", summary((0, 0, 0, 0, 0))))
    after = (pod("1", summary((0, 3, 4, 0, 0))), pod("2", summary((0, 1, 1, 0, 0))))
    found = distribution("predictions", before, after, control="1", candidate="2")
    assert found
    assert (found.parts[1].control_of, found.parts[1].of) == (7, 2)


def test_a_pod_that_was_not_heard_at_the_start_of_a_window_is_not_counted_in_it() -> None:
    long_ago = pod("1", summary((0, 500, 500, 0, 0)))
    before = (pod("1", summary((0, 5, 5, 0, 0)), "beside"), pod("2", summary((0, 0, 0, 0, 0))))
    after = (long_ago, pod("1", summary((0, 8, 9, 0, 0)), "beside"), pod("2", summary((0, 1, 1, 0, 0))))
    found = distribution("predictions", before, after, control="1", candidate="2")
    assert found
    assert (found.parts[0].control_of, found.parts[0].of) == (7, 2)
    assert distribution("predictions", before[1:], (long_ago, after[2]), control="1", candidate="2") is None


# -- whole rollouts

GUARDED = "guardrails: [{errors: rate}, {predictions: distribution, differs_by_at_most: 10pp, tolerate: 5pp%s}]"


class Answers:
    """What the model servers of a town have answered so far."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.counts = {"1.0.0": [0] * 5, "1.1.0": [0] * 5}

    def roll(self, windows: int, *, moved: int = 0, silent: str = "") -> None:
        """Windows in which percent of the candidate's scores lie one bin higher; a silent version tells nothing."""
        for _ in range(windows):
            if not self.town.candidate():
                return
            for version, counts in self.counts.items():
                rows = round(400 * self.town.weights().get(version, 0.0) / 100)
                up = round(rows * moved / 100) if version == "1.1.0" else 0
                counts[1] += rows // 2 - up
                counts[2] += rows - rows // 2 + up
            told = tuple(pod(one, summary(tuple(counts))) for one, counts in self.counts.items() if one != silent)
            self.town.runtime.say("delay", "production", summaries=told)
            self.town.traffic()
            self.town.look()


def begun(more: str = "") -> tuple[Town, Answers]:
    town = Town()
    answers = Answers(town)
    town.runtime.say("delay", "production", summaries=tuple(pod(one, summary((0,) * 5)) for one in answers.counts))
    return town.with_a_candidate(rollout=GUARDED % more), answers


def test_a_candidate_that_answers_alike_is_promoted() -> None:
    town, answers = begun()
    answers.roll(55)
    assert town.stable() == "1.1.0"


def test_a_candidate_that_answers_otherwise_is_aborted_though_it_makes_no_errors() -> None:
    town, answers = begun()
    answers.roll(55, moved=40)
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert "predictions" in town.state.hold


@pytest.mark.parametrize("silent", ["1.0.0", "1.1.0"])
def test_a_version_whose_servers_tell_nothing_is_parked_until_they_do(silent: str) -> None:
    town, answers = begun()
    answers.roll(3)
    answers.roll(5, silent=silent)
    rollout = town.rollout()
    assert rollout
    assert (rollout.state, town.weights()["1.1.0"]) == ("parked", 0.0)
    assert "the guardrail predictions" in rollout.why
    answers.roll(40)
    assert town.stable() == "1.1.0"


def test_silence_that_the_spec_lets_pass_holds_and_ends_at_the_deadline() -> None:
    town, answers = begun(", silence: hold")
    answers.roll(3)
    answers.roll(30, silent="1.1.0")
    rollout = town.rollout()
    assert rollout
    assert (rollout.state, rollout.stage) == ("running", 0)
    answers.roll(40, silent="1.1.0")
    assert (town.candidate(), town.stable()) == ("", "1.0.0")


LABELLED = "guardrails: [{errors: rate}, {quality: accuracy, labels_within: 10s}]"


def with_labels() -> Town:
    return Town().with_a_candidate("  serve: {records: {sample: 100%}}", rollout=LABELLED)


def matured(town: Town, windows: int, *, wrong: int = 10, versions: tuple[str, ...] = ("1.0.0", "1.1.0")) -> None:
    """Windows in which each version predicts 200 rows that get their labels; percent of the candidate's are wrong."""
    for _ in range(windows):
        if not town.candidate():
            return
        at = town.clock.time
        for version in versions:
            bad = 2 * (wrong if version == "1.1.0" else 10)
            town.labels.predicted(f"{version} {at}", version, [0] * bad + [1] * (200 - bad), at=at)
            for row in range(200):
                town.labels.labelled(f"{version} {at}", 1, row=row, at=at + 1.0)
        town.traffic()
        town.look()


def test_without_labels_a_candidate_rises_to_its_last_stage_and_waits_there_until_the_deadline() -> None:
    town = with_labels()
    town.roll(25)
    rollout = town.rollout()
    assert rollout
    assert (rollout.state, rollout.stage, town.labels.asked[0]) == ("running", 1, 10.0)
    town.roll(40)
    assert (town.candidate(), town.stable()) == ("", "1.0.0")


def test_a_candidate_that_is_as_often_right_is_promoted() -> None:
    town = with_labels()
    matured(town, 50)
    assert town.stable() == "1.1.0"


def test_a_candidate_that_is_wrong_more_often_is_aborted_by_its_labels() -> None:
    town = with_labels()
    matured(town, 50, wrong=25)
    assert (town.candidate(), town.stable()) == ("", "1.0.0")
    assert "accuracy worse than tolerated" in town.state.hold


@pytest.mark.parametrize("silent", ["all", "candidate", "stable", "failing", "beginning again"])
def test_labels_that_do_not_come_promote_nothing(silent: str) -> None:
    town = with_labels()
    matured(town, 12, versions=("1.0.0", "1.1.0") if silent in {"failing", "beginning again"} else ())
    for _ in range(28):
        match silent:
            case "candidate":
                matured(town, 1, versions=("1.0.0",))
            case "stable":
                matured(town, 1, versions=("1.1.0",))
            case "failing":
                town.labels.fault = PortError("the database is locked")
                town.roll(1)
            case "beginning again":
                for row in list(town.labels.rows)[:100]:
                    del town.labels.rows[row]
                town.roll(1)
            case _:
                town.roll(1)
    rollout = town.rollout()
    assert rollout
    assert (rollout.state, rollout.stage) == ("running", 1)


MEASURED = (
    """guardrails: [{errors: rate}, {prometheus: {bad: 'declined{v="{version}"}', of: 'orders{v="{version}"}'}%s}]"""
)

WISHED = MEASURED.replace("{bad:", "{good:")


class Shop:
    """A town whose orders are scraped each second, far enough back that a window sees what is settled.

    Of the hour before, 400 orders a minute are known, with 10 % declined: all of those in every so many minutes.
    """

    def __init__(self, more: str = "", *, asked: str = MEASURED, every: int = 0) -> None:
        self.town = Town()
        self.counts = {version: [1000.0, 100.0] for version in ("1.0.0", "1.1.0")}
        for minute in range(60, 0, -1) if every else ():
            self.scrape(("1.0.0",), at=self.town.clock.time - 60.0 * minute)
            self.counts["1.0.0"][0] += 400
            self.counts["1.0.0"][1] += 40 * every * (minute % every == 0)
        self.scrape()
        self.town.with_a_candidate(rollout=asked % more)

    def scrape(self, versions: tuple[str, ...] = ("1.0.0", "1.1.0"), *, at: float = 0.0) -> None:
        """The versions' counters as they stand, at a time or six seconds ago."""
        for version in versions:
            for which, value in zip(("orders", "declined"), self.counts[version], strict=True):
                self.town.metrics.add(f'{which}{{v="{version}"}}', at or self.town.clock.time - 6.0, value)

    def sell(self, windows: int, *, declined: int = 10, versions: tuple[str, ...] = ("1.0.0", "1.1.0")) -> None:
        """Windows of 400 orders in each arm; percent of the candidate's are declined, and 10 % beside it."""
        for _ in range(windows):
            if not self.town.candidate():
                return
            for version, counts in self.counts.items():
                counts[0] += 400
                counts[1] += 4 * (declined if version == "1.1.0" else 10)
            self.town.traffic()
            self.scrape(versions)
            self.town.look()

    def standing(self) -> tuple[str, int]:
        """State and stage of the rollout."""
        rollout = self.town.rollout()
        assert rollout
        return rollout.state, rollout.stage


def test_a_candidate_whose_orders_are_declined_as_often_is_promoted() -> None:
    shop = Shop()
    shop.sell(55)
    assert shop.town.stable() == "1.1.0"


def test_a_candidate_whose_orders_are_declined_more_often_is_aborted() -> None:
    shop = Shop()
    shop.sell(55, declined=20)
    assert (shop.town.candidate(), shop.town.stable()) == ("", "1.0.0")
    assert "declined worse than tolerated" in shop.town.state.hold


def test_a_metric_that_came_in_bursts_in_prometheus_is_judged_between_windows() -> None:
    shop = Shop(every=4)
    rollout = shop.town.rollout()
    assert rollout
    assert rollout.before.spread["declined"] > 50
    shop.sell(9, declined=40)
    assert shop.town.candidate() == "1.1.0"
    shop.sell(15, declined=40)
    assert (shop.town.candidate(), shop.town.stable()) == ("", "1.0.0")
    assert "declined between windows worse than tolerated" in shop.town.state.hold


def test_a_metric_whose_minutes_were_alike_is_judged_thing_by_thing() -> None:
    shop = Shop(every=1)
    rollout = shop.town.rollout()
    assert rollout
    assert rollout.before.spread["declined"] < 1.3
    shop.sell(9, declined=40)
    assert shop.town.candidate() == ""


def test_where_more_is_better_a_candidate_with_fewer_is_aborted_and_one_with_as_many_promoted() -> None:
    shop = Shop(asked=WISHED)
    shop.sell(55, declined=5)
    assert (shop.town.candidate(), shop.town.stable()) == ("", "1.0.0")
    assert "declined worse than tolerated" in shop.town.state.hold
    for declined in (10, 20):
        shop = Shop(asked=WISHED)
        shop.sell(55, declined=declined)
        assert shop.town.stable() == "1.1.0"


def test_good_things_that_came_in_bursts_are_judged_between_windows() -> None:
    shop = Shop(asked=WISHED, every=4)
    shop.sell(9, declined=1)
    assert shop.town.candidate() == "1.1.0"
    shop.sell(20, declined=1)
    assert (shop.town.candidate(), shop.town.stable()) == ("", "1.0.0")
    assert "declined between windows worse than tolerated" in shop.town.state.hold
    shop = Shop(asked=WISHED, every=4)
    shop.sell(25, declined=30)
    assert (shop.town.candidate() or shop.town.stable()) == "1.1.0"


def test_counters_that_begin_again_count_on() -> None:
    shop = Shop()
    shop.sell(3)
    shop.counts["1.1.0"] = [0.0, 0.0]
    shop.sell(50)
    assert shop.town.stable() == "1.1.0"


def test_one_version_without_samples_promotes_nothing() -> None:
    shop = Shop()
    shop.sell(40, versions=("1.0.0",))
    assert shop.standing() == ("running", 0)


def test_prometheus_that_does_not_answer_parks_and_goes_on_when_it_does() -> None:
    shop = Shop()
    shop.sell(3)
    shop.town.metrics.fault = PortError("Prometheus does not answer")
    shop.sell(5)
    assert shop.standing()[0] == "parked"
    shop.town.metrics.fault = None
    shop.sell(45)
    assert shop.town.stable() == "1.1.0"


def test_prometheus_that_does_not_answer_may_be_waited_for_with_traffic_and_promotes_nothing() -> None:
    shop = Shop(", silence: hold")
    shop.sell(2)
    stage = shop.standing()[1]
    shop.town.metrics.fault = PortError("Prometheus does not answer")
    shop.sell(40)
    assert shop.standing() == ("running", stage)
    shop.sell(30)
    assert (shop.town.candidate(), shop.town.stable()) == ("", "1.0.0")


@pytest.mark.parametrize(
    "fault", ["nan", "below zero", "contradiction", "no whole things", "more bad than all", "no bad"]
)
def test_a_lying_prometheus_promotes_nothing(fault: str) -> None:
    shop = Shop()
    if fault == "no bad":
        shop.town.metrics.told = {name: told for name, told in shop.town.metrics.told.items() if "orders" in name}
    for _ in range(40):
        for counts in shop.counts.values():
            counts[0] += 400
            counts[1] += {"no whole things": 40.5, "more bad than all": 500}.get(fault, 40)
        shop.town.traffic()
        at = shop.town.clock.time - 6.0
        shop.scrape(at=at)
        told = shop.town.metrics
        match fault:
            case "nan":
                told.add('orders{v="1.1.0"}', at - 0.5, float("nan"))
            case "below zero":
                told.add('declined{v="1.0.0"}', at - 0.5, -3.0)
            case "contradiction":
                told.add('declined{v="1.1.0"}', at, 3.0)
            case "no bad":
                told.told = {name: series for name, series in told.told.items() if "orders" in name}
        shop.town.look()
    assert shop.standing() == ("running", 0)
