"""Alarms about what serves: several windows raise and clear them, silence does neither, and Git is not flooded."""

from tests.reconcile.town import Town

from headway.evidence.summary import ColumnSummary, Summary
from headway.reconcile.gather import gather
from headway.reconcile.ports import PodSummary
from headway.reconcile.status import alarms

LIMITS = "  monitor: {errors: {at_most: 5%}, latency: {p95_at_most: 100ms}}"
DRIFT = "  monitor: {drift: {score_at_most: 0.15, window: 10s, rows: 1000}}"


def serving(more: str = LIMITS) -> Town:
    town = Town()
    town.commit("one", more)
    town.settle()
    return town


def seconds(town: Town, count: int, *, bad: float = 0.0, of: int = 400) -> None:
    for _ in range(count):
        town.traffic(control_bad=bad, of=of)
        town.look()


def raised(town: Town) -> set[str]:
    return {monitor for _, monitor in town.state.alerts}


def test_failing_requests_raise_an_alarm_after_two_windows_and_calm_ones_clear_it() -> None:
    town = serving()
    seconds(town, 5)
    assert raised(town) == set()
    seconds(town, 1, bad=20)
    assert raised(town) == set()
    seconds(town, 2, bad=20)
    assert raised(town) == {"errors"}
    assert town.subjects()[-1] == "Errors beyond the limit of delay in production begins"
    seconds(town, 40)
    assert raised(town) == set()


def test_slow_requests_raise_an_alarm_of_their_own() -> None:
    town = serving()
    seconds(town, 2)
    town.took_ms = 250.0
    seconds(town, 4)
    assert raised(town) == {"latency"}


def test_an_alarm_names_the_command_that_helps() -> None:
    town = Town().with_a_candidate(LIMITS)
    town.roll_to_its_end()
    town.settle()
    seconds(town, 6, bad=20)
    scene = gather(town.world, town.memory, "delay")
    (alarm,) = alarms(scene.facts, town.state)
    assert "errors in production" in alarm.said
    assert alarm.help == "headway rollback delay --env production"


def test_silence_neither_raises_nor_clears() -> None:
    town = serving()
    seconds(town, 6, bad=20)
    assert raised(town) == {"errors"}
    seconds(town, 300, of=0)
    assert raised(town) == {"errors"}
    town.runtime.say("delay", "production", silent=True)
    seconds(town, 60)
    assert raised(town) == {"errors"}


def test_a_restart_clears_nothing_with_a_single_window() -> None:
    town = serving()
    seconds(town, 6, bad=20)
    town.clock.time += 3600.0
    town.start_again()
    seconds(town, 3)
    assert raised(town) == {"errors"}
    seconds(town, 3)
    assert raised(town) == set()


def test_few_requests_are_gathered_until_there_are_enough_to_judge() -> None:
    town = serving()
    seconds(town, 12, bad=50, of=10)
    assert raised(town) == set()
    seconds(town, 20, bad=50, of=10)
    assert raised(town) == {"errors"}


def test_a_rate_that_goes_to_and_fro_around_its_limit_does_not_flood_the_record() -> None:
    town = serving()
    before = len(town.subjects())
    for _ in range(30):
        seconds(town, 4, bad=20)
        seconds(town, 4)
    # 240 windows: in four hours of minutes at most sixteen commits.
    assert 2 <= len(town.subjects()) - before <= 16


def test_a_new_observer_begins_a_new_window() -> None:
    town = serving()
    seconds(town, 3)
    town.runtime.say("delay", "production", observer=2)
    seconds(town, 3)
    assert raised(town) == set()


def summary(rows: int, *shares: float) -> Summary:
    counts = tuple(round(rows * share) for share in shares)
    return Summary(rows=rows, columns=(ColumnSummary(name="x", edges=(1.0,), counts=counts),))


def rows(town: Town, total: int, *shares: float) -> None:
    pod = PodSummary(pod="a", version=town.stable(), summary=summary(total, *shares))
    town.runtime.say("delay", "production", summaries=(pod,))


def drifting() -> Town:
    town = serving(DRIFT)
    town.reference = summary(50_000, 0.5, 0.5)
    rows(town, 0, 0.5, 0.5)
    town.look()
    return town


def ten_seconds(town: Town) -> None:
    town.clock.time += 10.0
    town.look()


def test_drift_is_raised_by_two_windows_and_cleared_by_three_quiet_ones() -> None:
    town, left, right = drifting(), 0, 0
    for moved, alarmed in [(1, False), (1, True), (0, True), (0, True), (0, False)]:
        left, right = left + (200 if moved else 1000), right + (1800 if moved else 1000)
        total = left + right
        rows(town, total, left / total, right / total)
        ten_seconds(town)
        assert (raised(town) == {"drift"}) is alarmed, (moved, left, right)


def test_a_drift_window_without_enough_rows_goes_on_filling() -> None:
    town = drifting()
    rows(town, 900, 0.1, 0.9)
    for _ in range(5):
        ten_seconds(town)
    assert raised(town) == set()
    rows(town, 1800, 0.1, 0.9)
    ten_seconds(town)
    rows(town, 3600, 0.1, 0.9)
    ten_seconds(town)
    assert raised(town) == {"drift"}
