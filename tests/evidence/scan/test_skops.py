"""skops, forged as skops writes it: each node's name is held against what that kind of node does with it."""

import json
from typing import Any

import numpy as np
import pytest
from tests.evidence.scan.forge import PAYLOAD, refusals, refused_globals, saved, zipped

from headway.evidence.scan import examine

Node = dict[str, Any]


def named(loader: str, full: str, **more: Any) -> Node:
    """A node of a kind."""
    module, name = full.split(":")
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def value(content: object) -> Node:
    """A value in JSON."""
    return named("JsonNode", "builtins:str", content=json.dumps(content), is_json=True)


def table(**content: Node) -> Node:
    """A dict with texts for keys."""
    types = named("ListNode", "builtins:list", content=[named("TypeNode", "builtins:str") for _ in content])
    return named("DictNode", "builtins:dict", content=content, key_types=types)


def archive(node: Node, **files: bytes) -> bytes:
    """A file of skops."""
    schema = {**node, "protocol": 2, "_skops_version": "0.16.0"}
    return zipped({**files, "schema.json": json.dumps(schema).encode()})


ARRAY = named("NdArrayNode", "numpy:ndarray", type="numpy", file="1.npy")
TREE = named("TreeNode", "sklearn.tree._tree:Tree", __reduce__={"args": value([1])}, content=table())
MODEL = named(
    "ObjectNode",
    "sklearn.tree._classes:DecisionTreeClassifier",
    content=table(
        tree_=TREE, classes_=ARRAY, kind=named("TypeNode", "numpy:float64"),
        func=named("FunctionNode", "numpy:exp"), seed=named("CachedNode", "builtins:x"),
    ),
)  # fmt: skip


def test_a_model_passes() -> None:
    data = archive(MODEL, **{"1.npy": saved(np.arange(3.0))})
    found = examine("m.skops", data)
    assert (found.form, found.refused) == ("skops", ())


OLD = {"module_path": "os", "function": "system"}
HOSTILE = {
    "an unreviewed function": named("FunctionNode", "os:system"),
    "an unreviewed type": named("TypeNode", "subprocess:Popen"),
    "an unreviewed object": named("ObjectNode", "features:Clean"),
    "a function of old": named("FunctionNode", "builtins:function", content=OLD),
    "a function of two names": named("FunctionNode", "os:system", content={"module_path": "numpy", "function": "exp"}),
    "a method": named("MethodNode", "sklearn.pipeline:Pipeline", content={"func": "fit", "obj": MODEL}),
    "a partial": named("PartialNode", "functools:partial", content={}),
    "an operator": named("OperatorFuncNode", "operator:methodcaller", attrs=value(["x"])),
    "a node nobody knows": named("EvalNode", "builtins:str"),
    "a dict of another class": named("DictNode", "sklearn.pipeline:Pipeline", content={}),
    "an array given to a class": named("NdArrayNode", "sklearn.pipeline:Pipeline", type="numpy", file="1.npy"),
    "a constructor of anything": named("ConstructorFromReduceNode", "xgboost.core:Booster", content=value(["/x"])),
    "a constructor of a size": named("ConstructorFromReduceNode", "builtins:bytearray", content=value([2**40])),
    "keys that are called": {
        **table(), "key_types": named("ListNode", "builtins:list", content=[named("TypeNode", "numpy:exp")]),
    },
    "a dotted name": {**named("FunctionNode", "numpy:exp"), "__class__": "lib.npyio.load"},
    "a name that is no text": {**named("FunctionNode", "numpy:exp"), "__class__": ["exp"]},
    "a node of no kind": {"__class__": "system", "__module__": "os"},
}  # fmt: skip


@pytest.mark.parametrize("node", HOSTILE.values(), ids=HOSTILE)
def test_a_node_that_could_lead_elsewhere_is_refused_at_any_depth(node: Node) -> None:
    assert refusals(archive(node), "m.skops")
    deep = named(
        "ObjectNode",
        "sklearn.pipeline:Pipeline",
        content=table(steps=named("ListNode", "builtins:list", content=[node])),
    )
    assert refusals(archive(deep), "m.skops")


def test_a_class_of_the_teams_own_may_be_allowed() -> None:
    data = archive(named("ObjectNode", "features:Clean", content=table()))
    assert refused_globals(data, "m.skops") == {"features:Clean"}
    assert refusals(data, "m.skops", {"features:Clean"}) == ()


def test_what_is_no_array_or_no_tree_is_refused() -> None:
    assert refusals(archive(MODEL, **{"1.npy": PAYLOAD}), "m.skops")
    assert refusals(archive(MODEL, **{"1.npz": zipped({"a.npy": saved(np.array([print], dtype=object))})}), "m.skops")
    assert refusals(archive(MODEL, **{"evil.pkl": PAYLOAD}), "m.skops")
    for schema in (b"", b"{}", b"[]", b"[" * 100_000, b'{"__loader__": "JsonNode", "__loader__": "JsonNode"}'):
        assert refusals(zipped({"schema.json": schema}), "m.skops")
