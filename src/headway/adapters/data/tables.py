"""Files of rows by format: their columns, and a file of the same format with some of the rows.

CSV and JSON lines keep every row byte for byte; Parquet is written anew.  Bytes in, bytes out.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import compress
from typing import Protocol

import polars as pl
from polars.exceptions import PolarsError

from headway.adapters.data.missing import MISSING
from headway.reconcile.ports import PortError

__all__ = ["Table", "is_known", "open_table"]

UNPACKED_AT_MOST = 16 * 2**30


class Table(Protocol):
    """One file of rows."""

    @property
    def rows(self) -> int:
        """How many there are."""

    @property
    def columns(self) -> Sequence[str]:
        """Their names, in order."""

    def column(self, name: str) -> pl.Series:
        """A column's values; CSV gives texts."""

    def texts(self) -> Sequence[str]:
        """Each row as a text of its own content, equal for equal rows."""

    def keep(self, chosen: Sequence[bool]) -> bytes:
        """A file of the same format with the rows chosen, in their order."""

    def frame(self) -> pl.DataFrame:
        """All rows; CSV gives texts, with those that stand for nothing as null."""


class CsvTable:
    """RFC 4180 with a header; the separator is the one the header shows.  Blank lines are no rows."""

    def __init__(self, data: bytes, *, pack: bool = False) -> None:
        self._pack = pack
        first = io.BytesIO(data).readline().decode("utf-8", "replace")
        self._separator = max(",;\t|", key=first.count)
        parsed = self._parse(data)
        self._header, columns = next(parsed, (b"", []))
        if not columns:
            raise PortError("its first line names no columns")
        self.columns: Sequence[str] = columns
        self._records: list[bytes] = []
        for number, (record, values) in enumerate(parsed, 2):
            if values and len(values) != len(columns):
                raise PortError(f"its record {number} has {len(values)} fields, the header {len(columns)}")
            if values:
                self._records.append(record)
        self.rows = len(self._records)

    def column(self, name: str) -> pl.Series:
        """A column's texts, null where they stand for nothing."""
        at = self.columns.index(name)
        texts = [values[at] for _, values in self._parse(b"".join(self._records))]
        return pl.Series(name, texts, dtype=pl.String).replace(dict.fromkeys(MISSING))

    def texts(self) -> Sequence[str]:
        """Each row without its line end."""
        return [record.rstrip(b"\r\n").decode() for record in self._records]

    def keep(self, chosen: Sequence[bool]) -> bytes:
        """The header and the rows chosen, byte for byte."""
        data = self._header + b"".join(compress(self._records, chosen))
        # Without a time in it, so that equal rows give equal bytes.
        return gzip.compress(data, mtime=0) if self._pack else data

    def frame(self) -> pl.DataFrame:
        """All rows as texts."""
        data = b"".join([self._header, *self._records])
        if b'"' not in data:
            with suppress(PolarsError):
                return pl.read_csv(data, separator=self._separator, infer_schema=False, null_values=list(MISSING))
        # Readers differ over stray quotes; the csv module, which cut the rows, also says what stands in them.
        if len(set(self.columns)) != len(self.columns):
            raise PortError("its first line names a column twice")
        values = zip(*(values for _, values in self._parse(b"".join(self._records))), strict=True)
        columns = [list(column) for column in values] or [[] for _ in self.columns]
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.columns, pl.String), orient="col")
        return frame.with_columns(pl.all().replace(dict.fromkeys(MISSING)))

    def _parse(self, data: bytes) -> Iterator[tuple[bytes, list[str]]]:
        """Each record's bytes with its values: the bytes are what the csv reader took for the row."""
        taken: list[bytes] = []

        def lines() -> Iterator[str]:
            for number, line in enumerate(io.BytesIO(data)):
                taken.append(line)
                yield line.decode("utf-8-sig" if number == 0 else "utf-8")

        try:
            for values in csv.reader(lines(), delimiter=self._separator):
                record = b"".join(taken)
                taken.clear()
                yield record, values
        except UnicodeDecodeError as error:
            raise PortError("it is not UTF-8; write it as UTF-8") from error
        except csv.Error as error:
            raise PortError(f"it is no CSV: {error}") from error


class ParquetTable:
    """Parquet, read and written by Polars; its key-value metadata (pandas keeps its index there) stay."""

    def __init__(self, data: bytes) -> None:
        try:
            self._frame = pl.read_parquet(data)
            self._metadata = pl.read_parquet_metadata(io.BytesIO(data))
        except (PolarsError, OSError) as error:
            raise PortError(f"it is no Parquet that Polars reads: {error}") from error
        self.rows = self._frame.height
        self.columns = tuple(self._frame.columns)

    def column(self, name: str) -> pl.Series:
        """A column's values."""
        return self._frame[name]

    def texts(self) -> Sequence[str]:
        """Each row's values as JSON."""
        return self._frame.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()

    def keep(self, chosen: Sequence[bool]) -> bytes:
        """The rows chosen."""
        kept = self._frame.filter(pl.Series(chosen, dtype=pl.Boolean))
        # The writer's own schema goes along, with the index of pandas and the like in it.  It is read back, for a
        # schema that does not fit what Polars writes must not change a value.
        written = _parquet(kept, self._metadata)
        return written if kept.equals(pl.read_parquet(written)) else _parquet(kept, {})

    def frame(self) -> pl.DataFrame:
        """All rows."""
        return self._frame


def _parquet(frame: pl.DataFrame, metadata: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    frame.write_parquet(sink, metadata=metadata)
    return sink.getvalue()


def _gzip_csv(data: bytes) -> Table:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            unpacked = packed.read(UNPACKED_AT_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PortError(f"it is no gzip file: {error}") from error
    if len(unpacked) > UNPACKED_AT_MOST:
        raise PortError(f"it unpacks to more than {UNPACKED_AT_MOST >> 30} GiB")
    return CsvTable(unpacked, pack=True)


FORMATS: Mapping[str, Callable[[bytes], Table]] = {
    ".csv": CsvTable,
    ".csv.gz": _gzip_csv,
    ".parquet": ParquetTable,
}


def is_known(path: str) -> bool:
    """Is it a format whose rows are read?"""
    return path.endswith(tuple(FORMATS))


def open_table(path: str, data: bytes) -> Table:
    """The rows of a file, by the end of its name; PortError names the file and what is wrong with it."""
    for ending, reader in FORMATS.items():
        if path.endswith(ending):
            try:
                return reader(data)
            except PortError as error:
                raise PortError(f"The data file {path} cannot be read: {error}.") from error
    raise PortError(f"The data file {path} is of no known format. Headway reads {', '.join(FORMATS)}.")
