"""What a model says of itself: scanned first, then asked in a fresh process, caged."""

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import polars as pl

from headway.adapters.steps.graph import GRAPH_FILE, Graph
from headway.adapters.steps.mlflow import DESCRIPTION
from headway.adapters.steps.run import headway_paths
from headway.adapters.steps.subject import Bench, Subject
from headway.adapters.steps.train import lay
from headway.evidence.declared import declared_classes
from headway.evidence.scan import examine
from headway.evidence.scan.form import is_model
from headway.reconcile.ports import PortError
from headway.serve.runtimes import loading

__all__ = ["CONVERTED", "FOLDER", "described", "is_graph", "scanned"]

DESCRIBE = Path(__file__).with_name("describe.py")
LOADING = Path(str(loading.__file__))
FOLDER = "describe"
# What describing leaves in its folder when the model converts.
CONVERTED = "model.onnx"
READY = "it was written as ONNX, so there is no original to compare it with"


def scanned(subject: Subject) -> None:
    """PortError with the cure when the scan refuses the model's file, or one of a folder's that is a model too."""
    allow = {*subject.allow, *declared_classes(subject.code)}
    for path, data in subject.model.items():
        if (path != subject.entry or PurePosixPath(path).name == DESCRIPTION) and not is_model(path, data[:4096]):
            continue
        found = examine(path, data, allow=allow)
        own = [name.partition(":")[2] for name in found.globals if name.startswith("__main__:")]
        if own:
            raise PortError(
                f"The model file holds {', '.join(own)} as pickled from __main__, the training program itself, where "
                f"no other process finds it. Move {own[0]} to features.py, import it, and list features.py in "
                "train.files."
            )
        if found.refused:
            told = "; ".join(refusal.what for refusal in found.refused[:5])
            raise PortError(f"The scan refuses {found.file}: {told}. {found.refused[0].cure}.")


def is_graph(subject: Subject) -> bool:
    """Is the model ONNX already?"""
    return subject.entry.lower().endswith(".onnx") and not subject.predict


def described(subject: Subject, bench: Bench) -> tuple[dict[str, Any], str]:
    """What the model says of itself, and the isolation that it was asked in; PortError with what hinders serving it."""
    said, isolation = _graph(subject, bench) if is_graph(subject) else _model(subject, bench)
    if said["labels"] and not subject.several and not said["fault"]:
        said["fault"] = "it answers several labels at once, and a gate judges one; fit one classifier a label"
    if said["fault"]:
        raise PortError(f"The model cannot be served: {said['fault']}.")
    if said["columns"] is None and subject.columns:
        said["columns"] = list(subject.columns)
    return said, isolation


def _model(subject: Subject, bench: Bench) -> tuple[dict[str, Any], str]:
    frame, folder, converters = subject.reference, bench.place / FOLDER, bench.converters
    told = {
        "entry": subject.entry,
        "predict": subject.predict,
        "paths": list(dict.fromkeys([".", *(Path(path).parent.as_posix() for path in subject.code)])),
        "task": subject.task,
        "types": {name: "string" for name in frame.columns if frame[name].dtype == pl.String},
        "converters": str(converters) if converters and subject.comparable else "",
        "loading": str(LOADING),
    }
    lay(folder, {**subject.files, "describe.json": json.dumps(told).encode()})
    readable = (DESCRIBE, LOADING, *([converters] if converters else []))
    outcome = bench.run((str(bench.python), str(DESCRIBE)), folder, readable, subject.memory)
    written = folder / "described.json"
    if outcome.reason or not written.is_file():
        raise PortError(f"The model cannot be loaded: {outcome.reason or 'nothing was said of it'}.")
    said: dict[str, Any] = json.loads(written.read_bytes())
    if bench.missing:
        said["reason"] = bench.missing
    elif not subject.comparable:
        said["reason"] = "there are no rows to compare a converted model on"
    return said, outcome.isolation


def _graph(subject: Subject, bench: Bench) -> tuple[dict[str, Any], str]:
    folder = bench.place / FOLDER
    lay(folder, {"model.onnx": subject.model[subject.entry]})
    command = (sys.executable, "-I", "-m", "headway.adapters.steps.graph")
    outcome = bench.run(command, folder, headway_paths(), subject.memory)
    if outcome.reason:
        raise PortError(f"The graph cannot be loaded: {outcome.reason}.")
    found = msgspec.json.decode((folder / GRAPH_FILE).read_bytes(), type=Graph)
    (folder / "model.onnx").unlink()
    return _said(found, subject), outcome.isolation


def _said(graph: Graph, subject: Subject) -> dict[str, Any]:
    """A graph in the words in which a model tells of itself; what its scores mean is told by the task, if by nobody."""
    scores = [output for output in graph.outputs if output.scores]
    labels = [output for output in graph.outputs if not output.scores]
    task = subject.task or ("classification" if labels or any(output.classes for output in scores) else "regression")
    widest = max((output.width for output in scores), default=0)
    classes = next((list(output.classes) for output in scores if output.classes), None)
    fault = graph.fault
    if not fault and task == "regression" and len(graph.outputs) != 1:
        fault = f"it answers {', '.join(output.name for output in graph.outputs)}, and a regression answers once"
    several = labels[0].width if task == "classification" and len(labels) == 1 and labels[0].width > 1 else 0
    if several and labels[0].texts:
        fault = f"it answers {several} labels at once and names no classes; serve the model that it was made from"
    if task == "classification" and classes is None and subject.label not in subject.reference.columns and widest > 1:
        classes = list(range(widest))
    return {
        "columns": list(graph.columns) or None,
        "count": graph.width or None,
        "types": graph.columns,
        "classes": classes,
        "probabilities": bool(scores),
        "task": task,
        "labels": [list(range(count)) for count in (scores[0].several if scores else ()) or (2,) * several] or None,
        "reason": READY,
        "fault": fault,
    }
