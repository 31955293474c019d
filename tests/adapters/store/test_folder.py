"""The store on a file system: whole or not at all, verified, and told apart from harm."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.adapters.store.copying import copy_file, open_regular
from headway.adapters.store.folder import FolderStore
from headway.evidence.folder import FileDigest, listing
from headway.reconcile.ports import PortError
from headway.spec.digest import digest


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_stored_bytes_are_read_only_and_flushed_under_their_name(store: FolderStore, tmp_path: Path) -> None:
    name = store.put(b"x")
    (path,) = stored(tmp_path)
    assert path == tmp_path / "store" / "files" / name[:2] / name
    assert path.stat().st_mode & 0o777 == 0o444


def test_altered_bytes_are_refused_and_mended_by_storing_anew(store: FolderStore, tmp_path: Path) -> None:
    name = store.put(b"bytes")
    (path,) = stored(tmp_path)
    path.chmod(0o644)
    path.write_bytes(b"BYTES")
    with pytest.raises(PortError, match="does not hold"):
        store.read(name)
    with pytest.raises(PortError, match="does not hold"):
        store.place(name, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    store.put(b"bytes")
    assert store.read(name) == b"bytes"


def test_a_folder_that_lost_a_file_is_not_there(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "a").write_bytes(b"a")
    name = store.put(tmp_path / "made")
    (tmp_path / "store" / "files" / digest(b"a")[:2] / digest(b"a")).unlink()
    assert not store.has(name)
    with pytest.raises(PortError, match="not in the store"):
        store.place(name, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_listing_that_leads_out_of_its_folder_is_refused(store: FolderStore, tmp_path: Path) -> None:
    store.put(b"evil")
    evil = listing([FileDigest(path="../evil", size=4, sha256=digest(b"evil"))])
    path = tmp_path / "store" / "folders" / digest(evil)[:2] / digest(evil)
    path.parent.mkdir(parents=True)
    path.write_bytes(evil)
    with pytest.raises(PortError, match="no path below"):
        store.place(digest(evil), tmp_path / "deep" / "target")
    assert not (tmp_path / "deep" / "evil").exists()
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_what_is_no_digest_is_no_path(store: FolderStore, name: str) -> None:
    with pytest.raises(PortError, match="no SHA-256"):
        store.read(name)


def test_a_name_that_is_not_utf8_is_refused(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    try:
        (tmp_path / "made" / os.fsdecode(b"\xff")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    with pytest.raises(PortError, match="UTF-8"):
        store.put(tmp_path / "made")


def test_a_file_that_changes_while_it_is_copied_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "growing"
    source.write_bytes(b"x")
    fd = open_regular(source)
    os.read(fd, 1)  # as if the copy had begun before the file grew
    with pytest.raises(PortError, match="growing changed while"):
        copy_file(fd, tmp_path / "copy", mode=0o444, name="growing")


def limit_file_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


PUT = """
import sys
from pathlib import Path
from headway.adapters.store.folder import FolderStore
from headway.reconcile.ports import PortError
try:
    FolderStore(Path(sys.argv[1])).put(Path(sys.argv[2]))
except PortError as error:
    print(error)
"""


def test_a_full_disk_is_told_and_leaves_no_half_object(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 5000)
    run = subprocess.run(
        [sys.executable, "-c", PUT, str(tmp_path / "store"), str(tmp_path / "big")],
        preexec_fn=limit_file_size,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "the disk is full" in run.stdout
    assert stored(tmp_path) == []


CONTENTS = st.dictionaries(st.sampled_from(["a", "b", "d/a", "d/e/f"]), st.binary(max_size=50))


@given(contents=CONTENTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_folder_unpacks_to_what_was_packed(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]
) -> None:
    tmp_path = tmp_path_factory.mktemp("law")
    made = tmp_path / "made"
    made.mkdir()
    for path, data in contents.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(data)
    store = FolderStore(tmp_path / "store")
    store.place(store.put(made), tmp_path / "placed")
    assert store.put(tmp_path / "placed") == store.put(made)
