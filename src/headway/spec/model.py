"""kind Model: what a team wants of one model, from its data to its retirement."""

from typing import Literal

from msgspec import Struct

from headway.spec.data import Data
from headway.spec.gate import Gate
from headway.spec.metadata import ApiVersion, Metadata
from headway.spec.monitor import Monitor, Retrain
from headway.spec.rollout import Rollout
from headway.spec.serving import Serve
from headway.spec.training import Train

__all__ = ["Model", "ModelSpec", "Task"]


class Task(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is predicted.

    Attributes:
        kind: Metrics and plots follow from it.
        label: The column that is predicted; it is never among the features.
        positive: The positive class of a two-class label; the greater one by default.
    """

    kind: Literal["classification", "regression"]
    label: str
    positive: str | int | bool | None = None


class ModelSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for one model; every part but task, data and train has defaults.

    Attributes:
        task: What is predicted.
        data: Which data it learns from.
        train: How it is trained.
        predict: A program with `load(folder)` and `predict(model, frame)`, where the model alone does not do.
        gates: What must hold before a version is released; the scan of the model file is always the first.
        serve: How it is served.
        rollout: How a new version takes over live traffic.
        monitor: What is watched on live traffic.
        retrain: When it is trained again by itself.
    """

    task: Task
    data: Data
    train: Train
    predict: str | None = None
    gates: tuple[Gate, ...] = ()
    serve: Serve = Serve()
    rollout: Rollout = Rollout()
    monitor: Monitor = Monitor()
    retrain: Retrain = Retrain()


class Model(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Model"
):
    """models/NAME/model.yaml: what a team wants of one model. Paths in it are relative to its folder.

    Attributes:
        metadata: Its name and labels.
        spec: What is wished.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: ModelSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
