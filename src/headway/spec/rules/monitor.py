"""Rules for what is watched on live traffic, and for when a model is trained again."""

from collections.abc import Iterator

from headway.spec.finding import Finding, error, warning
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.quantity import written

__all__ = ["monitor_faults"]

# Below these a quiet week raises alarms (drift chapter): hours of a day differ, and small windows scatter.
CALM_WINDOW_S, CALM_ROWS = 3600.0, 1000
PERIODS_S = {"daily": 86_400.0, "weekly": 7 * 86_400.0, "monthly": 30 * 86_400.0}


def monitor_faults(placed: Placed[Model]) -> Iterator[Finding]:
    """What is wrong with the monitor and retrain sections."""
    yield from _drift(placed)
    yield from _limits(placed)
    yield from _retrain(placed)


def _drift(placed: Placed[Model]) -> Iterator[Finding]:
    drift = placed.value.spec.monitor.drift
    if drift is None:
        return
    if not 0 < drift.score_at_most < 1:
        at = placed.place("spec", "monitor", "drift", "score_at_most")
        why = f"The score lies between 0 and 1, so {drift.score_at_most:g} alarms always, or never."
        yield error("E260", "drift limit without meaning", at, why=why, do="Write `score_at_most: 0.15`, say.")
    if drift.window <= 0 or drift.rows < 1:
        at = placed.place("spec", "monitor", "drift", "window" if drift.window <= 0 else "rows")
        yield error("E260", "drift window without rows", at, why="It holds no row to judge.", do="Write `window: 1h`.")
    elif drift.window < CALM_WINDOW_S or drift.rows < CALM_ROWS:
        field = "window" if drift.window < CALM_WINDOW_S else "rows"
        seen = f"{written('seconds', drift.window)} and {drift.rows:,} rows"
        why = f"Windows of {seen} differ by chance and by the hour of the day, so false alarms follow."
        at = placed.place("spec", "monitor", "drift", field)
        yield warning("E261", "small drift window", at, why=why, do="Write `window: 1h` and `rows: 1000` or more.")


def _limits(placed: Placed[Model]) -> Iterator[Finding]:
    monitor = placed.value.spec.monitor
    if monitor.latency and monitor.latency.p95_at_most <= 0:
        at = placed.place("spec", "monitor", "latency", "p95_at_most")
        yield error("E260", "latency limit without meaning", at, why="Every answer takes time.", do="Write `100ms`.")
    if monitor.errors and monitor.errors.at_most >= 1:
        at = placed.place("spec", "monitor", "errors", "at_most")
        why = "No more than all requests can fail, so the alarm never rings."
        yield error("E260", "error limit without meaning", at, why=why, do="Write `5%`.")


def _retrain(placed: Placed[Model]) -> Iterator[Finding]:
    spec = placed.value.spec
    for number, cause in enumerate(spec.retrain.when):
        at = placed.place("spec", "retrain", "when", number)
        if cause == "drift" and spec.monitor.drift is None:
            why = "Drift is judged only where `monitor.drift` says so, and it does not."
            yield error("E262", "retraining never starts", at, why=why, do="Add `monitor: {drift: {}}`.")
        elif cause != "drift" and spec.retrain.at_most_every > PERIODS_S[cause]:
            apart = written("seconds", spec.retrain.at_most_every)
            why = f"Runs are at least {apart} apart, which is longer than `{cause}`."
            do = "Shorten `at_most_every`, or name a longer period."
            yield warning("E263", f"'{cause}' is held back", at, why=why, do=do)
