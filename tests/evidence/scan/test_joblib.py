"""joblib's files hold raw numbers between opcodes, and are opened when compressed: nothing hides in either."""

import bz2
import gzip
import lzma
import os
import pickle
import zlib
from typing import Any

import numpy as np
import pytest
from tests.evidence.scan.forge import PAYLOAD, dumped, joblibbed, number, refusals, refused_globals, text, whole

from headway.evidence.scan import examine

WRAPPER = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
NDARRAY = b"cnumpy\nndarray\n"


class Evil:
    """Pickles as a call of os.system."""

    def __reduce__(self) -> Any:
        return os.system, ("true",)


def dtype(name: str, state: bytes = b"", order: bytes = b"\x89\x88") -> bytes:
    """A numpy type: its name, and the opcodes of its state."""
    made = b"cnumpy\ndtype\n" + text(name) + order + b"\x87R"
    return made + state


def state(size: int = -1, flags: int = 0, fields: bytes = b"NN", align: int = -1) -> bytes:
    """The opcodes that give a numpy type its state."""
    return b"(K\x03" + text("<") + b"N" + fields + number(size) + number(align) + number(flags) + b"tb"


def wrapped(kind: bytes, shape: bytes = number(2) + b"\x85", **more: bytes) -> bytes:
    """A wrapper as joblib before 1.2 writes it, without padding."""
    told = {
        "subclass": NDARRAY, "shape": shape, "order": text("C"), "dtype": kind, "allow_mmap": b"\x89", **more,
    }  # fmt: skip
    return WRAPPER + b"}(" + b"".join(text(key) + value for key, value in told.items()) + b"ub"


PLAIN = dtype("f8", state())


def test_a_plain_array_as_joblib_writes_it_passes() -> None:
    numbers = np.array([1.0, 2.0]).tobytes()
    assert refusals(b"\x80\x04" + wrapped(PLAIN) + numbers + b".", "m.joblib") == ()
    assert examine("m.joblib", joblibbed([np.arange(3.0), {"a": np.arange(4)}])).form == "joblib"


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "lzma", "xz", None])
def test_a_payload_behind_an_array_is_found_in_every_stream(method: str | None) -> None:
    options: dict[str, Any] = {"compress": (method, 3)} if method else {}
    data = joblibbed([np.arange(1000.0), Evil()], **options)
    assert refused_globals(data, "m.joblib") == {"posix:system"}


def test_a_payload_in_an_array_of_objects_is_found() -> None:
    held = np.array([1, Evil()], dtype=object)
    assert refused_globals(joblibbed([np.arange(3.0), held]), "m.joblib") == {"posix:system"}
    assert refused_globals(dumped(held), "m.pkl") == {"posix:system"}


def test_a_payload_among_the_numbers_is_found_when_read_plainly() -> None:
    kind = dtype("u1", state())
    data = b"\x80\x04" + wrapped(kind, number(len(PAYLOAD)) + b"\x85") + PAYLOAD + b"."
    assert any("os:system" in what for what in refusals(data, "m.joblib"))


def test_an_array_that_says_other_sizes_than_it_has_is_refused() -> None:
    for shape in (number(-1) + b"\x85", text("x") + b"\x85", b"]", number(2), b"N"):
        assert refusals(b"\x80\x04" + wrapped(PLAIN, shape) + bytes(16) + b".", "m.joblib")
    assert refusals(b"\x80\x04" + wrapped(PLAIN, number(2**31 - 1) + b"\x85") + bytes(16) + b".", "m.joblib")


