"""A runtime with two versions of a model of numbers, and a user who asks it: real Envoy, real servers."""

import http.client
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from onnx import TensorProto, helper
from tests.adapters.local.kit import ENVIRONMENT, MODEL, PATIENT, until
from tests.adapters.local.look import pids
from tests.serve.bundles import write_bundle

from headway.adapters.local.runtime import LocalRuntime
from headway.adapters.store.folder import FolderStore
from headway.evidence.bundle import Column, Manifest, Signature
from headway.evidence.pairs import Pairs
from headway.evidence.weights import Split
from headway.reconcile.ports import Observed
from headway.render.objects import ServedArm
from headway.render.objects import objects as rendered
from headway.spec.data import Data
from headway.spec.environment import Environment
from headway.spec.experiment import Ab
from headway.spec.metadata import Metadata
from headway.spec.model import Model, ModelSpec, Task
from headway.spec.release import Served
from headway.spec.rollout import Rollout
from headway.spec.training import Train

PATH = f"/v2/models/{MODEL}/infer"


def line(folder: Path, version: str, step: float) -> Path:
    """Answers y = x, and `step` more where x is beyond 50."""
    nodes = [
        helper.make_node("Greater", ["x", "fifty"], ["beyond"]),
        helper.make_node("Cast", ["beyond"], ["one"], to=TensorProto.DOUBLE),
        helper.make_node("Mul", ["one", "step"], ["more"]),
        helper.make_node("Add", ["x", "more"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "line",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 1])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [None, 1])],
        [
            helper.make_tensor(name, TensorProto.DOUBLE, [1], [value])
            for name, value in (("fifty", 50.0), ("step", step))
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    signature = Signature(inputs=(Column(name="x", type="float64"),), outputs=(Column(name="y", type="float64"),))
    manifest = Manifest(
        model=MODEL, version=version, task="regression", signature=signature, runtime="onnx", entry="model.onnx"
    )
    return write_bundle(folder / version, manifest, {"model.onnx": made.SerializeToString()})


class Shop:
    """A runtime with versions of a line, and a user."""

    def __init__(self, folder: Path) -> None:
        store = FolderStore(folder / "store")
        self.runtime = LocalRuntime(folder / "run", store, interpreter=lambda _: sys.executable, timing=PATIENT)
        self.served = [
            Served(version=version, bundle=store.put(line(folder / "bundles", version, step)))
            for version, step in (("1.0.0", 0.0), ("1.1.0", 0.25), ("1.2.0", 0.5), ("1.3.0", 0.75))
        ]

    def bring(self, weight: float, split: Split = "copies", ab: Ab | None = None) -> Observed:
        """The first two versions, the second one with so much of the traffic; waits until that is in force."""
        return self.deal([(100.0 - weight, 0.0), (weight, 0.0)], split, ab)

    def deal(self, shares: Sequence[tuple[float, float]], split: Split, ab: Ab | None = None) -> Observed:
        """Versions with weights, and users of theirs whom the first answers; waits until that is in force."""
        api = "headway.dev/v1alpha1"
        spec = ModelSpec(
            task=Task(kind="regression", label="y"),
            data=Data(path="d.csv"),
            train=Train(run="python train.py"),
            rollout=Rollout(ab=ab),
        )
        model = Model(apiVersion=api, metadata=Metadata(name=MODEL), spec=spec)
        served = self.served[: len(shares)]
        arms = [
            ServedArm(served=one, weight=weight, returned=returned, replicas=1)
            for one, (weight, returned) in zip(served, shares, strict=True)
        ]
        environment = Environment(apiVersion=api, metadata=Metadata(name=ENVIRONMENT))
        self.runtime.apply(MODEL, ENVIRONMENT, rendered(model, environment, arms, split))
        wanted = {one.version: weight for one, (weight, _) in zip(served, shares, strict=True)}
        until(lambda: bool(self.look().address) and self.look().weights == wanted, 60)
        until(lambda: sorted(pids(self.runtime)) == [one.version for one in served], 60)
        return self.look()

    def look(self) -> Observed:
        """What runs."""
        return self.runtime.observe(MODEL, ENVIRONMENT)

    def pairs(self) -> Pairs:
        """The pairs so far."""
        found = self.look().pairs
        assert found is not None
        return found

    def ask(self, count: int, headers: dict[str, str] | None = None) -> Counter[tuple[int, str, float]]:
        """So many requests, x from 1 to 100 in turn; status, version, and what the answer is beyond x."""
        host, _, port = self.look().address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        found: Counter[tuple[int, str, float]] = Counter()
        for number in range(count):
            x = float(number % 100 + 1)
            body = json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [x]}]})
            connection.request("POST", PATH, body, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            found[answer.status, answer.headers["headway-version"], told["outputs"][0]["data"][0] - x] += 1
        connection.close()
        return found
