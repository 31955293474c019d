"""Reads the documents that Headway wrote on its branch; anybody may have pushed there, so they are not trusted."""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from headway.spec.yaml import Node, read_nodes

__all__ = ["read_document"]

D = TypeVar("D", bound=Struct)


def read_document(data: bytes, kind: type[D]) -> D:
    r"""The one document of a file, as a record of this kind; ValueError says why it is none.

    >>> from headway.spec.release import Served
    >>> read_document(b"version: 1.10.0\nbundle: 12e45\n", Served)
    Served(version='1.10.0', bundle='12e45')
    """
    nodes, findings = read_nodes("", data)
    if findings:
        raise ValueError(f"{findings[0].what}: {findings[0].why}")
    if len(nodes) != 1:
        raise ValueError(f"{len(nodes)} documents where one is expected")
    try:
        # Texts stay as they are written: a digest of digits around an `e` is no number.
        return msgspec.convert(_plain(nodes[0]), kind, strict=False)
    except msgspec.ValidationError as fault:
        raise ValueError(str(fault)) from None


def _plain(node: Node) -> Any:  # noqa: ANN401 - the border of YAML: turned into a record at once
    match node.kind:
        case "mapping":
            return {name: _plain(value) for name, (_, value) in node.fields.items()}
        case "list":
            return [_plain(item) for item in node.items]
        case _:
            return None if node.value is None else node.text
