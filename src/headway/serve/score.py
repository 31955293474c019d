"""Batch predictions: the rows of a file through the same checks and the same runtime as a request."""

import asyncio
import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from headway.evidence.bundle import classes_of, is_label
from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch, Layout, Rows, join, take
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.models.model import Model
from headway.serve.options import Limits
from headway.serve.protocols.invocations import cell
from headway.serve.runtimes.choice import runtime_of

__all__ = ["Scored", "read_csv", "score"]

_ROWS = 1024


class Scored(Struct, frozen=True, kw_only=True):
    """Predictions in the order of the rows, and which columns of the file the model does not take."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    ignored: tuple[str, ...]


def score(opened: Opened, header: Sequence[str], lines: Iterable[Sequence[str]], python: str) -> Scored:
    """Predict the lines of a CSV file; RefusedError names the line and column that cannot be predicted."""
    return asyncio.run(_score(opened, header, lines, python))


async def _score(opened: Opened, header: Sequence[str], lines: Iterable[Sequence[str]], python: str) -> Scored:
    model = Model(opened, runtime_of(opened, python), Limits())
    columns = model.layout.columns
    if absent := [c.name for c in columns if c.name not in header and not c.nullable]:
        raise RefusedError(f"the file has no column {absent[0]!r}; the model takes {', '.join(model.layout.index)}")
    places = [header.index(column.name) if column.name in header else -1 for column in columns]
    found: list[tuple[Any, ...]] = []
    try:
        await model.start()
        numbered = enumerate(lines, start=2)
        while part := list(islice(numbered, _ROWS)):
            answers = await _ask(model, join(model.layout, [_rows(model.layout, places, part)]))
            found += _told(model, answers)
    except Fault as fault:
        raise RefusedError(fault.message) from None
    finally:
        await model.stop()
    ignored = tuple(name for name in header if name not in model.layout.index)
    return Scored(header=tuple(_names(model)), rows=tuple(found), ignored=ignored)


def _rows(layout: Layout, places: Sequence[int], part: Sequence[tuple[int, Sequence[str]]]) -> Rows:
    """Check a part of the file; a fault names the line."""
    try:
        return take(layout, _columns(layout, places, [line for _, line in part]))
    except Fault as fault:
        if fault.row is None:
            raise
        raise Fault(fault.status, f"line {part[fault.row][0]}: {fault.said}") from None


def _columns(layout: Layout, places: Sequence[int], lines: Sequence[Sequence[str]]) -> list[list[Any]]:
    return [
        [cell(column, line[at]) if 0 <= at < len(line) else None for line in lines]
        for column, at in zip(layout.columns, places, strict=True)
    ]


async def _ask(model: Model, batch: Batch) -> Answers:
    told: asyncio.Future[Answers | Fault] = asyncio.get_running_loop().create_future()
    model.runtime.run(batch, told.set_result)
    result = await told
    if isinstance(result, Fault):
        raise result
    return result


def _names(model: Model) -> Iterator[str]:
    for column in model.manifest.signature.outputs:
        classes = classes_of(model.manifest, column)
        if classes and not is_label(column.name):
            told = column.name.replace("probabilities", "probability")
            yield from (f"{told}_{value}" for value in classes)
        elif column.width > 1:
            yield from (f"{column.name}_{at}" for at in range(column.width))
        else:
            yield column.name


def _told(model: Model, answers: Answers) -> Iterator[tuple[Any, ...]]:
    for row in range(answers.count):
        yield tuple(value for name in model.outputs for value in answers.part(name, row, row + 1))


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the lines of a CSV file; RefusedError when it is none."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = [line for line in csv.reader(file, strict=True) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefusedError(f"{path} cannot be read as CSV: {error}") from None
    if not lines:
        raise RefusedError(f"{path} is empty; expected CSV with a header line")
    return lines[0], lines[1:]