KINDS = {
    "a name without a size": dtype("f", state()),
    "a size that is none": dtype("f7", state()),
    "a size with a zero": dtype("S08", state(8, align=1)),
    "a name of fields": dtype("i4,f8", state()),
    "a computed name": b"cnumpy\ndtype\nC\x02f8\x89\x88\x87R" + state(),
    "no numpy type": text("f8"),
    "objects without the mark": dtype("O8", state()),
    "numbers with the mark": dtype("f8", state(flags=63)),
    "half of the mark": dtype("O8", state(flags=1)),
    "a size apart from the name": dtype("V8", state(size=16, align=1)),
    "a size where none belongs": dtype("f8", state(size=4)),
    "an object among the fields": dtype(
        "V8", state(8, 16, text("a") + b"\x85}" + text("a") + dtype("O8", state(flags=63)) + b"K\0\x86s", 1)
    ),
    "a field that hangs over": dtype("V8", state(8, 16, text("a") + b"\x85}" + text("a") + PLAIN + b"K\4\x86s", 1)),
    "fields over each other": dtype(
        "V16",
        state(
            16, 27,
            text("a") + text("b") + b"\x86}" + text("a") + PLAIN + b"K\0\x86s" + text("b")
            + dtype("O8", state(flags=63)) + b"K\4\x86s",
            1,
        ),
    ),
    "a part of a type": b"cnumpy\ndtype\n" + text("V8") + b"\x89\x88\x87R(K\x03" + text("<") + PLAIN + b"K\1\x85\x86NN"
    + number(8) + number(1) + number(0) + b"tb",
    "a second state": dtype("V8", state(8, align=1) + state(8, align=1)),
    "a state that comes too late": b"(" + dtype("V8") + b"q\x05" + b"0h\x05" + state(8, align=1) + b"1" + PLAIN,
    "made without its name": b"ccopyreg\n_reconstructor\ncnumpy\ndtype\ncbuiltins\nobject\nN\x87R",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_numpy_type_that_contradicts_itself_is_refused(kind: bytes) -> None:
    assert refusals(b"\x80\x04" + wrapped(kind) + bytes(64) + b".", "m.joblib")


def test_a_type_that_contradicts_itself_is_refused_outside_of_joblib_as_well() -> None:
    for kind in ("objects without the mark", "numbers with the mark", "an object among the fields"):
        assert refusals(whole(KINDS[kind]), "m.pkl")


def test_a_wrapper_that_is_computed_is_refused() -> None:
    odd = {
        "of another class": wrapped(PLAIN, subclass=b"csklearn.pipeline\nPipeline\n"),
        "with a method of its own": wrapped(PLAIN, read=b"cnumpy\nexp\n"),
        "with a key that is no text": WRAPPER + b"}K\x01Nsb",
        "with two states": wrapped(PLAIN)[:-1] + b"q\x01bh\x01}b",
        "of a list": WRAPPER + b"]b",
    }
    for data in odd.values():
        assert refusals(b"\x80\x04" + data + bytes(16) + b".", "m.joblib")


def test_joblib_in_a_frame_is_refused() -> None:
    inner = wrapped(PLAIN) + bytes(16) + b"."
    assert refusals(b"\x80\x04\x95" + len(inner).to_bytes(8, "little") + inner, "m.joblib")


def test_a_joblib_file_called_pickle_says_how_it_may_pass() -> None:
    data = joblibbed({"a": np.array(["x", None], dtype=object)})
    assert refusals(data, "m.joblib") == ()
    found = examine("m.pkl", data)
    assert found.refused
    assert ".joblib" in found.refused[0].cure


EVIL = PAYLOAD
STREAMS = {
    "zlib": zlib.compress(EVIL), "gzip": gzip.compress(EVIL), "bz2": bz2.compress(EVIL), "xz": lzma.compress(EVIL),
    "lzma": lzma.compress(EVIL, lzma.FORMAT_ALONE),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_a_compressed_payload_is_found_under_any_name(name: str) -> None:
    assert refused_globals(STREAMS[name], "model.pkl") == {"os:system"}
    assert refused_globals(STREAMS[name], "model") == {"os:system"}


@pytest.mark.parametrize("name", STREAMS)
def test_a_damaged_stream_is_refused(name: str) -> None:
    good = {"zlib": zlib.compress, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    compress = good.get(name, lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE))
    data = compress(dumped(list(range(1000))))
    assert refusals(data, "m.joblib") == ()
    assert refusals(data[:-12], "m.joblib")
    assert refusals(data + PAYLOAD, "m.joblib")
    assert refusals(data + data, "m.joblib")


def test_a_stream_that_swells_is_refused_before_it_fills_the_memory() -> None:
    bomb = zlib.compress(bytes(80 * 2**20), 9)
    assert any("grows beyond" in what for what in refusals(bomb, "m.joblib"))


def test_lz4_is_refused_with_a_way_out() -> None:
    found = examine("m.joblib", b"\x04\x22\x4d\x18" + bytes(20))
    assert "lz4" in found.refused[0].what
    assert "zlib" in found.refused[0].cure


def test_a_stream_that_is_a_pickle_as_well_is_read_as_both() -> None:
    # "BZ" is an opcode that skips as many bytes as the next four say.
    skipped = int.from_bytes(b"Zh91", "little")
    assert skipped > 8e8
    short = pickle.BINBYTES + b"Z" + bytes(3) + bytes(90) + b"0" + PAYLOAD
    assert any("os:system" in what for what in refusals(short, "m.joblib"))
