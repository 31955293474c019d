"""A part of the page: what must be simulated for it, and how it is written from what came out."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.decisions.tables import Table
from bench.rows import Row
from msgspec import Struct

__all__ = ["Found", "Section"]

Found = Mapping[str, Any]


class Section(Struct, frozen=True, kw_only=True):
    """`jobs` run anywhere and in any order; `write` gets their answers by the same names."""

    jobs: Mapping[str, Callable[[], Any]]
    write: Callable[[Found], tuple[tuple[Table, ...], tuple[Row, ...]]]
