"""ONNX: models that honest tools write pass; what makes a runtime read or run something else is refused."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.evidence.scan.forge import refusals

from headway.evidence.scan import examine

X, Y = np.arange(60.0, dtype=np.float32).reshape(20, 3), np.array([0, 1] * 10)
MODELS = (LogisticRegression(), RandomForestClassifier(5), GradientBoostingRegressor(n_estimators=3))


@pytest.mark.parametrize("model", MODELS)
def test_converted_estimators_pass(model: object) -> None:
    data = to_onnx(make_pipeline(StandardScaler(), model).fit(X, Y), X[:1]).SerializeToString()
    assert examine("m.onnx", data).form == "ONNX"
    assert refusals(data, "m.onnx") == ()


def node(operator: str = "Add", domain: str = "", **attributes: object) -> onnx.NodeProto:
    """An operator with two inputs."""
    return helper.make_node(operator, ["x", "y"], ["z"], domain=domain, **attributes)


def made(*nodes: onnx.NodeProto, tensors: tuple[TensorProto, ...] = (), functions: tuple[object, ...] = ()) -> bytes:
    """A model of these operators."""
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xyz"]
    graph = helper.make_graph(list(nodes), "g", info[:2], info[2:], list(tensors))
    model = helper.make_model(graph, functions=list(functions))
    data: bytes = model.SerializeToString()
    return data


def function(name: str, *nodes: onnx.NodeProto, domain: str = "own") -> object:
    """A function that the model brings along."""
    opsets = [helper.make_opsetid("", 20)]
    return helper.make_function(domain, name, ["x", "y"], ["z"], list(nodes), opsets)


def outside(location: str, **more: str) -> bytes:
    """A model with a tensor in another file."""
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), "y")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=value)
    return made(node(), tensors=(tensor,))


def test_standard_operators_and_functions_of_the_models_own_pass() -> None:
    assert refusals(made(node(), node("Gelu", "com.microsoft"), node("Scaler", "ai.onnx.ml")), "m.onnx") == ()
    assert refusals(made(node("F", "own"), functions=(function("F", node()),)), "m.onnx") == ()


def test_operators_of_a_custom_domain_are_refused_until_allowed() -> None:
    data = made(node("Shell", "evil"))
    assert any("'evil:Shell'" in what for what in refusals(data, "m.onnx"))
    assert refusals(data, "m.onnx", {"evil:Shell"}) == ()


def test_operators_that_read_or_run_what_lies_outside_are_refused() -> None:
    assert refusals(made(node("EPContext", "com.microsoft")), "m.onnx")
    assert refusals(made(node("PythonOp", "com.microsoft")), "m.onnx")


def test_an_operator_deep_in_a_subgraph_is_found() -> None:
    inner = helper.make_graph([node("Shell", "evil")], "inner", [], [])
    for _ in range(5):
        inner = helper.make_graph([node("If", then_branch=inner, else_branch=inner)], "inner", [], [])
    assert any("evil:Shell" in what for what in refusals(made(node("If", then_branch=inner)), "m.onnx"))
    hidden = function("F", node("Shell", "evil"))
    assert any("evil:Shell" in what for what in refusals(made(node("F", "own"), functions=(hidden,)), "m.onnx"))


def test_subgraphs_inside_each_other_end_somewhere() -> None:
    inner = helper.make_graph([node()], "inner", [], [])
    for _ in range(30):
        inner = helper.make_graph([node("If", then_branch=inner)], "inner", [], [])
    assert any("inside each other" in what for what in refusals(made(node("If", then_branch=inner)), "m.onnx"))


def test_functions_that_never_end_or_double_with_every_step_are_refused() -> None:
    circle = (function("F", node("G", "own")), function("G", node("F", "own")))
    assert any("circle" in what for what in refusals(made(node("F", "own"), functions=circle), "m.onnx"))
    steps = [function(f"F{step}", *[node(f"F{step + 1}", "own")] * 10) for step in range(9)]
    bomb = made(node("F0", "own"), functions=(*steps, function("F9", node())))
    assert any("grows beyond" in what for what in refusals(bomb, "m.onnx"))


def test_a_function_in_place_of_a_standard_operator_or_brought_twice_is_refused() -> None:
    assert refusals(made(node(), functions=(function("Add", node("Sub"), domain="ai.onnx.ml"),)), "m.onnx")
    assert refusals(made(node(), functions=(function("F", node()), function("F", node("Sub")))), "m.onnx")


@pytest.mark.parametrize("location", ["weights.bin", "deep/weights.onnx.data", "model v1.0+cpu.bin"])
def test_a_tensor_beside_the_model_passes(location: str) -> None:
    assert refusals(outside(location, offset="0", length="8"), "m.onnx") == ()


@pytest.mark.parametrize(
    "location",
    ["../x", "/etc/passwd", "a/../../x", "..\\x", "C:\\x", "\\\\host\\x", "", ".", "./x", "a//b", "a/ ../x",
     "*/_ORT_MEM_ADDR_/*",
     "http://host/x", "x\0y", "~/x", "$HOME/x"],
)  # fmt: skip
def test_a_tensor_elsewhere_is_refused(location: str) -> None:
    assert any("leads out of" in what for what in refusals(outside(location), "m.onnx"))


def test_a_tensor_at_an_odd_offset_is_refused() -> None:
    assert refusals(outside("x", offset="-1"), "m.onnx")
    assert refusals(outside("x", length="1e9"), "m.onnx")


def test_a_tensor_of_another_size_than_its_shape_is_refused() -> None:
    for shape in ([3], [2**40], [2, 2**62], [-2]):
        tensor = numpy_helper.from_array(np.zeros(2, np.float32), "y")
        tensor.dims[:] = shape
        assert refusals(made(node(), tensors=(tensor,)), "m.onnx")
    empty = numpy_helper.from_array(np.zeros(2, np.float32), "y")
    empty.ClearField("raw_data")
    empty.dims[:] = [10**9]
    assert refusals(made(node(), tensors=(empty,)), "m.onnx")


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[:-1],
    "a field that is not known": lambda data: data + b"\xfa\x07\x01x",
    "a part for training": lambda data: data + b"\xa2\x01\x00",
    "a group": lambda data: data + b"\x0b\x0c",
    "a field without a number": lambda data: data + b"\x02\x00",
    "a number without an end": lambda data: data + b"\x08" + b"\xff" * 12,
    "no graph": lambda _: b"\x08\x09\x12\x01x",
    "a graph that is a number": lambda _: b"\x08\x09\x38\x01",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_damaged_model_is_refused(change: Callable[[bytes], bytes]) -> None:
    assert refusals(change(made(node())), "m.onnx")
