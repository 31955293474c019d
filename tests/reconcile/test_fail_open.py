"""The fifteen ways in which other controllers promote a version that nothing was measured of; none leads there here.

Ten are Argo Rollouts', four Flagger's, one Kargo's.  Each row sets a way up in our world and plays it to its end.
"""

from collections.abc import Callable, Iterator, Mapping

import pytest
from tests.reconcile.town import Town

from headway.spec.digest import digest

Story = Callable[[Town], Iterator[None]]
MODEL = "models/delay/model.yaml"
HOUR = 3600.0


def committed(town: Town, script: str, *swaps: tuple[str, str]) -> None:
    """A person commits the script, and the spec with some of its text swapped."""
    town.commit(script)
    tree = dict(town.source.trees[town.source.head])
    text = tree[MODEL].decode()
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    town.source.commit({**tree, MODEL: text.encode()})


def on_its_way(town: Town, *swaps: tuple[str, str]) -> Iterator[None]:
    """1.0.0 serves, and 1.1.0 is on its way."""
    committed(town, "one", *swaps)
    yield from looks(3)
    committed(town, "two", *swaps)
    yield from looks(3)
    assert (town.stable(), town.candidate()) == ("1.0.0", "1.1.0")


def looks(count: int) -> Iterator[None]:
    for _ in range(count):
        yield


def windows(town: Town, count: int, *, bad: float = 0.0, of: int = 400, seconds: float = 1.0) -> Iterator[None]:
    for _ in range(count):
        town.traffic(bad=bad, of=of, seconds=seconds)
        yield


