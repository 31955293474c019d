"""The step `package`: scans the model file, says what it is, converts it, compares, and lays the bundle.

The model is never loaded in this process: it is described and asked caged, in fresh processes.
"""

import sys
import tempfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct, structs

from headway.adapters.steps.answer import ANSWERS_FILE, ROWS_FILE, Answered
from headway.adapters.steps.described import CONVERTED, FOLDER, described, is_graph, scanned
from headway.adapters.steps.edges import missing
from headway.adapters.steps.mlflow import unwrapped
from headway.adapters.steps.parity import Asked, asked_rows, objection, parity
from headway.adapters.steps.run import headway_paths
from headway.adapters.steps.signature import classes_of, labels_of, outputs_of, plain, signature_of
from headway.adapters.steps.subject import Bench, Files, Subject
from headway.adapters.steps.summary import summary_of
from headway.adapters.steps.train import lay
from headway.evidence.bundle import BUNDLE_FILE, Manifest, Parity, is_label
from headway.evidence.bundle import classes_of as classes_in
from headway.evidence.folder import FileDigest
from headway.reconcile.ports import PortError
from headway.spec.data import Data, Expect
from headway.spec.digest import digest

__all__ = ["Packaged", "package"]

ONNX_FILE = "model.onnx"
ZEROS: Mapping[str, Any] = {"float64": 0.0, "int64": 0, "bool": False, "string": ""}
# Probabilities of a row in float32, added up.
SUM_WITHIN = 1e-3


class Packaged(Struct, frozen=True, kw_only=True):
    """A bundle's folder, not numbered yet, its manifest, and the isolation that the model was described in."""

    folder: Path
    manifest: Manifest
    isolation: str


def package(subject: Subject, bench: Bench) -> Packaged:
    """Make a bundle of a model.  PortError with reason and cure when it cannot be served."""
    subject = structs.replace(subject, reference=plain(subject.reference), tested=plain(subject.tested))
    subject = unwrapped(subject)
    scanned(subject)
    said, isolation = described(subject, bench)
    subject = _with_rows(subject, said)
    manifest, files = _converted(subject, said, bench)
    if manifest.reason and (never := _never_missing(subject, manifest)):
        # A version that must not be asked without them is better than one that answers a hundred times slower.
        expect = {**subject.data.expect, **{name: _complete(subject.data, name) for name in never}}
        narrow = structs.replace(subject, data=structs.replace(subject.data, expect=expect))
        again, converted = _converted(narrow, said, bench)
        if again.parity and not again.reason:
            manifest = structs.replace(again, parity=structs.replace(again.parity, required=never))
            files = converted
    return Packaged(folder=_lay(bench, "final", manifest, files), manifest=manifest, isolation=isolation)


def _converted(subject: Subject, said: Mapping[str, Any], bench: Bench) -> tuple[Manifest, Files]:
    """The manifest and files of the converted model; where it answers otherwise, of the model as it is."""
    manifest, asked, answered = _answering(subject, said, bench)
    sampled = {name: values[: asked.sampled] for name, values in answered.outputs.items()}
    if subject.comparable:  # made rows are no reference that live traffic could drift from
        manifest = structs.replace(manifest, summary=summary_of(subject.reference, manifest.signature, sampled))
    made = bench.place / FOLDER / CONVERTED
    if not made.is_file():
        return manifest, subject.files
    onnx = structs.replace(manifest, runtime="onnx", entry=ONNX_FILE, reason="")
    converted = {**subject.code, ONNX_FILE: made.read_bytes()}
    compared, reason = _compared(onnx, converted, asked, answered, bench)
    if reason:
        return structs.replace(manifest, reason=reason, parity=compared), subject.files
    return structs.replace(onnx, parity=compared), converted


def _never_missing(subject: Subject, manifest: Manifest) -> tuple[str, ...]:
    """Columns that may be missing only because nothing forbids it, if on one of them the converted model parts.

    All of them: which of a forest's columns happen to answer alike when missing is chance, and may change with a tree.
    """
    edges = manifest.parity.edges if manifest.parity else ()
    frames = [frame for frame in (subject.reference, subject.tested) if frame.width]
    columns = [
        column
        for column in manifest.signature.inputs
        if column.nullable
        and subject.data.expect.get(column.name, Expect()).nulls_at_most is None
        and not any(frame[column.name].null_count() for frame in frames)
    ]
    parts = any(edge.startswith(missing(column)) for column in columns for edge in edges)
    return tuple(column.name for column in columns) if parts else ()


def _complete(data: Data, name: str) -> Expect:
    return structs.replace(data.expect.get(name, Expect()), nulls_at_most=0.0)


def _with_rows(subject: Subject, said: Mapping[str, Any]) -> Subject:
    """A graph that comes without any rows gets one of zeros; of what it makes of missing values nothing is known."""
    if not is_graph(subject) or subject.reference.width:
        return subject
    names = said["columns"] or [f"x{at}" for at in range(said["count"])]
    row = {name: ZEROS[said["types"].get(name, "float64")] for name in names}
    complete = Data(expect={name: Expect(nulls_at_most=0.0) for name in names})
    return structs.replace(subject, reference=pl.DataFrame([row]), data=complete)


