"""Answers rows with a bundle in a fresh process, caged: the same checks and the same predict path as the server's.

Run as a module by Headway's own interpreter; reads rows.json, writes answers.json in its folder.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import join, take
from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import open_bundle
from headway.serve.models.model import Model
from headway.serve.options import Limits
from headway.serve.runtimes.choice import runtime_of

__all__ = ["ANSWERS_FILE", "ROWS_FILE", "Answered"]

ROWS_FILE, ANSWERS_FILE = "rows.json", "answers.json"
ROWS_AT_ONCE = 512


class Answered(Struct, kw_only=True):
    """Outputs by name, a value or a list of values a row, None for rows that got no answer; why the first got none.

    `refused` says why the bundle could not be loaded at all.
    """

    outputs: dict[str, list[Any]]
    fault: str = ""
    refused: str = ""


async def answer(bundle: Path, python: str, columns: dict[str, list[Any]]) -> Answered:
    """Load the bundle and answer; a batch that fails is halved until the rows that cannot be answered are alone."""
    opened = open_bundle(bundle)
    model = Model(opened, runtime_of(opened, python), Limits())
    wanted = [columns[column.name] for column in model.layout.columns]
    count = len(wanted[0])
    found = Answered(outputs={name: [None] * count for name in model.outputs})
    try:
        await model.start()
        waiting = [(at, min(at + ROWS_AT_ONCE, count)) for at in range(0, count, ROWS_AT_ONCE)]
        while waiting:
            start, stop = waiting.pop()
            try:
                _keep(found, model, await _ask(model, [values[start:stop] for values in wanted]), start)
            except Fault as fault:
                if stop - start > 1:
                    middle = (start + stop) // 2
                    waiting += [(start, middle), (middle, stop)]
                found.fault = found.fault or fault.message
    finally:
        await model.stop()
    return found


async def _ask(model: Model, columns: Sequence[list[Any]]) -> Answers:
    told: asyncio.Future[Answers | Fault] = asyncio.get_running_loop().create_future()
    model.runtime.run(join(model.layout, [take(model.layout, columns)]), told.set_result)
    result = await told
    if isinstance(result, Fault):
        raise result
    return result


def _keep(found: Answered, model: Model, answers: Answers, start: int) -> None:
    for name in model.outputs:
        width = answers.width[name]
        for row in range(answers.count):
            part = answers.part(name, row, row + 1)
            found.outputs[name][start + row] = part if width > 1 else part[0]


def main() -> None:
    """Answer the rows in the folder given."""
    bundle, python = Path(sys.argv[1]), sys.argv[2]
    columns = msgspec.json.decode(Path(ROWS_FILE).read_bytes(), type=dict[str, list[Any]])
    try:
        found = asyncio.run(answer(bundle, python, columns))
    except RefusedError as refusal:
        found = Answered(outputs={}, refused=str(refusal))
    Path(ANSWERS_FILE).write_bytes(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
