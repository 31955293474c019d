"""Windows cut from cumulative counts: what must not become one."""

import pytest

from headway.evidence.stage import Rollout
from headway.evidence.window import Arm
from headway.reconcile.ports import Observed
from headway.reconcile.windows import close_window, open_window
from headway.spec.release import Served

OLD = Arm(starts=1000, begun=1001, errors=10, slower=(50, 5))
NEW = Arm(starts=1400, begun=1403, errors=12, slower=(70, 6))
ROLLOUT = Rollout(
    model="delay", environment="production", started=0.0, deadline=60.0, weight=5.0,
    candidate=Served(version="2", bundle="b"), over=Served(version="1", bundle="a"),
)  # fmt: skip


def seen(candidate: Arm, **more: object) -> Observed:
    told = {
        "weights": {"1": 95.0, "2": 5.0},
        "counts": {"1": NEW, "2": candidate},
        "edges_ms": (4.0, 5.0),
        "epoch": "e",
    }
    return Observed(**(told | more))  # type: ignore[arg-type]


def test_a_window_is_what_was_counted_between_two_looks() -> None:
    window = close_window(open_window(seen(OLD), 10.0), seen(NEW), 11.0, ROLLOUT)
    assert window is not None
    assert window.candidate == Arm(starts=400, begun=402, errors=2, slower=(20, 1))
    assert (window.control, window.weight) == (Arm(slower=(0, 0)), 5.0)


@pytest.mark.parametrize(
    "after",
    [
        seen(Arm(starts=3, begun=3, slower=(0, 0))),  # its route was taken away and came back
        seen(NEW, epoch="another"),
        seen(NEW, weights={"1": 80.0, "2": 20.0}),
        seen(NEW, counts={}),
    ],
    ids=["counters began anew", "another observer", "other weights", "silence"],
)
def test_where_anything_changed_meanwhile_there_is_no_window(after: Observed) -> None:
    assert close_window(open_window(seen(OLD), 10.0), after, 11.0, ROLLOUT) is None
