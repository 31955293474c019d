"""Trains a model from the work tree: the same steps and the same cache as the loop, no version and no release."""

from pathlib import Path

import msgspec
from msgspec import Struct, structs

from headway.app.checking import wish_of_work_tree
from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.show import show
from headway.app.wiring import open_memory, open_world
from headway.evidence.record import StepRun
from headway.reconcile.declared import declared
from headway.reconcile.documents import lock_of
from headway.reconcile.once import refresh
from headway.reconcile.ports import PortError, TrainJob
from headway.spec.model import Model
from headway.spec.training import Param
from headway.spec.wish import allowed_classes, required_isolation

__all__ = ["Run", "train"]


class Run(Struct, frozen=True, kw_only=True):
    """What a training came to; `record` is the store's digest of what it reported and of its steps."""

    model: str
    outcome: str
    reason: str
    bundle: str
    runtime: str
    runtime_reason: str
    steps: tuple[StepRun, ...]
    reported: dict[str, float]
    record: str


def train(repo: Path, name: str, settings: tuple[str, ...], output: str) -> None:
    """Train and show the steps; RefusedError when the model is not known, or its training failed."""
    repository = open_repository(repo)
    wish, tree = wish_of_work_tree(repository)
    placed = wish.models.get(name)
    if placed is None:
        raise RefusedError(f"There is no usable model {name!r} in the work tree; `headway check` says more.")
    model = _with(placed.value, settings)
    world, memory = open_world(repository), open_memory(repository)
    refresh(world, memory)
    try:
        locked = memory.book.ledger.model(name).lock
        lock = lock_of(world.journal, name) if locked else world.data.lock(placed.folder, model.spec.data)
        result = world.trainer.train(
            TrainJob(
                model=model,
                folder=placed.folder,
                files=declared(tree, "", placed.folder, model),
                lock=lock,
                number=lambda _signature: "0.0.0",
                allow=allowed_classes(wish, model),
                isolation=required_isolation(wish, model),
            )
        )
        record = world.store.put(msgspec.json.encode(result.seen))
    except PortError as error:
        raise RefusedError(str(error)) from error
    seen = result.seen
    run = Run(
        model=name,
        outcome=seen.outcome,
        reason=seen.reason,
        bundle=result.bundle,
        runtime=seen.runtime,
        runtime_reason=seen.runtime_reason,
        steps=seen.steps,
        reported=dict(seen.reported),
        record=record,
    )
    show(run, output, _text)
    if seen.outcome == "failed":
        raise RefusedError(f"Training {name} failed: {seen.reason}")


def _with(model: Model, settings: tuple[str, ...]) -> Model:
    params: dict[str, Param] = dict(model.spec.train.params)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in params:
            known = ", ".join(params) or "none"
            raise RefusedError(
                f"--set {setting}: {name!r} is no parameter of {model.metadata.name}; there are: {known}."
            )
        params[name] = _value(text, params[name])
    return structs.replace(
        model, spec=structs.replace(model.spec, train=structs.replace(model.spec.train, params=params))
    )


def _value(text: str, like: Param) -> Param:
    try:
        return msgspec.convert(text, type(like), strict=False)
    except msgspec.ValidationError:
        raise RefusedError(f"{text!r} is no {type(like).__name__}, as the parameter is.") from None


def _text(run: Run) -> str:
    lines = [
        f"{step.name:<12} {step.state:<7} {step.outcome:<7} {step.seconds:6.1f} s  {step.reason}" for step in run.steps
    ]
    if run.bundle:
        lines.append(f"bundle {run.bundle[:12]}, served by {run.runtime}; commit it on main to have it released")
    if run.runtime_reason:
        lines.append(f"not as ONNX: {run.runtime_reason}")
    lines += [f"  reported {name} = {value:g}" for name, value in run.reported.items()]
    return "\n".join(lines)
