"""Whatever the bytes are, the scan answers; and what the real unpickler would ask for, the scan has seen.

The real unpickler runs on stand-ins: every global that it resolves becomes a harmless recorder.
"""

import contextlib
import io
import pickle
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from tests.evidence.scan.forge import PAYLOAD, dumped, joblibbed, saved, text, zipped
from tests.evidence.scan.test_torch import archive, legacy, state, tensor

from headway.evidence.scan import examine
from headway.evidence.scan.allowed import use_of
from headway.evidence.scan.fault import ForbiddenError, MalformedError
from headway.evidence.scan.form import FORMS
from headway.evidence.scan.report import Report

X, Y = np.arange(20.0).reshape(10, 2), np.array([0, 1] * 5)
MODELS = (
    LogisticRegression().fit(X, Y),
    DecisionTreeClassifier().fit(X, Y),
    OneHotEncoder().fit(np.array([["a"], ["b"]], dtype=object)),
    {"a": {1, 2}, "b": [(1.5, None, True)] * 3, "c": np.float64(1), "d": b"x" * 300, "e": 2**80},
)
PICKLES = [dumped(model, protocol) for model in MODELS for protocol in range(6)]
FILES = [
    *PICKLES, *(joblibbed(model) for model in MODELS), *(joblibbed(model, compress=3) for model in MODELS),
    saved(np.arange(3.0)), saved(np.array([1, "x"], dtype=object)), zipped({"a.npy": saved(np.arange(3))}),
    archive(state(tensor())), legacy(state(tensor())), b"tree\nversion=v4\nend of trees\n",
    b"\x02\0\0\0\0\0\0\0{}", b'{"learner": {}, "version": [1]}', b"{U\x07learnerZU\x07versionZ}",
    b"\x08\x09\x12\x01x:\x07\x0a\x05\x22\x03Add",
]  # fmt: skip
HOSTILE = [PAYLOAD, b"\x80\x04" + text("os") + text("system") + b"\x93" + text("x") + b"\x85R."]
OPCODES = [b"cos\nsystem\n", b"\x93", b"R", b".", b"b", b"(", b"h\x01", b"0", b"2", b"Q", b"\x95"]
INSERTED = st.sampled_from([*HOSTILE, *OPCODES])
MARKS = [b"\x80\x04", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x08\x09\x12", b"{", b"x\x9c", b"tree\nversion=v4\n"]

quick = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


@st.composite
def mutated(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A good file with a few bytes changed, put in, taken out, or moved."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=2))
            case 1:
                data[at:at] = draw(INSERTED)
            case 2:
                del data[at : at + draw(st.integers(1, 9))]
            case _:
                end = draw(st.integers(at, min(len(data), at + 40)))
                data[at:at] = data[at:end]
    return bytes(data)


class StandIn:
    """Takes every argument and every state, and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def append(self, _: Any) -> None:
        """As a list does."""

    def extend(self, _: Any) -> None:
        """As a list does."""

    def add(self, _: Any) -> None:
        """As a set does."""


class Recorder(pickle.Unpickler):
    """The unpickler in C, which notes the globals that it asks for."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.asked: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        """Note it, and hand out a stand-in."""
        self.asked.append((module, name))
        return StandIn


class SlowRecorder(pickle._Unpickler):  # type: ignore[name-defined,misc]  # the one in Python, which joblib builds on
    """The same in Python."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.asked: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        """Note it, and hand out a stand-in."""
        self.asked.append((module, name))
        return StandIn


def asked(data: bytes, kind: type[Recorder] | type[SlowRecorder]) -> list[tuple[str, str]]:
    """What a real unpickler asks for before it ends or stumbles."""
    recorder = kind(data)
    with contextlib.suppress(Exception):
        recorder.load()
    return recorder.asked


def check(data: bytes, name: str) -> None:
    """Whoever asks for a global that nobody reviewed is refused by the scan."""
    found = examine(name, data)
    for kind in (Recorder, SlowRecorder):
        for module, named in asked(data, kind):
            if use_of(module, named) is None:
                assert found.refused, (module, named)


@quick
@given(st.binary(max_size=200) | st.lists(INSERTED, max_size=12).map(b"".join))
@example(b"")
def test_any_bytes_are_answered(data: bytes) -> None:
    for name in ("model", "model.pkl", "model.onnx"):
        check(data, name)


@quick
@given(st.sampled_from(MARKS), st.binary(max_size=300))
def test_any_bytes_behind_a_mark_are_answered(mark: bytes, rest: bytes) -> None:
    check(mark + rest, "model")


@quick
@given(mutated(FILES))
def test_any_change_to_a_good_file_is_answered(data: bytes) -> None:
    for name in ("model", "model.pkl"):
        examine(name, data)


@settings(quick, max_examples=1000)
@given(mutated(PICKLES))
def test_the_scan_is_at_least_as_strict_as_what_unpicklers_ask_for(data: bytes) -> None:
    check(data, "model.pkl")


@quick
@given(mutated(FILES), st.sampled_from(range(len(FORMS))))
def test_every_reader_answers_bytes_of_every_form(data: bytes, row: int) -> None:
    form = FORMS[row]
    with contextlib.suppress(ForbiddenError, MalformedError):
        if form.tells(data):
            form.read(data, Report())


def test_the_recorders_see_what_a_payload_asks_for() -> None:
    for data in HOSTILE:
        assert asked(data, Recorder) == asked(data, SlowRecorder) == [("os", "system")]


def test_the_good_files_are_good() -> None:
    assert [data for data in FILES if examine("model", data).refused] == []
