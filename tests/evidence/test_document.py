"""Documents are read back as they were written, and nonsense is refused."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.evidence.document import read_document
from headway.spec.lock import Lock, LockSpec, PinnedFile
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.release import Release, ReleaseSpec, Served

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["null", "~", "true", "1.10", "12e45", "0x1f", "no", "1_000", "2026-01-01", "- a", "{", "'", "#", ""]
)
served = st.builds(Served, version=texts, bundle=st.text("0123456789e", min_size=1, max_size=8) | texts)


@settings(deadline=None, max_examples=200)
@given(texts, served, st.none() | served, st.booleans())
def test_a_release_is_read_as_it_was_written(env: str, one: Served, two: Served | None, retired: bool) -> None:  # noqa: FBT001 - drawn
    spec = ReleaseSpec(environment=env, stable=one, candidate=two, retired=retired)
    release = Release(apiVersion=API_VERSION, metadata=Metadata(name="delay"), spec=spec)
    assert read_document(msgspec.yaml.encode(release, order="deterministic"), Release) == release


@settings(deadline=None)
@given(
    st.lists(
        st.builds(PinnedFile, path=texts, size=st.integers(0, 2**40), sha256=texts, rows=st.none() | st.integers(0))
    )
)
def test_a_lock_is_read_as_it_was_written(files: list[PinnedFile]) -> None:
    spec = LockSpec(sources=tuple(files), train=(), test=(), split="s")
    lock = Lock(apiVersion=API_VERSION, metadata=Metadata(name="delay"), spec=spec)
    assert read_document(msgspec.yaml.encode(lock, order="deterministic"), Lock) == lock


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 80_000,
        b"\xff",
        b"a: &x 1\nb: *x\n",
        b"version: a\nbundle: b\n---\nversion: a\nbundle: b\n",
        b"x: 1",
        b"3",
        b"{a: 1, a: 2}",
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_document(data, Served)
