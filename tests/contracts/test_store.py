"""What every Store does, the fake and the real one."""

import os
from pathlib import Path

import pytest
from tests.fakes.store import MemoryStore

from headway.adapters.store.folder import FolderStore
from headway.evidence.folder import FileDigest, folder_digest
from headway.reconcile.ports import PortError, Store
from headway.spec.digest import digest


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else FolderStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "a.txt").write_bytes(b"a")
    (made / "deep" / "er" / "b.txt").write_bytes(b"b" * 3_000_000)
    return made


def test_bytes_come_back_by_their_sha256(store: Store) -> None:
    assert store.put(b"hello") == digest(b"hello")
    assert store.has(digest(b"hello"))
    assert store.read(digest(b"hello")) == b"hello"


def test_putting_twice_is_putting_once(store: Store, folder: Path) -> None:
    assert store.put(folder) == store.put(folder)


def test_a_file_has_the_digest_of_its_bytes(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    assert store.put(path) == digest(b"hello")


def test_a_folder_has_the_digest_of_its_listing(store: Store, folder: Path) -> None:
    files = [
        FileDigest(path="a.txt", size=1, sha256=digest(b"a")),
        FileDigest(path="deep/er/b.txt", size=3_000_000, sha256=digest(b"b" * 3_000_000)),
    ]
    assert store.put(folder) == folder_digest(files)
    assert store.has(digest(b"a"))


def test_a_folder_comes_back_as_it_was(store: Store, folder: Path, tmp_path: Path) -> None:
    store.place(store.put(folder), tmp_path / "new" / "place")
    placed = tmp_path / "new" / "place"
    assert sorted(path.relative_to(placed).as_posix() for path in placed.rglob("*") if path.is_file()) == [
        "a.txt",
        "deep/er/b.txt",
    ]
    assert (placed / "deep" / "er" / "b.txt").read_bytes() == b"b" * 3_000_000


def test_an_empty_folder_is_a_folder(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    store.place(store.put(tmp_path / "empty"), tmp_path / "placed")
    assert (tmp_path / "placed").is_dir()


def test_a_placed_file_is_the_callers_own(store: Store, tmp_path: Path) -> None:
    name = store.put(b"mine")
    store.place(name, tmp_path / "copy")
    (tmp_path / "copy").write_bytes(b"altered")
    assert store.read(name) == b"mine"


def test_a_file_is_placed_over_a_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    store.place(store.put(b"new"), tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_folder_is_not_placed_over_other_files(store: Store, folder: Path, tmp_path: Path) -> None:
    name = store.put(folder)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "other").write_bytes(b"kept")
    with pytest.raises(PortError):
        store.place(name, tmp_path / "target")
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["other"]


@pytest.mark.parametrize("read", ["read", "place"])
def test_what_is_not_there_is_an_error(store: Store, tmp_path: Path, read: str) -> None:
    missing = digest(b"missing")
    assert not store.has(missing)
    with pytest.raises(PortError):
        store.read(missing) if read == "read" else store.place(missing, tmp_path / "target")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("inside", [False, True])
def test_a_link_is_refused(store: Store, folder: Path, tmp_path: Path, *, inside: bool) -> None:
    link = folder / "link" if inside else tmp_path / "link"
    link.symlink_to("/etc/hostname")
    with pytest.raises(PortError):
        store.put(folder if inside else link)


def test_a_link_to_a_folder_is_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(PortError):
        store.put(folder)


def test_a_fifo_is_refused_without_waiting_for_its_writer(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(PortError):
        store.put(tmp_path / "fifo")
