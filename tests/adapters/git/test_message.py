"""Messages and streams: what is written can be read back, and made again elsewhere as it was."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.git import repository

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.message import read_message, write_message
from headway.reconcile.ports import Change

LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
TEXT = st.lists(st.one_of(LINE, st.just(""), st.just("Key: value")), max_size=6).map("\n".join)
TRAILERS = st.dictionaries(st.sampled_from(["Headway-Model", "Headway-Kind", "A"]), LINE, max_size=3)


@given(subject=LINE, body=TEXT, trailers=TRAILERS)
def test_a_message_made_again_is_the_same(subject: str, body: str, trailers: dict[str, str]) -> None:
    message = write_message(subject, body, trailers)
    assert write_message(*read_message(message)) == message


@given(subject=LINE, body=st.lists(LINE, max_size=3).map("\n\n".join), trailers=TRAILERS)
def test_a_message_reads_back_as_its_parts(subject: str, body: str, trailers: dict[str, str]) -> None:
    assert read_message(write_message(subject, body, trailers)) == (subject, body, trailers)


NAMES = st.sampled_from(["a", "b/c", "b/d e", "é/f", "g'h"])


@given(steps=st.lists(st.dictionaries(NAMES, st.one_of(st.none(), st.binary(max_size=40)), max_size=3), max_size=4))
@settings(max_examples=15, deadline=None)
def test_the_files_at_the_head_are_what_the_commits_wrote(
    tmp_path_factory: object, steps: list[dict[str, bytes | None]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("law")  # type: ignore[attr-defined]
    journal = GitJournal(repository.make(folder), environ=repository.ENVIRON)
    expected: dict[str, bytes] = {}
    for files in steps:
        journal.append(Change(files=files, subject="Write"))
        expected.update({path: data for path, data in files.items() if data is not None})
        for path in [path for path, data in files.items() if data is None]:
            expected.pop(path, None)
    assert journal.files("") == expected
    replayed: dict[str, bytes | None] = {}
    for commit in journal.commits():
        replayed |= commit.files
    assert {path: data for path, data in replayed.items() if data is not None} == expected
