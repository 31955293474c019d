"""The real model server under the real supervisor and Envoy, from rendered objects."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.local.kit import ENVIRONMENT, MODEL, PATIENT, until, users
from tests.adapters.local.look import mine, view
from tests.serve.bundles import onnx_classifier

from headway.adapters.local.runtime import LocalRuntime
from headway.adapters.store.folder import FolderStore
from headway.render.manifest import Object
from headway.render.objects import ServedArm
from headway.render.objects import objects as rendered
from headway.spec.data import Data
from headway.spec.environment import Environment
from headway.spec.metadata import Metadata
from headway.spec.model import Model, ModelSpec, Task
from headway.spec.release import Served
from headway.spec.serving import Records, Serve
from headway.spec.training import Train

pytestmark = pytest.mark.e2e

ASKED = {
    "inputs": [
        {"name": "distance", "shape": [1], "datatype": "FP64", "data": [500.0]},
        {"name": "temp", "shape": [1], "datatype": "FP64", "data": [50.0]},
        {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["AA"]},
    ]
}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def serving(tmp_path: Path, store: FolderStore) -> Iterator[LocalRuntime]:
    made = LocalRuntime(tmp_path / "run", store, interpreter=lambda _: sys.executable, timing=PATIENT)
    try:
        yield made
    finally:
        made.shut_down()


def packaged(folder: Path, store: FolderStore, *versions: str) -> list[Served]:
    folder.mkdir()
    first = onnx_classifier(folder)
    made = []
    for version in versions:
        copy = shutil.copytree(first, folder / version, ignore=lambda *_: list(versions))
        manifest = copy / "bundle.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": version}))
        made.append(Served(version=version, bundle=store.put(copy)))
    return made


def wished(served: Served, serve: Serve | None = None) -> tuple[Object, ...]:
    api = "headway.dev/v1alpha1"
    task = Task(kind="classification", label="late")
    train = Train(run="python train.py")
    spec = ModelSpec(task=task, data=Data(path="data.csv"), train=train, serve=serve or Serve())
    model = Model(apiVersion=api, metadata=Metadata(name=MODEL), spec=spec)
    environment = Environment(apiVersion=api, metadata=Metadata(name=ENVIRONMENT))
    return rendered(model, environment, [ServedArm(served=served, weight=100.0, replicas=1)])


def test_a_version_follows_another_without_a_lost_prediction(
    serving: LocalRuntime, store: FolderStore, tmp_path: Path
) -> None:
    first, second = packaged(tmp_path / "bundles", store, "1.0.0", "1.1.0")
    serving.apply(MODEL, ENVIRONMENT, wished(first))
    until(lambda: bool(serving.observe(MODEL, ENVIRONMENT).address), 60)
    at = serving.observe(MODEL, ENVIRONMENT)
    path = f"/v2/models/{MODEL}/infer"
    with users(at.address, count=2, path=path, body=json.dumps(ASKED).encode()) as crowd:
        until(lambda: crowd.of("1.0.0") > 20)
        counted = serving.observe(MODEL, ENVIRONMENT)
        serving.apply(MODEL, ENVIRONMENT, wished(second))
        until(lambda: crowd.of("1.1.0") > 20, 60)
        until(lambda: [pod.version for pod in view(serving).pods] == ["1.1.0"], 60)
    assert crowd.lost == []
    assert {status for status, _ in crowd.answers} == {200}
    assert counted.counts["1.0.0"].starts >= 20
    assert counted.counts["1.0.0"].errors == 0
    assert counted.summaries[0].summary.rows >= 20
    serving.shut_down()
    assert mine(serving) == set()


def test_predictions_are_recorded_here_as_the_model_asks(
    serving: LocalRuntime, store: FolderStore, tmp_path: Path
) -> None:
    (served,) = packaged(tmp_path / "bundles", store, "1.0.0")
    serving.apply(MODEL, ENVIRONMENT, wished(served, Serve(records=Records(omit=("temp",), hash=("carrier",)))))
    until(lambda: bool(serving.observe(MODEL, ENVIRONMENT).address), 60)
    at = serving.observe(MODEL, ENVIRONMENT)
    folder = tmp_path / "run" / "records"
    with users(at.address, count=1, path=f"/v2/models/{MODEL}/infer", body=json.dumps(ASKED).encode()):
        until(lambda: any(path.stat().st_size for path in folder.glob("*.jsonl")), 60)
    (path,) = folder.glob("*.jsonl")
    data = json.loads(path.read_text().splitlines()[0])["data"]
    assert list(data["inputs"]) == ["distance", "carrier"]
    assert data["inputs"]["carrier"] != ["AA"]
    key = tmp_path / "run" / "records.key"
    assert (key.stat().st_size, key.stat().st_mode & 0o777) == (32, 0o600)
