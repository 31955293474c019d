"""What was made of a bare model file, in a few lines: what was guessed, what answers, and a line to try it with."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from headway.evidence.bundle import Column, Manifest, Parity, classes_of, is_label
from headway.serve.models.warmup import ordinary_values

__all__ = ["told"]

SHOWN = 12


def told(path: Path, manifest: Manifest, *, host: str, port: int) -> str:
    """The lines that a user sees before the server says that it is ready."""
    rows = {
        "task": _task(manifest),
        "takes": _listed([_input(column) for column in manifest.signature.inputs]),
        "answers": ", ".join(_output(column, manifest) for column in manifest.signature.outputs),
        "runtime": _runtime(manifest),
        "try": _try(manifest, host, port),
    }
    return "\n".join(
        [f"{path.name}: scanned, nothing refused", *(f"  {name:<8} {text}" for name, text in rows.items())]
    )


def _task(manifest: Manifest) -> str:
    if manifest.task == "regression":
        return "regression"
    if manifest.classes:
        return f"classification: {_listed([repr(value) for value in manifest.classes])}"
    labels = [column for column in manifest.signature.outputs if is_label(column.name)]
    each = (f"{column.name} of {_listed([repr(value) for value in column.classes])}" for column in labels)
    return f"classification, several labels: {'; '.join(each)}"


def _input(column: Column) -> str:
    return f"{column.name} ({column.type}{', may be missing' if column.nullable else ''})"


def _output(column: Column, manifest: Manifest) -> str:
    width = 1 if is_label(column.name) else len(classes_of(manifest, column)) or column.width
    return f"{column.name} ({f'{width} x ' if width > 1 else ''}{column.type})"


def _runtime(manifest: Manifest) -> str:
    if manifest.runtime == "onnx":
        return f"ONNX Runtime; {_parity(manifest.parity) if manifest.parity else manifest.reason}"
    return f"Python, in a process of its own, since {manifest.reason or 'no conversion was tried'}"


def _parity(found: Parity) -> str:
    return (
        f"converted: of {found.rows} rows compared {found.mismatches} differ (largest difference "
        f"{found.largest_difference:.1g}), of {found.edge_rows} made edge rows {found.edge_mismatches}"
        + "".join(f"\n             {edge}" for edge in found.edges[:SHOWN])
        + (
            f"\n             must be sent, for it differs where one is missing: {_listed(found.required)}"
            if found.required
            else ""
        )
    )


def _try(manifest: Manifest, host: str, port: int) -> str:
    names = (column.name for column in manifest.signature.inputs)
    row = dict(zip(names, ordinary_values(manifest), strict=True))
    shown = f"[{host}]" if ":" in host else host
    body = json.dumps({"dataframe_records": [row]}, ensure_ascii=False)
    return f"curl -s http://{shown}:{port}/invocations -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")
