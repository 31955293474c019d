"""The classes that a team's declared files define at top level: their own model files may hold them."""

import ast
from collections.abc import Iterator, Mapping

__all__ = ["declared_classes"]


def declared_classes(files: Mapping[str, bytes]) -> Iterator[str]:
    """`module:Class` and `module:function` of every declared Python file; a file that is no Python has none."""
    for path, data in files.items():
        if not path.endswith(".py"):
            continue
        module = path.removesuffix(".py").replace("/", ".")
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield f"{module}:{node.name}"
