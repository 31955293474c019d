"""Locks of real files: pinned bytes, sound digests, and what is refused."""

import os
import time
from pathlib import Path

import polars as pl
import pytest

from headway.adapters.data.digests import SETTLED_NS, Digests, stamp_of
from headway.adapters.data.facts import facts
from headway.adapters.data.local import LocalData, split_digest
from headway.adapters.data.rows import rows
from headway.adapters.store.folder import FolderStore
from headway.reconcile.ports import PortError
from headway.spec.data import Data, Expect, Split
from headway.spec.digest import digest


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def files(tmp_path: Path, store: FolderStore) -> LocalData:
    (tmp_path / "m").mkdir()
    return LocalData(tmp_path, store, tmp_path / "cache" / "digests.sqlite")


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def age(path: Path) -> None:
    """Wait until the file has settled, as the clock of its file system says."""
    while time.time_ns() - path.stat().st_ctime_ns <= SETTLED_NS:
        os.sched_yield()


def days(first: int, last: int) -> bytes:
    lines = [f"2013-01-{day:02},{day % 3},{day}.5" for day in range(first, last + 1)]
    return ("date,carrier,delay\n" + "\n".join(lines) + "\n").encode()


def test_a_split_by_time_leaves_files_and_rows_as_they_were(
    files: LocalData, store: FolderStore, tmp_path: Path
) -> None:
    write(tmp_path / "m/data/a.csv", days(1, 10))
    write(tmp_path / "m/data/b.csv", days(11, 20))
    data = Data(path="data/*.csv", split=Split(by="date", train=10 * 86400.0, test=5 * 86400.0))
    spec = files.lock("m", data).spec
    assert {file.path: store.read(file.sha256) for file in spec.train} == {
        "data/a.csv": days(6, 10),
        "data/b.csv": days(11, 15),
    }
    assert {file.path: store.read(file.sha256) for file in spec.test} == {"data/b.csv": days(16, 20)}
    assert [file.rows for file in (*spec.train, *spec.test)] == [5, 5, 5]


