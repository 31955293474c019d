"""Windows cut from cumulative counts: what must not become one."""

import pytest
from msgspec.structs import replace
from tests.reconcile.town import Town

from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Window
from headway.reconcile.ports import Observed, Workload
from headway.reconcile.windows import COLD_REQUESTS, close_window, open_window, warmed
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


def counted(town: Town) -> tuple[Window, ...]:
    rollout = town.rollout()
    return rollout.windows if rollout else ()


def test_the_candidates_first_requests_are_not_judged_at_its_start_nor_after_a_rise() -> None:
    town = Town().with_a_candidate()
    seen: list[tuple[float, bool]] = []  # the weight of each second, and whether it was counted
    while town.candidate():
        weight, before = town.weights()["1.1.0"], len(counted(town))
        town.roll(1)
        seen.append((weight, not town.candidate() or len(counted(town)) > before))
    for stage in (5.0, 50.0):
        at_it = [judged for weight, judged in seen if weight == stage]
        assert at_it[0] is False
        assert all(at_it[2:])


def test_a_candidate_that_is_slow_and_fails_while_it_warms_up_is_judged_by_what_follows() -> None:
    town = Town().with_a_candidate(rollout="wrong_at_most: {abort: 50%}")
    for _ in range(60):
        candidate = town.arms.get("1.1.0", Arm())
        town.roll(1, bad=100.0 if candidate.starts < COLD_REQUESTS else 0.0)
    assert town.stable() == "1.1.0"
    assert sum(window.candidate.errors for window in town.rollouts()[-1].rollout.windows) == 0


def test_a_candidate_without_a_request_is_cold_for_one_window_and_no_longer() -> None:
    town = Town().with_a_candidate()
    for _ in range(4):
        town.traffic(of=4)  # none of them to it
        town.look()
    assert len(counted(town)) >= 2
    assert {window.candidate.starts for window in counted(town)} == {0}


def test_a_look_ends_the_warming_up_as_soon_as_each_replica_was_asked_often_enough() -> None:
    works = (Workload(name="2", version="2", bundle="b", wanted=2, ready=2),)
    opening = open_window(seen(OLD, workloads=works), 10.0, cold=True)
    few, enough = (replace(OLD, starts=OLD.starts + more, begun=OLD.begun + more) for more in (19, 20))
    assert not warmed(opening, seen(few, workloads=works), ROLLOUT)
    assert warmed(opening, seen(enough, workloads=works), ROLLOUT)
    hanging = replace(OLD, begun=OLD.begun + 20)  # they began, and none has ended
    assert warmed(opening, seen(hanging, workloads=works), ROLLOUT)
