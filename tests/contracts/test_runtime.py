"""What every runtime does, the fake and the real one alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, bundle, local_runtime, objects, until
from tests.fakes.runtime import FakeRuntime

from headway.adapters.local.runtime import LocalRuntime
from headway.reconcile.ports import Observed, PortError, Runtime
from headway.render.manifest import ref

A, B = bundle("1.0.0"), bundle("1.1.0")


@pytest.fixture(params=["fake", pytest.param("local", marks=pytest.mark.e2e)])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    if request.param == "fake":
        yield FakeRuntime()
        return
    made = local_runtime(tmp_path / "run")
    try:
        yield made
    finally:
        made.shut_down()


def trip(runtime: Runtime) -> None:
    if isinstance(runtime, FakeRuntime):
        runtime.trip(MODEL, ENVIRONMENT)
    else:
        assert isinstance(runtime, LocalRuntime)
        assert runtime.reset_now(MODEL, ENVIRONMENT)


def bring(
    runtime: Runtime, *arms: tuple[str, str, float, int], until_: Callable[[Observed], bool] | None = None
) -> Observed:
    runtime.apply(MODEL, ENVIRONMENT, objects(*arms))
    wanted = {version: weight for version, _, weight, _ in arms}
    look = until_ or (lambda seen: seen.weights == wanted and bool(seen.address))
    until(lambda: look(runtime.observe(MODEL, ENVIRONMENT)))
    return runtime.observe(MODEL, ENVIRONMENT)


def test_where_nothing_was_applied_nothing_is_seen(runtime: Runtime) -> None:
    assert runtime.observe(MODEL, ENVIRONMENT) == Observed()
    runtime.beat()
    assert runtime.observe(MODEL, ENVIRONMENT) == Observed()


def test_what_is_remembered_is_recalled(runtime: Runtime) -> None:
    assert runtime.recall("rollout") is None
    runtime.remember("rollout", b"first")
    runtime.remember("rollout", b"\x00second")
    assert runtime.recall("rollout") == b"\x00second"


def test_applied_objects_become_ready_processes_and_a_route(runtime: Runtime) -> None:
    seen = bring(runtime, ("1.0.0", A, 100.0, 2))
    assert set(seen.objects) == {ref(item) for item in objects(("1.0.0", A, 100.0, 2))}
    (work,) = seen.workloads
    assert (work.version, work.bundle, work.wanted, work.ready) == ("1.0.0", A, 2, 2)
    assert seen.counts["1.0.0"].starts == 0
    assert len(seen.counts["1.0.0"].slower) == len(seen.edges_ms) > 20


def test_applying_the_same_twice_changes_nothing(runtime: Runtime) -> None:
    first = bring(runtime, ("1.0.0", A, 100.0, 1))
    again = bring(runtime, ("1.0.0", A, 100.0, 1))
    assert again == first


def test_a_weight_moves_within_one_epoch_and_a_new_candidate_begins_another(runtime: Runtime) -> None:
    alone = bring(runtime, ("1.0.0", A, 100.0, 1))
    joined = bring(runtime, ("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
    until(lambda: all(work.ready for work in runtime.observe(MODEL, ENVIRONMENT).workloads))
    moved = bring(runtime, ("1.0.0", A, 99.5, 1), ("1.1.0", B, 0.5, 1))
    assert alone.epoch != joined.epoch == moved.epoch
    assert moved.weights == {"1.0.0": 99.5, "1.1.0": 0.5}


def test_a_tripped_switch_is_respected_until_the_candidate_was_put_to_zero(runtime: Runtime) -> None:
    arms = (("1.0.0", A, 50.0, 1), ("1.1.0", B, 50.0, 1))
    bring(runtime, ("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
    before = bring(runtime, *arms)
    trip(runtime)
    runtime.apply(MODEL, ENVIRONMENT, objects(*arms))
    seen = runtime.observe(MODEL, ENVIRONMENT)
    assert seen.tripped
    assert seen.weights == {"1.0.0": 100.0, "1.1.0": 0.0}
    assert seen.epoch != before.epoch
    parked = bring(runtime, ("1.0.0", A, 100.0, 1), ("1.1.0", B, 0.0, 1))
    assert not parked.tripped
    assert bring(runtime, *arms).weights == {"1.0.0": 50.0, "1.1.0": 50.0}


def test_a_promotion_ends_what_it_replaces(runtime: Runtime) -> None:
    bring(runtime, ("1.0.0", A, 100.0, 1))
    seen = bring(runtime, ("1.1.0", B, 100.0, 1))
    assert [work.version for work in seen.workloads] == ["1.1.0"]
    assert list(seen.counts) == ["1.1.0"]


def test_no_objects_take_the_route_away(runtime: Runtime) -> None:
    bring(runtime, ("1.0.0", A, 100.0, 1))
    seen = bring(runtime, until_=lambda seen: not seen.weights)
    assert (seen.address, seen.workloads, seen.objects) == ("", (), {})


def test_a_route_to_a_version_that_nothing_carries_is_refused(runtime: Runtime) -> None:
    bare = [item for item in objects(("1.0.0", A, 100.0, 1)) if item["kind"] != "Deployment"]
    with pytest.raises(PortError, match="selects no Deployment"):
        runtime.apply(MODEL, ENVIRONMENT, bare)
