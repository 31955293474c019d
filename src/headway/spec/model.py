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
    """What is predicted.  `positive` names the positive class of a two-class label (default: the greater one)."""

    kind: Literal["classification", "regression"]
    label: str
    positive: str | int | bool | None = None


class ModelSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for one model; every part but task, data and train has defaults."""

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
    """kind Model."""

    metadata: Metadata
    spec: ModelSpec
    apiVersion: ApiVersion  # noqa: N815 - the wire name