def _answering(subject: Subject, said: Mapping[str, Any], bench: Bench) -> tuple[Manifest, Asked, Answered]:
    """The manifest of the model as it is, what it was asked, and its answers.

    Only asking shows whether a predict.py, or an object that names no classes, answers probabilities, and how many
    numbers a regression answers.
    """
    told = said["classes"] or said.get("labels")
    unknown = bool(subject.predict) or (said["task"] == "classification" and told is None)
    choices = (True, False) if unknown and not is_graph(subject) else (bool(said["probabilities"]),)
    reasons = []
    for probabilities in choices:
        manifest = _manifest(subject, {**said, "probabilities": probabilities}, width=0)
        asked = asked_rows(subject.reference, subject.tested, manifest.signature)
        answered = _answers(_lay(bench, f"as-it-is-{probabilities}", manifest, subject.files), manifest, asked, bench)
        first = next((value for value in next(iter(answered.outputs.values()), []) if value is not None), None)
        if not answered.refused and first is not None:
            width = len(first) if said["task"] == "regression" and isinstance(first, list) else 1
            _check_probabilities(answered)
            return _manifest(subject, {**said, "probabilities": probabilities}, width=width), asked, answered
        reasons.append(answered.refused or answered.fault)
    raise PortError(f"The model answers none of {subject.reference.height} rows: {reasons[0]}.")


def _check_probabilities(answered: Answered) -> None:
    """PortError when scores are no probabilities, as those of a network without its last layer."""
    chances = (rows for name, rows in answered.outputs.items() if name.startswith("probabilities"))
    for row in chain.from_iterable(chances):
        if row is not None and not (min(row) >= -SUM_WITHIN and abs(sum(row) - 1) <= SUM_WITHIN):
            raise PortError(
                f"The model answers {', '.join(f'{value:.3g}' for value in row[:4])} as the probabilities of a row, "
                "which do not add up to 1. Let it end with a softmax, or call the task a regression."
            )


def _compared(
    onnx: Manifest, files: Files, asked: Asked, answered: Answered, bench: Bench
) -> tuple[Parity | None, str]:
    other = _answers(_lay(bench, "onnx", onnx, files), onnx, asked, bench)
    if other.refused:
        return None, f"converted to ONNX it does not load: {other.refused}"
    classes = {column.name: classes_in(onnx, column) for column in onnx.signature.outputs if is_label(column.name)}
    compared = parity(asked, answered.outputs, other.outputs, classes)
    return compared, objection(compared)


def _manifest(subject: Subject, said: Mapping[str, Any], *, width: int) -> Manifest:
    classes = classes_of(said, subject)
    if labels := said.get("labels"):
        outputs = labels_of(labels, probabilities=said["probabilities"])
    else:
        outputs = outputs_of(said["task"], classes, probabilities=said["probabilities"], width=width)
    signature = signature_of(said, subject, outputs)
    return Manifest(
        model=subject.name,
        version="0.0.0",
        task=said["task"],
        classes=classes,
        positive=subject.positive,
        signature=signature,
        runtime="onnx" if is_graph(subject) else "python",
        entry=subject.entry,
        predict=subject.predict,
        requirements=subject.requirements,
        code=tuple(sorted(subject.code)),
        reason=said["reason"] or (f"{subject.predict} predicts" if subject.predict else ""),
        trained_from=subject.trained_from,
        summary=summary_of(subject.reference, signature, {}) if subject.comparable else None,
    )


def _answers(bundle: Path, manifest: Manifest, asked: Asked, bench: Bench) -> Answered:
    """What a bundle answers to some rows, in a process of its own that ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="answer-", dir=bench.place))
    names = [column.name for column in manifest.signature.inputs]
    (folder / ROWS_FILE).write_bytes(msgspec.json.encode({name: asked.columns[name] for name in names}))
    command = (sys.executable, "-I", "-m", "headway.adapters.steps.answer", str(bundle), str(bench.python))
    outcome = bench.run(command, folder, (bundle, *headway_paths()), 8 * 2**30)
    if outcome.reason:
        return Answered(outputs={}, refused=outcome.reason)
    return msgspec.json.decode((folder / ANSWERS_FILE).read_bytes(), type=Answered)


def _lay(bench: Bench, name: str, manifest: Manifest, files: Files) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=bench.place)) / "bundle"
    lay(folder, {**files, BUNDLE_FILE: bundle_file(manifest, files)})
    return folder


def bundle_file(manifest: Manifest, files: Files) -> bytes:
    """bundle.json, naming every other file."""
    named = tuple(FileDigest(path=path, size=len(data), sha256=digest(data)) for path, data in sorted(files.items()))
    return msgspec.json.encode(structs.replace(manifest, files=named), order="deterministic")
