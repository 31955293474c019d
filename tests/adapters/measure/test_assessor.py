"""Measuring: with the server that will serve, features only, nothing guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import msgspec
import onnx
import pytest
from msgspec import structs
from sklearn.metrics import accuracy_score, roc_auc_score
from tests.adapters.measure.conftest import Pair
from tests.adapters.measure.counter import Counter, Told, by_distance
from tests.adapters.steps.workshop import flights, model_of

from headway.adapters.measure.assessor import LocalAssessor
from headway.adapters.steps.cache import listed
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.reconcile.ports import MeasureJob
from headway.serve.cage.landlock import landlock_abi
from headway.spec.digest import digest
from headway.spec.gate import Gate, LatencyGate, MetricGate

GATES: tuple[Gate, ...] = (
    MetricGate(metric="auc", at_least=0.6),
    MetricGate(metric="auc", versus="live", worse_by_at_most=0.01),
    MetricGate(metric="accuracy", at_least=0.6),
    LatencyGate(latency="p95", at_most=0.5, at=50.0, duration=0.4),
)


def job(pair: Pair, gates: tuple[Gate, ...] = GATES, **changes: Any) -> MeasureJob:
    told = MeasureJob(
        model=model_of(), gates=gates, bundle=pair.good, lock=pair.workshop.lock, live=pair.weak, live_version="0.9.0"
    )
    return structs.replace(told, **changes)


def refused(inputs: dict[str, list[Any]]) -> tuple[int, Any]:
    """Answer unless a row is short of 500 miles."""
    return (422, "too near") if min(inputs["distance"]) < 500 else by_distance(inputs)


@contextmanager
def nobody(_folder: Path, _digest: str) -> Iterator[Told]:
    pytest.fail("something was loaded that must not be")
    yield Told(address="")


def test_the_numbers_are_those_of_scikit_learn(pair: Pair, assessor: LocalAssessor, tmp_path: Path) -> None:
    found = assessor.measure(job(pair))
    assert (found.failed, found.unscored_rows) == ("", 0)
    test = flights(200, seed=8)
    pair.workshop.store.place(pair.model, tmp_path / "model")
    model = joblib.load(tmp_path / "model")
    chances = model.predict_proba(test[list(model.feature_names_in_)])[:, 1]
    labels = model.predict(test[list(model.feature_names_in_)])
    metrics = {metric.name: metric for metric in found.metrics}
    assert metrics["auc"].point == pytest.approx(roc_auc_score(test["late"], chances), abs=1e-9)
    assert metrics["accuracy"].point == pytest.approx(accuracy_score(test["late"], labels), abs=1e-9)
    (paired,) = found.paired
    assert (paired.live_version, paired.rows) == ("0.9.0", 200)
    assert paired.candidate == metrics["auc"].point
    assert paired.candidate > paired.live
    (latency,) = found.latency
    assert (latency.offered, latency.requests, latency.failures) == (50.0, 20, 0)
    assert 0 < latency.quantiles["p50"] <= latency.quantiles["p95"] < 5
    assert found.data is not None
    assert (found.data.train_rows, found.data.test_rows) == (400, 200)
    assert found.isolation.startswith("landlock" if landlock_abi() else "process group only")
    assert found.signature is not None
    assert found.live_signature is not None


def test_only_features_leave_this_side(pair: Pair, assessor: LocalAssessor) -> None:
    counter = Counter(by_distance)
    structs.replace(assessor, serving=counter).measure(job(pair, live=""))
    assert {name for asked in counter.asked for name in asked} == {"distance", "temp"}
    assert sum(len(asked["distance"]) for asked in counter.asked) >= 200


def test_a_row_without_an_answer_is_counted_and_the_others_are_scored(pair: Pair, assessor: LocalAssessor) -> None:
    found = structs.replace(assessor, serving=Counter(refused)).measure(job(pair, live=""))
    test = flights(200, seed=8)
    kept = test[test.distance >= 500]
    assert found.unscored_rows == len(test) - len(kept) > 0
    (auc,) = [metric for metric in found.metrics if metric.name == "auc"]
    assert auc.rows == len(kept)
    assert auc.point == pytest.approx(roc_auc_score(kept["late"], kept["distance"]))
    assert found.latency[0].failures == 0


def test_a_server_that_answers_nothing_leaves_every_row_unscored(pair: Pair, assessor: LocalAssessor) -> None:
    counter = Counter(lambda _inputs: (500, "broken"))
    found = structs.replace(assessor, serving=counter).measure(job(pair, live=""))
    assert (found.unscored_rows, found.metrics, found.latency) == (200, (), ())


@pytest.mark.parametrize(
    "said", [{"label": [1]}, {"prediction": "x"}, {"probabilities": [[0.5, 0.5]]}], ids=["few", "text", "narrow"]
)
def test_an_answer_of_another_shape_fails_with_words(pair: Pair, assessor: LocalAssessor, said: Any) -> None:
    found = structs.replace(assessor, serving=Counter(lambda _inputs: (200, said))).measure(job(pair, live=""))
    assert found.failed
    assert found.metrics == ()


def test_a_measurement_survives_a_restart_and_is_not_made_twice(pair: Pair, assessor: LocalAssessor) -> None:
    first = structs.replace(assessor, serving=Counter(by_distance)).measure(job(pair))
    again = structs.replace(assessor, serving=nobody)
    assert again.measure(job(pair)) == first
    with pytest.raises(BaseException, match="something was loaded"):
        again.measure(job(pair, gates=(MetricGate(metric="f1", at_least=0.1),)))


def test_a_failed_measurement_is_not_kept(pair: Pair, assessor: LocalAssessor) -> None:
    broken = structs.replace(assessor, serving=Counter(lambda _inputs: (200, {"label": [1]})))
    assert broken.measure(job(pair)).failed
    assert not structs.replace(assessor, serving=Counter(by_distance)).measure(job(pair)).failed


def test_a_bundle_is_scanned_before_anything_loads_it(pair: Pair, assessor: LocalAssessor, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    pair.workshop.store.place(pair.good, folder)
    evil = b"cos\nsystem\n(S'touch never'\ntR."
    (folder / "model.joblib").write_bytes(evil)
    manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
    files = tuple(
        structs.replace(file, path="model.joblib", sha256=digest(evil), size=len(evil))
        if file.path == "model.onnx"
        else file
        for file in manifest.files
    )
    (folder / "model.onnx").unlink()
    changed = structs.replace(manifest, entry="model.joblib", runtime="python", files=files)
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(changed))
    bundle = pair.workshop.store.put(folder)
    found = structs.replace(assessor, serving=nobody).measure(job(pair, bundle=bundle))
    assert found.scans[0].refused
    assert "The scan refuses model.joblib" in found.failed


def test_a_bundle_altered_in_the_store_is_told(pair: Pair, assessor: LocalAssessor, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    pair.workshop.store.place(pair.weak, folder)
    (folder / "train.py").write_bytes(b"# mine\n")
    bundle = pair.workshop.store.put(folder)
    name = next(file.sha256 for file in listed(pair.workshop.store, bundle) if file.path == "train.py")
    path = pair.workshop.place / "store" / "files" / name[:2] / name
    path.chmod(0o644)
    path.write_bytes(b"# evil\n")
    found = structs.replace(assessor, serving=nobody).measure(job(pair, bundle=bundle))
    assert "does not hold the bytes that its name says" in found.failed


def test_a_bundle_that_does_not_load_is_told(pair: Pair, assessor: LocalAssessor, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    pair.workshop.store.place(pair.good, folder)
    graph = onnx.load_from_string((folder / "model.onnx").read_bytes())
    graph.graph.node[0].input[0] = "nowhere"  # it passes the scan, and no runtime can load it
    broken = graph.SerializeToString()
    (folder / "model.onnx").write_bytes(broken)
    manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
    files = tuple(
        structs.replace(file, sha256=digest(broken), size=len(broken)) if file.path == "model.onnx" else file
        for file in manifest.files
    )
    (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(structs.replace(manifest, files=files)))
    found = assessor.measure(job(pair, bundle=pair.workshop.store.put(folder)))
    assert found.failed.startswith("The bundle cannot be served: ")
    assert "model.onnx" in found.failed


def test_test_rows_without_a_label_are_told(pair: Pair, assessor: LocalAssessor) -> None:
    test = flights(50, seed=8)
    test.loc[:2, "late"] = None
    lock = pair.workshop.locked(flights(), test)
    found = structs.replace(assessor, serving=nobody).measure(job(pair, lock=lock))
    assert "3 of 50 test rows have no value in 'late'" in found.failed
    assert found.data is not None


def test_what_was_measured_outside_the_cage_that_a_policy_requires_does_not_count(
    pair: Pair, assessor: LocalAssessor
) -> None:
    counter = Counter(by_distance)
    found = structs.replace(assessor, serving=counter).measure(job(pair, live="", isolation="landlock"))
    assert found.failed == "A policy requires landlock, and the server ran in: a thread."
    assert (found.metrics, found.latency, counter.asked) == ((), (), [])