def test_rows_without_a_date_are_counted_and_in_neither_part(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data.csv", days(1, 10) + b"NA,1,1\n,2,2\n")
    spec = files.lock("m", Data(path="data.csv", split=Split(by="date", test=0.2))).spec
    assert (spec.undated, spec.train[0].rows, spec.test[0].rows) == (2, 8, 2)


def test_an_empty_part_is_refused_with_its_numbers(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data.csv", days(1, 5))
    with pytest.raises(PortError, match="0 training and 5 test rows"):
        files.lock("m", Data(path="data.csv", split=Split(by="date", test=90 * 86400.0)))


def test_an_unknown_column_names_those_that_are_there(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data.csv", days(1, 5))
    with pytest.raises(PortError, match=r"no column 'day'; it has date, carrier, delay"):
        files.lock("m", Data(path="data.csv", split=Split(by="day")))


def test_rows_of_a_unit_are_on_one_side(files: LocalData, store: FolderStore, tmp_path: Path) -> None:
    frame = pl.DataFrame({"unit": [number % 30 for number in range(300)], "x": range(300)})
    (tmp_path / "m/d").mkdir()
    frame.head(150).write_parquet(tmp_path / "m/d/a.parquet")
    frame.tail(150).write_csv(tmp_path / "m/d/b.csv")
    lock = files.lock("m", Data(path="d/*", unit="unit"))
    train, test = rows(store, lock, "train"), rows(store, lock, "test")
    assert not set(train["unit"]) & set(test["unit"])
    assert sorted([*train["x"], *test["x"]]) == list(range(300))


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_link_is_refused(files: LocalData, tmp_path: Path, where: str) -> None:
    write(tmp_path / "outside" / "data.csv", days(1, 5))
    if where == "file":
        (tmp_path / "m/data.csv").symlink_to(tmp_path / "outside/data.csv")
    else:
        (tmp_path / "m/link").symlink_to(tmp_path / "outside")
    with pytest.raises(PortError, match="is a link"):
        files.lock("m", Data(path="data.csv" if where == "file" else "link/*.csv"))


def test_a_model_folder_that_is_a_link_or_leads_out_is_refused(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data.csv", days(1, 5))
    (tmp_path / "link").symlink_to(tmp_path / "m")
    for folder in ("link", "../m", "/m"):
        with pytest.raises(PortError, match=r"The model's folder"):
            files.lock(folder, Data(path="data.csv"))


def test_a_file_that_changes_while_it_is_stored_fails(tmp_path: Path) -> None:
    class Meddled(FolderStore):
        def put(self, source: Path | bytes) -> str:
            name = super().put(source)
            if isinstance(source, Path):
                source.write_bytes(b"more")
            return name

    write(tmp_path / "m/data.csv", days(1, 5))
    with pytest.raises(PortError, match="changed while"):
        LocalData(tmp_path, Meddled(tmp_path / "store")).lock("m", Data(path="data.csv"))


@pytest.mark.parametrize("pattern", ["**.csv", ".", "data/[.csv"])
def test_odd_patterns_are_told(files: LocalData, tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "m/data.csv", days(1, 5))
    with pytest.raises(PortError, match="data path"):
        files.lock("m", Data(path=pattern))


def test_a_folder_as_path_says_how_to_write_it(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data/a.csv", days(1, 5))
    with pytest.raises(PortError, match=r"add /\*\.csv"):
        files.lock("m", Data(path="data"))


def test_hidden_files_are_left_out(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/data/a.csv", days(1, 9))
    write(tmp_path / "m/data/.a.csv.swp.csv", b"junk")
    assert [file.path for file in files.lock("m", Data(path="data/*.csv")).spec.sources] == ["data/a.csv"]


def test_a_digest_is_reused_only_while_the_file_is_untouched(tmp_path: Path) -> None:
    path, digests = tmp_path / "file", Digests(tmp_path / "cache.sqlite")
    path.write_bytes(b"one")
    age(path)
    stamp = stamp_of(path)
    assert digests.digest(path) == digest(b"one")
    assert digests.known(path, stamp) == digest(b"one")
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp[3], stamp[3]))  # the old mtime and size; ctime cannot be set back
    assert digests.known(path, stamp_of(path)) == ""
    assert digests.digest(path) == digest(b"two")


def test_a_digest_of_a_young_file_is_not_remembered(tmp_path: Path) -> None:
    path, digests = tmp_path / "file", Digests(tmp_path / "cache.sqlite")
    path.write_bytes(b"one")
    digests.digest(path)
    assert digests.known(path, stamp_of(path)) == ""


def test_a_damaged_cache_costs_time_and_no_answer(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_bytes(b"no database" * 1000)
    (tmp_path / "file").write_bytes(b"one")
    assert Digests(tmp_path / "cache.sqlite").digest(tmp_path / "file") == digest(b"one")


def test_what_shapes_no_part_leaves_the_split_digest_alone() -> None:
    one = Data(path="x.csv", split=Split(by="day"), unit="day")
    assert split_digest(one) == split_digest(
        Data(path="x.csv", split=Split(by="day"), expect={"a": Expect(unique=True)})
    )
    assert split_digest(one) != split_digest(Data(path="x.csv", split=Split(by="day", test=0.3)))
    assert split_digest(Data(path="x.csv", unit="a")) != split_digest(Data(path="x.csv", unit="b"))


def test_types_hold_over_both_parts(files: LocalData, store: FolderStore, tmp_path: Path) -> None:
    write(tmp_path / "m/train.csv", b"a,b,c,d,e\n1,1.5,x,True,NA\n2,2,7,false,\n")
    write(tmp_path / "m/test.csv", b"a,b,c,d,f\n3,4,5,true,1\n")
    lock = files.lock("m", Data(train="train.csv", test="test.csv"))
    test = rows(store, lock, "test")
    assert dict(test.schema) == {
        "a": pl.Int64, "b": pl.Float64, "c": pl.String, "d": pl.Boolean, "e": pl.String, "f": pl.Int64,
    }  # fmt: skip
    assert test.rows() == [(3, 4.0, "5", True, None, 1)]


def test_facts_count_nulls_bounds_unseen_values_and_leaked_rows(
    files: LocalData, store: FolderStore, tmp_path: Path
) -> None:
    write(tmp_path / "m/train.csv", b"day,carrier,x\n2024-01-01,AA,1\n2024-01-01,BB,2.5\n2024-01-02,,NA\n")
    write(tmp_path / "m/test.csv", b"day,carrier,x\n2024-01-02,,\n2024-01-03,CC,9\n2024-01-03,AA,1\n")
    expect = {"carrier": Expect(categories="train"), "day": Expect(type="time"), "x": Expect(between=(0, 5))}
    data = Data(train="train.csv", test="test.csv", expect=expect)
    found = facts(store, files.lock("m", data), data)
    assert (found.train_rows, found.test_rows, found.leaked_rows) == (3, 3, 1)
    day, carrier, x = found.test
    assert (day.type, day.nulls, day.distinct) == ("time", 0, 2)
    assert (carrier.type, carrier.nulls, carrier.unseen, carrier.unseen_rows) == ("string", 1, ("CC",), 1)
    assert (x.type, x.nulls, x.low, x.high) == ("number", 1, 1.0, 9.0)
    assert found.train[1].unseen == ()


def test_listed_categories_are_asked_of_both_parts(files: LocalData, store: FolderStore, tmp_path: Path) -> None:
    write(tmp_path / "m/train.csv", b"k\na\nb\nz\n")
    write(tmp_path / "m/test.csv", b"k\na\n")
    data = Data(train="train.csv", test="test.csv", expect={"k": Expect(categories=("a", "b"))})
    found = facts(store, files.lock("m", data), data)
    assert (found.train[0].unseen, found.test[0].unseen) == (("z",), ())


def test_training_on_files_of_an_unknown_format_is_pinned_without_counting(files: LocalData, tmp_path: Path) -> None:
    write(tmp_path / "m/train.npz", b"arrays")
    write(tmp_path / "m/test.npz", b"more arrays")
    spec = files.lock("m", Data(train="train.npz", test="test.npz")).spec
    assert spec.train[0].rows is None
