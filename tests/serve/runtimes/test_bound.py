"""Bound calls answer as plain ones do, and are not made where they could not."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from onnx import NodeProto, TensorProto, checker, helper

from headway.serve.runtimes.bound import FEW, bound

WIDTH = 3
WEIGHTS = helper.make_tensor("W", TensorProto.FLOAT, [WIDTH, 2], np.linspace(-1, 1, WIDTH * 2).tolist())
SCORES = helper.make_node("MatMul", ["X", "W"], ["scores"])
LABEL = helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0)
# As wide as it turns out to be: what a graph says of it is not looked at when it is loaded.
ROWS = [
    helper.make_node("Shape", ["X"], ["rows"], end=1),
    helper.make_node("Concat", ["rows", "rest"], ["shape"], axis=0),
    helper.make_node("Reshape", ["X", "shape"], ["wide"]),
]
REST = helper.make_tensor("rest", TensorProto.INT64, [1], [-1])


def session(
    nodes: Sequence[NodeProto], outputs: Sequence[tuple[str, int, list[object]]], kind: int = TensorProto.FLOAT
) -> onnxruntime.InferenceSession:
    """A graph of one matrix."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("X", kind, ["rows", WIDTH])],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [WEIGHTS, REST],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def classifier() -> onnxruntime.InferenceSession:
    """Labels and scores of a linear model."""
    outputs = [("label", TensorProto.INT64, ["rows"]), ("scores", TensorProto.FLOAT, ["rows", 2])]
    return session([SCORES, LABEL], outputs)


NUMBERS = st.floats(-1e6, 1e6) | st.just(float("nan"))


@given(
    arrays(np.float64, array_shapes(min_dims=1, max_dims=1, max_side=FEW).map(lambda s: (*s, WIDTH)), elements=NUMBERS)
)
def test_it_answers_as_a_plain_call_does(
    classifier: onnxruntime.InferenceSession, rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> None:
    ask = bound(classifier, ["scores", "label"], WIDTH)
    assert ask
    for _ in range(2):
        wanted = classifier.run(["scores", "label"], {"X": rows.astype(np.float32)})
        for mine, plain in zip(ask(rows), wanted, strict=True):
            assert mine.dtype == plain.dtype
            np.testing.assert_array_equal(mine, plain)


def test_an_answer_stays_what_it_was(classifier: onnxruntime.InferenceSession) -> None:
    ask = bound(classifier, ["scores"], WIDTH)
    assert ask
    first = ask(np.ones((1, WIDTH)))[0]
    before = first.copy()
    ask(np.full((1, WIDTH), 7.0))
    np.testing.assert_array_equal(first, before)


def test_a_graph_that_gives_other_shapes_than_it_declares_is_asked_plainly() -> None:
    declared = session(ROWS, [("wide", TensorProto.FLOAT, ["rows", WIDTH])])
    assert bound(declared, ["wide"], WIDTH)
    wrongly = session(ROWS, [("wide", TensorProto.FLOAT, ["rows", WIDTH + 1])])
    assert bound(wrongly, ["wide"], WIDTH) is None


@pytest.mark.parametrize(
    ("asked", "width"),
    [
        (session([SCORES, LABEL], [("label", TensorProto.INT64, ["rows"])]), WIDTH + 1),
        (session(ROWS, [("wide", TensorProto.FLOAT, ["rows", "width"])]), WIDTH),
        (session([SCORES, LABEL], [("label", TensorProto.INT64, [1])]), WIDTH),
        (session(ROWS, [("wide", TensorProto.INT64, ["rows", WIDTH])], TensorProto.INT64), WIDTH),
    ],
    ids=["columns apart", "a width that is not declared", "one row only", "integers"],
)
def test_what_else_is_asked_plainly(asked: onnxruntime.InferenceSession, width: int) -> None:
    assert bound(asked, [item.name for item in asked.get_outputs()], width) is None


@pytest.mark.parametrize("way", ["tiled", "chosen"])
def test_a_graph_that_gives_more_rows_for_some_values_is_an_error_and_writes_nowhere_else(way: str) -> None:
    most = helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0)
    larger = helper.make_node("Greater", ["most", "nothing"], ["larger"])
    nothing = helper.make_node("Constant", [], ["nothing"], value_float=0.0)
    if way == "tiled":
        nodes = [
            helper.make_node("Cast", ["larger"], ["more"], to=TensorProto.INT64),
            helper.make_node("Constant", [], ["twice"], value_ints=[999, 0]),
            helper.make_node("Constant", [], ["once"], value_ints=[1, 1]),
            helper.make_node("Mul", ["twice", "more"], ["added"]),
            helper.make_node("Add", ["added", "once"], ["times"]),
            helper.make_node("Tile", ["X", "times"], ["wide"]),
        ]
    else:
        wide = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", WIDTH])
        same = helper.make_graph([helper.make_node("Identity", ["X"], ["out"])], "same", [], [wide])
        more = helper.make_graph([helper.make_node("Concat", ["X"] * 1000, ["out"], axis=0)], "more", [], [wide])
        nodes = [helper.make_node("If", ["larger"], ["wide"], then_branch=more, else_branch=same)]
    asked = session([most, nothing, larger, *nodes], [("wide", TensorProto.FLOAT, ["rows", WIDTH])])
    ask = bound(asked, ["wide"], WIDTH)
    assert ask
    with pytest.raises(Exception, match="shape"):
        ask(np.ones((2, WIDTH)))
    np.testing.assert_array_equal(ask(np.zeros((2, WIDTH)))[0], np.zeros((2, WIDTH)))