def ended_before_its_first_measurement(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    town.start_again()
    town.clock.time += 0.5
    yield
    town.ask("abort")
    yield


def every_measurement_fails_and_as_much_as_can_be_is_allowed(town: Town) -> Iterator[None]:
    yield from on_its_way(town, ("window: 1s", "window: 1s\n    wrong_at_most: {abort: 50%, promote: 50%}"))
    yield from windows(town, 55, bad=100.0)


def no_condition(town: Town) -> Iterator[None]:
    committed(town, "one")
    yield from looks(3)
    committed(town, "two", ("window: 1s", "window: 1s\n    guardrails: []"))
    yield from windows(town, 65)
    assert town.candidate() == ""


def conditions_are_taken_away_on_the_way(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    committed(town, "two", ("window: 1s", "window: 1s\n    guardrails: []"))
    yield from windows(town, 55, bad=30.0)


def measuring_begins_after_the_end(town: Town) -> Iterator[None]:
    yield from on_its_way(town, ("stages: [5, 50]", "stages: [5]"), ("window: 1s", "window: 1m"))
    yield from windows(town, 65, of=20_000)


def no_measurement_is_asked_for(town: Town) -> Iterator[None]:
    committed(town, "one")
    yield from looks(3)
    for stages in ("[]", "[0]", "[0, 50]", "[100]"):
        committed(town, "two", ("stages: [5, 50]", f"stages: {stages}"))
        yield from windows(town, 5)
        assert town.candidate() == ""


def the_old_version_is_kept_for_less_time_than_the_test_takes(town: Town) -> Iterator[None]:
    yield from on_its_way(town, ("stages: [5, 50]", "strategy: blue-green\n    keep: 1s"))
    yield from windows(town, 10, of=0)
    yield from windows(town, 40, bad=30.0)


def time_alone_passes(town: Town) -> Iterator[None]:
    yield from on_its_way(town, ("stages: [5, 50]", "strategy: blue-green"))
    yield from windows(town, 65, of=0)


def the_first_version_is_let_in_untested(town: Town) -> Iterator[None]:
    town.assessor.auc[digest(b"one")] = 0.5
    committed(town, "one", ("    - {metric: auc, versus: live, worse_by_at_most: 0.01}\n", ""))
    yield from looks(5)
    committed(town, "one", ("    - {metric: auc, at_least: 0.6}\n", ""))  # comparisons alone: nothing to compare with
    yield from looks(5)
    town.ask("promote", "1.0.0")
    yield from looks(5)


def it_is_promoted_in_full_by_hand(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    town.ask("promote", "1.1.0")
    yield from windows(town, 55, bad=30.0)
    town.ask("promote", "1.1.0")
    yield from windows(town, 55, bad=30.0)


def a_rollback_leads_to_it(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    yield from windows(town, 30, bad=30.0)
    town.ask("rollback", "1.1.0")
    yield from windows(town, 30)


def every_measurement_errs(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    town.faults.away = "observe"
    yield from windows(town, 30, bad=30.0)
    town.faults.away = ""
    town.runtime.say("delay", "production", silent=True)
    yield from windows(town, 35)


def it_is_ended_after_a_doubt(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    town.runtime.say("delay", "production", silent=True)
    yield from windows(town, 4)
    rollout = town.rollout()
    assert rollout
    assert rollout.state == "parked"
    town.runtime.say("delay", "production", silent=False)
    yield
    town.start_again()
    yield from windows(town, 50, bad=30.0)


def the_first_look_measures_nothing(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    yield from windows(town, 1, bad=100.0)
    assert town.weights()["1.1.0"] == 5.0
    yield from windows(town, 54, bad=100.0)


def nothing_is_measured_while_promoting(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    town.faults.away = "append"
    yield from windows(town, 15, of=20_000)
    assert town.weights()["1.1.0"] == 50.0
    yield from windows(town, 5, of=20_000, bad=30.0)
    town.faults.away = ""
    yield


def no_analysis(town: Town) -> Iterator[None]:
    section = "  rollout:\n    stages: [5, 50]\n    window: 1s\n    deadline: {after: 1m}\n"
    yield from on_its_way(town, (section, ""))
    yield from windows(town, 60, bad=10.0, seconds=60.0)


def traffic_stops_after_good_windows(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    yield from windows(town, 5)
    assert town.weights()["1.1.0"] == 5.0
    yield from windows(town, 60, of=0)


def one_series_of_several_is_read(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    for observer in range(1, 60):
        town.runtime.say("delay", "production", observer=observer)
        yield from windows(town, 1, bad=30.0)


def the_source_goes_away_after_the_start(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    yield from windows(town, 5)
    town.runtime.say("delay", "production", silent=True)
    yield from windows(town, 60)


def a_judgement_that_was_repeated_and_failed(town: Town) -> Iterator[None]:
    yield from on_its_way(town)
    yield from windows(town, 30, bad=30.0)
    town.assessor.auc[digest(b"two")] = 0.62
    committed(town, "two", ("at_least: 0.6", "at_least: 0.65"))
    town.ask("promote", "1.1.0")
    yield from windows(town, 60, of=20_000)
    assert town.candidate() == ""


WAYS: Mapping[str, tuple[Story, ...]] = {
    "Argo Rollouts 1: ended before its first measurement": (ended_before_its_first_measurement,),
    "Argo Rollouts 2: as many failures allowed as measurements": (
        every_measurement_fails_and_as_much_as_can_be_is_allowed,
    ),
    "Argo Rollouts 3: no condition": (no_condition, conditions_are_taken_away_on_the_way),
    "Argo Rollouts 4: a delay longer than the rollout": (measuring_begins_after_the_end,),
    "Argo Rollouts 5: count 0": (no_measurement_is_asked_for,),
    "Argo Rollouts 6: the old version ends before the test": (
        the_old_version_is_kept_for_less_time_than_the_test_takes,
    ),
    "Argo Rollouts 7: promotion after some seconds": (time_alone_passes,),
    "Argo Rollouts 8: first deployment, fast rollback, promotion in full": (
        the_first_version_is_let_in_untested,
        a_rollback_leads_to_it,
        it_is_promoted_in_full_by_hand,
    ),
    "Argo Rollouts 9: nothing but measurements that erred": (every_measurement_errs,),
    "Argo Rollouts 10: begun again after a doubt, and ended": (it_is_ended_after_a_doubt,),
    "Flagger 1: nothing measured at the first look and while promoting": (
        the_first_look_measures_nothing,
        nothing_is_measured_while_promoting,
    ),
    "Flagger 2: old requests pass after traffic stopped, one series of several": (
        traffic_stops_after_good_windows,
        one_series_of_several_is_read,
    ),
    "Flagger 3: no metrics, no analysis": (no_analysis,),
    "Flagger 4: the source's absence is only logged": (the_source_goes_away_after_the_start,),
    "Kargo 1: a verification that failed when repeated": (a_judgement_that_was_repeated_and_failed,),
}
ROWS = [pytest.param(story, id=f"{way} - {story.__name__}") for way, stories in WAYS.items() for story in stories]


def test_there_are_fifteen() -> None:
    assert len(WAYS) == 15


@pytest.mark.parametrize("story", ROWS)
def test_a_way_that_is_open_elsewhere_does_not_lead_to_a_promotion(story: Story) -> None:
    town = Town()
    untested = "1.0.0" if story is the_first_version_is_let_in_untested else "1.1.0"

    def never_let_in() -> None:
        assert town.stable() != untested
        assert town.weights().get(untested, 0.0) <= 50.0
        assert f"Promote delay {untested} in production" not in town.subjects()

    for _ in story(town):
        town.look()
        never_let_in()
    # Nor when all that stood in the way is gone and time goes on; and nothing is left standing.
    for _ in range(4):
        town.clock.time += 2 * HOUR
        town.look()
        never_let_in()
    assert town.candidate() == ""
    town.settle()
    never_let_in()


def test_with_evidence_the_same_candidate_is_promoted() -> None:
    town = Town()
    for _ in on_its_way(town):
        town.look()
    for _ in windows(town, 10, of=20_000):
        town.look()
    assert town.stable() == "1.1.0"
