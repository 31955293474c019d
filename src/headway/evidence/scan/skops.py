"""skops: a tree of nodes in JSON that name classes, with numpy's files beside it.  Each name is held against the list.

Which nodes there are, and what each makes of the name it holds, was read in skops/io 0.10 to 0.16.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from headway.evidence.scan.allowed import use_of
from headway.evidence.scan.archive import content, entries
from headway.evidence.scan.calls import has_rule
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.machine import plain
from headway.evidence.scan.npy import MAGIC, read_npy, read_npz
from headway.evidence.scan.report import Report
from headway.evidence.scan.use import Use, listed

__all__ = ["SCHEMA", "read_skops"]

SCHEMA = "schema.json"

MOST_SCHEMA = 256 * 2**20

_MADE_PLAIN = frozenset({
    "builtins:dict", "builtins:list", "builtins:set", "builtins:frozenset", "builtins:tuple", "builtins:str",
    "builtins:int", "builtins:float", "builtins:bool", "builtins:bytes", "builtins:bytearray", "builtins:slice",
    "collections:OrderedDict", "collections:defaultdict", "collections:Counter", "sklearn.utils._bunch:Bunch",
})  # fmt: skip
_KEY_TYPES = frozenset({
    "builtins:str", "builtins:int", "builtins:float", "builtins:bool", "builtins:bytes", "builtins:NoneType",
})  # fmt: skip
# A node of these hands an array to the class that it names.
_NUMBERS = (
    "ndarray bool bool_ float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 str_ bytes_ longlong"
    " ulonglong complex64 complex128 datetime64 timedelta64 matrix"
)
_TAKES_ARRAY = frozenset(dict(listed(Use.VALUE, {"numpy": _NUMBERS})))

Rule = Callable[[str, Use | None], bool]


def _of(names: frozenset[str]) -> Rule:
    return lambda full, _: full in names


def _used(use: Use) -> Rule:
    return lambda _, found: (found or 0) >= use


def _one(*names: str) -> Rule:
    return _of(frozenset(names))


# Kind of node -> may it hold this name?  PartialNode, MethodNode, OperatorFuncNode are left out: they lead elsewhere.
_NODES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("DictNode", "DefaultDictNode", "ListNode", "SetNode", "TupleNode", "SliceNode", "JsonNode", "BytesNode",
         "BytearrayNode"),
        _of(_MADE_PLAIN),
    ),
    "TypeNode": _used(Use.VALUE),
    "FunctionNode": _used(Use.VALUE),
    "ObjectNode": _used(Use.EMPTY),
    "TreeNode": _one("sklearn.tree._tree:Tree"),
    "LossNode": lambda full, _: full.startswith(("sklearn._loss._loss:Cy", "sklearn.linear_model._sgd_fast:")),
    "ConstructorFromReduceNode": lambda full, use: use is Use.CALL and not has_rule(full),
    "NdArrayNode": _of(_TAKES_ARRAY),
    "MaskedArrayNode": _one("numpy.ma:MaskedArray", "numpy.ma.core:MaskedArray"),
    "DTypeNode": _one("numpy:dtype"),
    "RandomStateNode": _one("numpy.random.mtrand:RandomState", "numpy.random:RandomState"),
    "RandomGeneratorNode": _one("numpy.random._generator:Generator", "numpy.random:Generator"),
    "SparseMatrixNode": lambda full, use: full.startswith("scipy.sparse.") and use is not None,
}  # fmt: skip
# Names that these nodes make themselves and no pickle holds.
_OWN = frozenset({
    "builtins:NoneType", "numpy.random.mtrand:RandomState", "numpy.random:RandomState",
    "numpy.random._generator:Generator", "numpy.random:Generator",
})  # fmt: skip


def read_skops(data: bytes, report: Report) -> None:
    """Every node of the tree is of a known kind and names what such a node may hold; every other file is an array."""
    for entry in entries(data):
        held = content(data, entry)
        if entry.name == SCHEMA:
            _read_schema(held, report)
        elif entry.name.endswith(".npy") and held.startswith(MAGIC):
            read_npy(held, report)
        elif entry.name.endswith(".npz"):
            read_npz(held, report)
        elif not entry.name.endswith(".bin"):
            raise ForbiddenError(f"{entry.name} in the skops archive is no array")


def _read_schema(held: bytes, report: Report) -> None:
    if len(held) > MOST_SCHEMA:
        raise ForbiddenError(f"a skops schema of more than {MOST_SCHEMA:,} bytes")
    try:
        tree = json.loads(held, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ForbiddenError(f"a skops schema that is no JSON: {error}") from None
    if not isinstance(tree, dict) or "__loader__" not in tree:
        raise ForbiddenError("a skops schema without a node")
    left: list[object] = [tree]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            _check(value, report)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ForbiddenError("a skops schema that names something twice")
    return found


def _check(node: Mapping[str, Any], report: Report) -> None:
    """Look at a node, or at a table of nodes under names of their own."""
    kind = node.get("__loader__")
    if isinstance(kind, dict) or (kind is None and "__class__" not in node and "__module__" not in node):
        return
    if kind == "CachedNode":
        return
    if not isinstance(kind, str):
        raise ForbiddenError("a skops node of no kind")
    for told in _names(kind, node):
        _check_name(kind, told, report)
    keys = node.get("key_types")
    if keys is not None:
        _check_keys(keys)


def _names(kind: str, node: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
    """The names in a node; protocol 0 kept that of a function one level deeper."""
    inner = node.get("content") if kind == "FunctionNode" else None
    if isinstance(inner, dict):
        yield inner.get("module_path"), inner.get("function")
    if not isinstance(inner, dict) or node.get("__class__") not in ("function", "ufunc"):
        yield node.get("__module__"), node.get("__class__")


def _check_name(kind: str, told: tuple[object, object], report: Report) -> None:
    module, name = told
    if not isinstance(module, str) or not isinstance(name, str) or not plain(module, name):
        raise ForbiddenError("a skops node that names no plain global")
    full, use = f"{module}:{name}", use_of(module, name)
    report.met(full)
    if kind not in _NODES:
        report.refuse(f"{full} stands in a skops node of the kind {kind[:50]!a}, which may lead anywhere")
    elif full in report.allow or _NODES[kind](full, use):
        return
    elif use is None and full not in _OWN:
        report.refuse_global(full)
    else:
        report.refuse(f"{full} stands in a skops node of the kind {kind}, which the reviewed list does not allow")


def _check_keys(keys: object) -> None:
    """The types of a dict's keys are called with the keys."""
    types = keys.get("content") if isinstance(keys, dict) else None
    for node in types if isinstance(types, list) else [None]:
        full = f"{node.get('__module__')}:{node.get('__class__')}" if isinstance(node, dict) else ""
        if full not in _KEY_TYPES and full not in _TAKES_ARRAY:
            raise ForbiddenError(f"{full[:100]!a} makes the keys of a dict in a skops file")
