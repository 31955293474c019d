"""From nodes to records: converts field by field, so that every fault of a document is found with its place at once."""

import difflib
import types
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from headway.spec.environment import Environment
from headway.spec.finding import Finding
from headway.spec.model import Model
from headway.spec.policy import Policy
from headway.spec.project import Project
from headway.spec.quantity import QUANTITIES, QUANTITY
from headway.spec.yaml import Node, read_nodes

__all__ = ["KINDS", "Document", "load"]

Document = Project | Model | Environment | Policy
KINDS: Mapping[str, type[Document]] = {
    "Project": Project, "Model": Model, "Environment": Environment, "Policy": Policy,
}  # fmt: skip

_BAD = object()


def load(file: str, data: bytes) -> tuple[list[Document], list[Finding]]:
    """Every usable document of a file, and all that is wrong with it."""
    nodes, findings = read_nodes(file, data)
    documents = []
    for node in nodes:
        reader = _Reader()
        found = reader.document(node)
        findings += reader.findings
        if not reader.findings and found is not None:
            documents.append(found)
    return documents, findings


class _Reader:
    """Collects the findings of one document."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def document(self, node: Node) -> Document | None:
        named = node.fields.get("kind") if node.kind == "mapping" else None
        kind = KINDS.get(named[1].text) if named else None
        if kind is None:
            place = named[1] if named else node
            near = _nearest(named[1].text, KINDS) if named else ""
            self.fault("E010", "unknown kind", f"A document is one of {', '.join(KINDS)}.{near}", place)
            return None
        made = self.record(node, kind, skip="kind")
        return made if isinstance(made, kind) else None

    def fault(self, code: str, what: str, why: str, node: Node) -> object:
        do = "Mend the field; `headway explain` shows what it takes."
        self.findings.append(Finding(code=code, what=what, why=why, do=do, place=node.place))
        return _BAD

    def record(self, node: Node, kind: type[Struct], skip: str = "") -> object:
        if node.kind != "mapping":
            return self.fault("E011", "wrong type", f"A mapping of {', '.join(_hints(kind))} is wanted here.", node)
        values: dict[str, Any] = {}
        for name, (key, value) in node.fields.items():
            if name == skip:
                continue
            if name not in _hints(kind):
                why = f"{kind.__name__} has no field {name!r}.{_nearest(name, _hints(kind))}"
                self.fault("E012", f"unknown field '{name}'", why, key)
                continue
            values[name] = self.value(value, _hints(kind)[name], name)
        for field in msgspec.structs.fields(kind):
            if field.required and field.name not in values and field.name != skip:
                self.fault("E013", f"'{field.name}' is missing", f"{kind.__name__} needs it.", node)
        if any(value is _BAD for value in values.values()) or self.findings:
            return _BAD
        return kind(**values)

    def value(self, node: Node, wanted: Any, name: str) -> Any:  # noqa: ANN401, PLR0911 - one branch a form of type
        origin, args = get_origin(wanted), get_args(wanted)
        if hasattr(wanted, "__metadata__"):
            return self.quantity(node, wanted, name)
        if origin in {Union, types.UnionType}:
            return self.union(node, args, name)
        if origin is Literal:
            if node.kind == "scalar" and (node.value in args or node.text in args):
                return node.text if node.text in args else node.value
            near = _nearest(node.text, [str(arg) for arg in args])
            return self.fault(
                "E014", f"'{name}' is none of its values", f"It is one of {', '.join(map(str, args))}.{near}", node
            )
        if origin is tuple:
            return self.several(node, args, name)
        if origin is dict:
            if node.kind != "mapping":
                return self.fault("E011", "wrong type", f"'{name}' is a mapping.", node)
            return {key: self.value(value, args[1], key) for key, (_, value) in node.fields.items()}
        if isinstance(wanted, type) and issubclass(wanted, Struct):
            return self.record(node, wanted)
        return self.scalar(node, wanted, name)

    def scalar(self, node: Node, wanted: Any, name: str) -> Any:  # noqa: ANN401 - a plain type
        if node.kind == "scalar":
            if wanted is str and node.value is not None:
                return node.text
            if wanted is float and isinstance(node.value, int | float) and not isinstance(node.value, bool):
                return float(node.value)
            if type(node.value) is wanted or (wanted is types.NoneType and node.value is None):
                return node.value
        title = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}.get(wanted, "empty")
        return self.fault("E011", "wrong type", f"'{name}' is {title}.", node)

    def quantity(self, node: Node, wanted: Any, name: str) -> Any:  # noqa: ANN401 - an annotated number
        read = next(QUANTITIES[meta.extra[QUANTITY]] for meta in wanted.__metadata__)
        if node.kind != "scalar":
            return self.fault("E011", "wrong type", f"'{name}' is a quantity.", node)
        try:
            return read(node.text)
        except ValueError as error:
            return self.fault(
                "E015", f"'{name}' is no quantity of its kind", f"{str(error).capitalize()}, not {node.text!r}.", node
            )

    def several(self, node: Node, args: tuple[Any, ...], name: str) -> Any:  # noqa: ANN401 - a tuple of anything
        if node.kind != "list":
            return self.fault("E011", "wrong type", f"'{name}' is a list.", node)
        if args[-1] is Ellipsis:
            found = tuple(self.value(item, args[0], name) for item in node.items)
        elif len(args) != len(node.items):
            return self.fault("E011", "wrong type", f"'{name}' is a list of {len(args)}.", node)
        else:
            found = tuple(self.value(item, arg, name) for item, arg in zip(node.items, args, strict=True))
        return _BAD if any(value is _BAD for value in found) else found

    def union(self, node: Node, args: tuple[Any, ...], name: str) -> Any:  # noqa: ANN401 - one of several
        structs = [arg for arg in args if isinstance(arg, type) and issubclass(arg, Struct)]
        if structs and node.kind == "mapping":
            keys = {next(iter(_hints(struct))): struct for struct in structs}
            chosen = next((struct for key, struct in keys.items() if key in node.fields), None)
            if chosen is None:
                return self.fault("E016", "no known kind of entry", f"It has one of the keys {', '.join(keys)}.", node)
            return self.record(node, chosen)
        faults = []
        for arg in sorted(args, key=_exactness):
            attempt = _Reader()
            found = attempt.value(node, arg, name)
            if not attempt.findings:
                return found
            faults += attempt.findings
        why = " Or: ".join(dict.fromkeys(fault.why for fault in faults))
        return self.fault(faults[0].code, faults[0].what, why, node)


def _exactness(wanted: Any) -> int:  # noqa: ANN401 - a type
    """Text last: everything scalar is one."""
    order = [types.NoneType, bool, int, float]
    return order.index(wanted) if wanted in order else (9 if wanted is str else 5)


@cache
def _hints(kind: type[Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
