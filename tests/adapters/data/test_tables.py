"""Files of rows: byte for byte where the format allows."""

import csv
import gzip
import io

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.adapters.data.tables import CsvTable, open_table
from headway.reconcile.ports import PortError


def test_quoted_line_ends_quotes_and_crlf_stay_as_they_are() -> None:
    rows = [b'1,"a\nb"\r\n', b'2,"say ""hi"", you"\r\n', b'3,5" pipe\r\n', b"4,last"]
    table = CsvTable(b"\xef\xbb\xbfid,text\r\n" + b"".join(rows))
    assert table.columns == ["id", "text"]
    assert table.column("text").to_list() == ["a\nb", 'say "hi", you', '5" pipe', "last"]
    assert table.keep([False, True, False, True]) == b"\xef\xbb\xbfid,text\r\n" + rows[1] + rows[3]


def test_quotes_mean_the_same_to_the_split_and_to_the_rows() -> None:
    frame = CsvTable(b'\xef\xbb\xbfid,text\n3,5" pipe\n4,"NA"\n5,"a\nb"\n').frame()
    assert frame.rows() == [("3", '5" pipe'), ("4", None), ("5", "a\nb")]
    assert CsvTable(b"\xef\xbb\xbfid,text\n1,NA\n").frame().to_dicts() == [{"id": "1", "text": None}]


def test_a_header_without_rows_is_an_empty_table() -> None:
    for header in (b"a,b\n", b'"a",b\n'):
        table = CsvTable(header)
        assert (table.rows, table.frame().shape) == (0, (0, 2))


def test_blank_lines_are_no_rows() -> None:
    table = CsvTable(b"a,b\n1,2\n\n3,4\n\n")
    assert table.rows == 2
    assert table.keep([True, True]) == b"a,b\n1,2\n3,4\n"
    assert table.frame().rows() == [("1", "2"), ("3", "4")]


def test_the_separator_is_the_one_of_the_header() -> None:
    assert CsvTable(b"a;b\n1,5;2\n").column("a").to_list() == ["1,5"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "names no columns"),
        (b"a,b\n1,2,3\n", "record 2 has 3 fields"),
        (b"a,b\n\xff,1\n", "not UTF-8"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "no CSV"),
    ],
)
def test_a_broken_csv_names_file_and_fault(data: bytes, words: str) -> None:
    with pytest.raises(PortError, match=rf"data/x\.csv.*{words}"):
        open_table("data/x.csv", data)


@pytest.mark.parametrize("path", ["x.csv.gz", "x.parquet", "x.xlsx"])
def test_other_broken_files_are_told(path: str) -> None:
    with pytest.raises(PortError, match=r"cannot be read|no known format"):
        open_table(path, b"nonsense")


def test_a_packed_csv_is_packed_again_the_same_each_time() -> None:
    table = open_table("x.csv.gz", gzip.compress(b"a\n1\n2\n"))
    assert gzip.decompress(table.keep([False, True])) == b"a\n2\n"
    assert table.keep([True, True]) == table.keep([True, True])


def test_parquet_keeps_types_for_pandas_and_its_index() -> None:
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "kind": pd.Categorical(["a", "b", "a"]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "text": ["x", None, "z"],
        },
        index=pd.Index(["r1", "r2", "r3"], name="row"),
    )
    sink = io.BytesIO()
    frame.to_parquet(sink)
    kept = pd.read_parquet(io.BytesIO(open_table("x.parquet", sink.getvalue()).keep([True, False, True])))
    expected = frame.iloc[[0, 2]]
    assert list(kept.index) == list(expected.index)
    assert kept.index.name == "row"
    assert kept["day"].tolist() == expected["day"].tolist()
    assert kept["kind"].astype(str).tolist() == ["a", "a"]
    assert kept["count"].tolist() == [1, 3]
    assert kept["text"].tolist() == ["x", "z"]


def test_equal_rows_have_equal_texts_in_parquet() -> None:
    frame = pl.DataFrame({"a": [1.5, 1.5, float("nan"), None], "b": [[1], [1], [2], None]})
    sink = io.BytesIO()
    frame.write_parquet(sink)
    texts = open_table("x.parquet", sink.getvalue()).texts()
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3


CELLS = st.text(alphabet='a",\n\r 1é;', max_size=6)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    chosen=st.lists(st.booleans(), min_size=12, max_size=12),
)
@settings(deadline=None)
def test_both_sides_together_are_the_file(rows: list[tuple[str, str]], end: str, chosen: list[bool]) -> None:
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    data = sink.getvalue().encode()
    table = CsvTable(data)
    assert table.rows == len(rows)
    mask = chosen[: table.rows]
    one, other = table.keep(mask), table.keep([not side for side in mask])
    assert len(one) + len(other) - len(f'"a","b"{end}') == len(data)
    kept = list(csv.reader(io.StringIO(one.decode(), newline="")))[1:]
    assert [tuple(row) for row in kept] == [row for row, side in zip(rows, mask, strict=True) if side]
