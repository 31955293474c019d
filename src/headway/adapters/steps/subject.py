"""What is packaged, wherever it comes from: a repository's training, or a bare file; and where packaging works."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec import Struct

from headway.adapters.steps.run import Outcome, Step, python_paths, run
from headway.spec.data import Data

__all__ = ["LIMIT_S", "Bench", "Files", "Subject", "Task"]

Files = Mapping[str, bytes]
Task = Literal["classification", "regression"]

LIMIT_S = 900.0


class Subject(Struct, frozen=True, kw_only=True):
    """A model file or folder (`model`, by path; `entry` is the one that is loaded) and what is known of it.

    `task` is None when it is to be told by the model.  `code` lies beside the model.  `reference` are the rows that it
    learnt from, or a sample like them; `tested` rows of the test part, of which features are read only.  Without
    `comparable` there are no rows to judge a conversion by, and none is made.  `columns` are the features in order,
    where something beside the model names them.  `several` says whether it may answer several labels at once, which
    no gate judges.
    """

    name: str
    task: Task | None
    label: str = ""
    positive: str | int | bool | None = None
    data: Data = Data()
    entry: str
    model: Files
    code: Files = {}
    predict: str | None = None
    requirements: str = ""
    reference: pl.DataFrame
    tested: pl.DataFrame = pl.DataFrame()
    comparable: bool = True
    several: bool = False
    columns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    memory: int = 8 * 2**30
    trained_from: str = ""

    @property
    def files(self) -> Files:
        """Everything that a bundle of the model as it is holds."""
        return {**self.code, **self.model}


class Bench(Struct, frozen=True, kw_only=True):
    """Where packaging works: the model's interpreter, a folder of its own, the converters or why they are not there."""

    python: Path
    place: Path
    converters: Path | None = None
    missing: str = ""

    def run(self, command: tuple[str, ...], folder: Path, readable: tuple[Path, ...], memory: int) -> Outcome:
        """Run a program caged, in a folder that it may write."""
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"}
        return run(
            Step(
                command=command,
                folder=folder,
                environ={**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
                readable=(*python_paths(self.python), *readable),
                timeout_s=LIMIT_S,
                memory=memory,
            )
        )
