"""Bodies that were compressed: what comes out, and that nothing costs more than its bound."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.serve.fault import Fault
from headway.serve.wire.encoding import plain

MOST = 10_000


def raw(data: bytes) -> bytes:
    """Deflate without a header, as some clients send it."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def stored(data: bytes) -> bytes:
    """Raw deflate that does not compress: its first byte is nearly that of a header."""
    stream = zlib.compressobj(level=0, wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "plain": (b"", bytes),
    "identity": (b"identity", bytes),
    "gzip": (b"gzip", gzip.compress),
    "GZIP": (b" GZip ", gzip.compress),
    "x-gzip": (b"x-gzip", gzip.compress),
    "zlib": (b"deflate", zlib.compress),
    "raw deflate": (b"deflate", raw),
    "raw stored": (b"deflate", stored),
}


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=MOST))
def test_what_was_encoded_is_read_again(name: str, data: bytes) -> None:
    encoding, encode = ENCODERS[name]
    assert plain(encode(data), encoding, MOST) == data


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate"])
def test_a_bomb_is_refused_and_costs_its_bound(name: str) -> None:
    encoding, encode = ENCODERS[name]
    bomb = encode(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(Fault) as refused:
        plain(bomb, encoding, MOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 20 * MOST


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate"])
def test_a_stream_that_is_cut_short_or_goes_on_is_refused(name: str) -> None:
    encoding, encode = ENCODERS[name]
    whole = encode(b'{"inputs": []}')
    for end in range(len(whole)):
        with pytest.raises(Fault) as refused:
            plain(whole[:end], encoding, MOST)
        assert refused.value.status == 400
    with pytest.raises(Fault, match="follows"):
        plain(whole * 2, encoding, MOST)


@settings(deadline=None)
@given(data=st.binary(max_size=200), encoding=st.sampled_from([b"gzip", b"deflate", b"br", b"gzip, gzip", b"\xff"]))
def test_any_bytes_are_read_or_refused(data: bytes, encoding: bytes) -> None:
    try:
        plain(data, encoding, MOST)
    except Fault as fault:
        assert fault.status in {400, 413, 415}  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, deflate", b"\xff"])
def test_an_encoding_that_is_not_spoken_is_told_which_are(encoding: bytes) -> None:
    with pytest.raises(Fault, match="there is gzip, deflate") as refused:
        plain(b"", encoding, MOST)
    assert refused.value.status == 415
