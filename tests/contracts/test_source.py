"""What every Source does, the fake and the real ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.adapters.git import repository
from tests.fakes.source import MemorySource

from headway.adapters.git.source import GitSource
from headway.reconcile.ports import PortError, Source

Write = Callable[[dict[str, bytes]], str]


@pytest.fixture(params=["memory", "local", "remote"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Source, Write]:
    if request.param == "memory":
        fake = MemorySource()
        return fake, fake.commit
    if request.param == "local":
        repo = repository.make(tmp_path / "repo")
        return GitSource(repo, environ=repository.ENVIRON), lambda files: repository.commit(repo, files)
    bare = repository.make_bare(tmp_path / "bare")
    writer, reader = (repository.clone(bare, tmp_path / name) for name in ("writer", "reader"))

    def write(files: dict[str, bytes]) -> str:
        made = repository.commit(writer, files)
        repository.git(writer, "push", "--quiet", "origin", "HEAD:main")
        return made

    return GitSource(reader, remote="origin", environ=repository.ENVIRON), write


def test_an_empty_repository_has_no_head(place: tuple[Source, Write]) -> None:
    assert place[0].refresh().commit == ""


def test_refresh_sees_the_newest_commit(place: tuple[Source, Write]) -> None:
    source, write = place
    for files in ({"a": b"1"}, {"a": b"2"}):
        made = write(files)
        assert source.refresh().commit == made


def test_files_are_read_at_the_commit_asked(place: tuple[Source, Write]) -> None:
    source, write = place
    old, new = write({"a": b"old", "deep/er/b": b""}), write({"a": b"new", "deep/er/b": b""})
    source.refresh()
    assert source.read(old, ["a", "deep/er/b"]) == {"a": b"old", "deep/er/b": b""}
    assert source.read(new, ["a"]) == {"a": b"new"}
    assert source.read(new, []) == {}


def test_files_lists_size_and_an_id_that_follows_the_bytes(place: tuple[Source, Write]) -> None:
    source, write = place
    head = write({"a": b"same", "b": b"same", "c": b"other"})
    source.refresh()
    files = source.files(head)
    assert set(files) == {"a", "b", "c"}
    assert files["a"].size == 4
    assert files["a"].oid == files["b"].oid != files["c"].oid


def test_a_file_that_is_not_there_is_an_error(place: tuple[Source, Write]) -> None:
    source, write = place
    head = write({"a": b"1"})
    source.refresh()
    with pytest.raises(PortError):
        source.read(head, ["a", "b"])


def test_a_commit_that_is_not_there_is_an_error(place: tuple[Source, Write]) -> None:
    source, write = place
    write({"a": b"1"})
    with pytest.raises(PortError):
        source.files("f" * 40)
