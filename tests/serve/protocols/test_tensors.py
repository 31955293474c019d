"""Tensors as bytes: what is written is read again, and whatever else is read is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor, triton_to_np_dtype

from headway.serve.fault import Fault
from headway.serve.protocols.tensors import DATATYPES, INTEGERS, decode, encode

NUMBERS = [name for name in DATATYPES if name != "BYTES"]
WIDTH = {"FP16": 16, "FP32": 32, "FP64": 64}


def values_of(datatype: str) -> st.SearchStrategy[list[object]]:
    """Lists of values that a datatype can hold."""
    if datatype == "BOOL":
        return st.lists(st.booleans(), min_size=1)
    if datatype in INTEGERS:
        return st.lists(st.integers(*INTEGERS[datatype]), min_size=1)
    return st.lists(st.floats(width=WIDTH[datatype]), min_size=1)  # type: ignore[arg-type] - one of three


@given(st.sampled_from(NUMBERS).flatmap(lambda name: st.tuples(st.just(name), values_of(name))))
def test_numbers_are_read_as_they_were_written(case: tuple[str, list[float]]) -> None:
    datatype, values = case
    read = decode("x", datatype, len(values), encode(datatype, values))
    assert not isinstance(read, list)
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(read.tolist(), values, strict=True))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_are_read_as_they_were_written(values: list[str]) -> None:
    assert decode("x", "BYTES", len(values), encode("BYTES", values)) == values


@pytest.mark.parametrize("datatype", DATATYPES)
def test_the_bytes_are_those_of_tritons_client(datatype: str) -> None:
    kind = triton_to_np_dtype(datatype)
    assert np_to_triton_dtype(np.dtype(kind)) == datatype
    if datatype == "BYTES":
        values = np.array(["", "é", "AB"], object)
        assert encode(datatype, values.tolist()) == serialize_byte_tensor(values).item()
    else:
        values = np.array([0, 1, 1], kind)
        assert encode(datatype, values.tolist()) == values.tobytes()


@given(st.sampled_from(DATATYPES), st.integers(0, 2**70), st.binary(max_size=40))
def test_any_other_bytes_are_a_fault(datatype: str, count: int, raw: bytes) -> None:
    try:
        found = decode("x", datatype, count, raw)
    except Fault as fault:
        assert fault.status == 400  # noqa: PT017 - either outcome is right
        assert "input 'x'" in fault.message  # noqa: PT017 - the same
    else:
        assert len(found) == count


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\x01\x00\x00\x00A\x05\x00\x00\x00B", "its bytes end within a text, in row 1"),
        (b"\x01\x00\x00\x00A\x01\x00\x00\x00\xff", "a text that is not UTF-8, in row 1"),
        (b"\x01\x00\x00\x00A\xff\xff\xff\xff", "its bytes end within a text, in row 1"),
        (b"\x00\x00\x00\x00\x00\x00\x00\x00!", "1 bytes follow the last of its 2 texts"),
        (b"\x00\x00\x00\x00", "4 bytes, too few for 2 texts"),
    ],
)
def test_a_fault_in_texts_names_the_row(raw: bytes, said: str) -> None:
    with pytest.raises(Fault, match="input 'x'") as caught:
        decode("x", "BYTES", 2, raw)
    assert said in caught.value.message
