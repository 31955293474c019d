"""How long a weight change takes from `apply` to the last answer by the side that lost its traffic, under load.

Run: python bench/weight_change.py [CHANGES].  Budget (docs): 50 ms at the median, no request lost.  The model servers
are the stand-ins of the tests, so that what is timed is the runtime, the supervisor and Envoy.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.adapters.local.kit import ENVIRONMENT, MODEL, bring, bundle, local_runtime, objects, users

from rows import Row, show

SETTLE_S = 0.15


def measured(changes: int) -> list[Row]:
    """All of the traffic from one version to the other and back, again and again; milliseconds."""
    a, b = bundle("1.0.0"), bundle("1.1.0")
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        runtime = local_runtime(Path(folder) / "run")
        try:
            bring(runtime, ("1.0.0", a, 100.0, 1), ("1.1.0", b, 0.0, 1))
            at = bring(runtime, ("1.0.0", a, 100.0, 1), ("1.1.0", b, 0.0, 1))
            with users(at.address, count=3, pause_s=0.003) as crowd:
                time.sleep(SETTLE_S)
                for turn in range(changes):
                    loser, weight = ("1.0.0", 100.0) if turn % 2 == 0 else ("1.1.0", 0.0)
                    began = time.monotonic()
                    arms = (("1.0.0", a, 100.0 - weight, 1), ("1.1.0", b, weight, 1))
                    runtime.apply(MODEL, ENVIRONMENT, objects(*arms))
                    time.sleep(SETTLE_S)
                    took.append(1000 * max(0.0, crowd.last[loser] - began))
        finally:
            runtime.shut_down()
    failed = sum(count for (status, _), count in crowd.answers.items() if status != 200)
    p95 = statistics.quantiles(took, n=20)[-1]
    said = (
        f"{changes} changes, {crowd.total:,} requests by 3 clients; 95 % within {p95:.0f} ms, all in {max(took):.0f} ms"
    )
    return [
        Row(
            what="a weight change",
            unit="ms",
            budget=50.0,
            measured=statistics.median(took),
            how=f"wall clock, median of {said}",
        ),
        Row(what="requests lost meanwhile", unit="", budget=0.0, measured=len(crowd.lost) + failed, how=said),
    ]


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 100)))
