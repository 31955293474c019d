"""A small team's model for the tests of steps: its data, its program, and an environment that is there already."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from headway.adapters.data.rows import rows
from headway.adapters.steps.environments import Environments
from headway.adapters.steps.trainer import LocalTrainer
from headway.adapters.store.folder import FolderStore
from headway.reconcile.ports import Store, TrainJob
from headway.spec.data import Data
from headway.spec.digest import digest_of
from headway.spec.lock import Lock, LockSpec, PinnedFile
from headway.spec.metadata import Metadata
from headway.spec.model import Model, ModelSpec, Task
from headway.spec.training import Train

TRAIN_PY = """
import json, os, sys
import joblib, pandas as pd
from features import NAMES
from sklearn.linear_model import LogisticRegression

frame = pd.read_csv("data/train.csv")
model = LogisticRegression(max_iter=200).fit(frame[NAMES], frame["late"])
joblib.dump(model, "model.joblib")
json.dump({"rows": len(frame)}, open("metrics.json", "w"))
"""
FEATURES_PY = 'NAMES = ["distance", "temp"]\n'
REQUIREMENTS = b"scikit-learn==1.9.1\n"
FILES = {"train.py": TRAIN_PY.encode(), "features.py": FEATURES_PY.encode(), "requirements.lock": REQUIREMENTS}


class HereEnvironment(Environments):
    """The interpreter of the tests as the environment of whatever requirements."""

    def has(self, requirements: bytes) -> bool:
        """It is always there."""
        return bool(requirements)

    def interpreter(self, requirements: bytes) -> Path:  # noqa: ARG002 - that is the point of it
        """The interpreter of the tests."""
        return Path(sys.executable)

    def converters(self, python: Path, tell: Callable[[str], None] = lambda _: None) -> Path:  # noqa: ARG002 - the same
        """None are needed beside those that the tests have."""
        return python.parent / "no-folder-of-converters"


def flights(rows: int = 400, seed: int = 7) -> pd.DataFrame:
    """Rows with a rule in them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "distance": rng.integers(80, 3000, rows),
            "temp": rng.normal(50, 20, rows).round(1),
            "carrier": rng.choice(["AA", "UA", "WN"], rows),
        }
    )
    late = frame.distance / 1000 + (frame.carrier == "UA") + rng.normal(0, 0.4, rows) > 1.7
    return frame.assign(late=late.astype(int))


class Workshop:
    """A store, a trainer, and a lock over some rows; `job` gives a training of them."""

    def __init__(self, place: Path, environ: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.store = FolderStore(place / "store")
        self.environments = HereEnvironment(place / "cache", {})
        self.lock = self.locked(flights(), flights(200, seed=8))
        self.trainer = LocalTrainer(
            self.store,
            self.environments,
            work=place / "work",
            cache=place / "steps",
            environ=environ or {},
            rows=rows,
        )

    def locked(self, train: pd.DataFrame, test: pd.DataFrame) -> Lock:
        """A lock of two CSV files."""
        parts = {"train": train, "test": test}
        pinned = {name: pinned_csv(self.store, f"data/{name}.csv", frame) for name, frame in parts.items()}
        spec = LockSpec(sources=(), train=(pinned["train"],), test=(pinned["test"],), split=digest_of("split"))
        return Lock(metadata=Metadata(name="delay"), spec=spec, apiVersion="headway.dev/v1alpha1")

    def job(self, files: Mapping[str, bytes] | None = None, *, version: str = "1.0.0", **train: Any) -> TrainJob:
        """A training; `train` are fields of the train section."""
        made = {**FILES, **(files or {})}
        return TrainJob(
            model=model_of(**{"files": tuple(sorted(made)), **train}),
            folder="models/delay",
            files=made,
            lock=self.lock,
            number=lambda _signature: version,
        )


def pinned_csv(store: Store, path: str, frame: pd.DataFrame) -> PinnedFile:
    data = frame.to_csv(index=False).encode()
    return PinnedFile(path=path, size=len(data), sha256=store.put(data), rows=len(frame))


def model_of(task: Task | None = None, data: Data | None = None, predict: str | None = None, **train: Any) -> Model:
    """A model's wish with these fields of its train section."""
    return Model(
        metadata=Metadata(name="delay"),
        apiVersion="headway.dev/v1alpha1",
        spec=ModelSpec(
            task=task or Task(kind="classification", label="late"),
            data=data or Data(path="data/*.csv"),
            train=Train(**{"run": "python train.py", "timeout": 60.0, "memory": 2**31, **train}),
            predict=predict,
        ),
    )
