"""What every DataFiles does, the fake and the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.data import MemoryData
from tests.fakes.store import MemoryStore

from headway.adapters.data.local import LocalData
from headway.adapters.store.folder import FolderStore
from headway.reconcile.ports import DataFiles, PortError, Store
from headway.spec.data import Data
from headway.spec.digest import digest

Place = tuple[DataFiles, Store, Callable[[str, bytes], None]]

CSV = b"x,y\n" + b"".join(b"%d,%d\n" % (row, row % 2) for row in range(50))


@pytest.fixture(params=["memory", "local"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        store = MemoryStore()
        fake = MemoryData(store)
        return fake, store, fake.files.__setitem__

    def write(path: str, data: bytes) -> None:
        (tmp_path / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / path).write_bytes(data)

    kept = FolderStore(tmp_path / "store")
    return LocalData(tmp_path / "repo", kept, tmp_path / "digests.sqlite"), kept, write


def test_sources_are_pinned_by_path_size_and_digest_and_kept(place: Place) -> None:
    files, store, write = place
    write("models/delay/data/b.csv", CSV)
    write("models/delay/data/a.csv", CSV + b"7,7\n")
    lock = files.lock("models/delay", Data(path="data/*.csv"))
    assert [(file.path, file.size, file.sha256) for file in lock.spec.sources] == [
        ("data/a.csv", len(CSV) + 4, digest(CSV + b"7,7\n")),
        ("data/b.csv", len(CSV), digest(CSV)),
    ]
    assert lock.metadata.name == "delay"
    assert store.read(digest(CSV)) == CSV


def test_every_row_is_in_one_part_under_its_header(place: Place) -> None:
    files, store, write = place
    write("m/data.csv", CSV)
    spec = files.lock("m", Data(path="data.csv")).spec
    (train,), (test,) = spec.train, spec.test
    header, *rows = CSV.splitlines()
    found = [store.read(file.sha256).splitlines() for file in (train, test)]
    assert [lines[0] for lines in found] == [header, header]
    assert sorted(found[0][1:] + found[1][1:]) == sorted(rows)
    assert [train.path, test.path] == ["data.csv", "data.csv"]
    assert [train.rows, test.rows] == [len(lines) - 1 for lines in found]


def test_parts_named_by_the_team_are_taken_as_they_are(place: Place) -> None:
    files, store, write = place
    write("m/train.csv", CSV)
    write("m/test.csv", CSV + b"9,9\n")
    spec = files.lock("m", Data(train="train.csv", test="test.csv")).spec
    assert [file.sha256 for file in (*spec.train, *spec.test)] == [digest(CSV), digest(CSV + b"9,9\n")]
    assert store.has(spec.test[0].sha256)


def test_locking_twice_gives_the_same_lock(place: Place) -> None:
    files, _, write = place
    write("m/data.csv", CSV)
    assert files.lock("m", Data(path="data.csv")) == files.lock("m", Data(path="data.csv"))


@pytest.mark.parametrize("change", ["byte", "more", "fewer", "gone"])
def test_any_change_of_the_files_is_seen(place: Place, change: str) -> None:
    files, _, write = place
    write("m/a.csv", CSV)
    write("m/b.csv", CSV)
    data = Data(path="*.csv")
    lock = files.lock("m", data)
    assert files.current("m", data, lock)
    if change == "byte":
        write("m/a.csv", CSV.replace(b"49,1", b"49,0"))
    if change == "more":
        write("m/c.csv", CSV)
    if change == "fewer":
        write("m/a.csv", CSV[:-5])
    assert files.current("m" if change != "gone" else "n", data, lock) is False


@pytest.mark.parametrize("pattern", ["none/*.csv", "/etc/passwd", "../*.csv"])
def test_a_path_that_matches_nothing_or_leads_out_is_an_error(place: Place, pattern: str) -> None:
    files, _, write = place
    write("m/data.csv", CSV)
    write("data.csv", CSV)
    with pytest.raises(PortError):
        files.lock("m", Data(path=pattern))
