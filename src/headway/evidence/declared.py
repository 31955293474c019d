"""The classes that a team's declared files define at top level: their own model files may hold them."""

import ast
from collections.abc import Iterator, Mapping

__all__ = ["declared_classes"]


def declared_classes(files: Mapping[str, bytes]) -> Iterator[str]:
    """`module:Class` and `module:function` of every declared Python file; a file that is no Python has none.

    A module has a name for each folder that it is imported from: the model's own, and those of programs beside it.
    """
    folders = {path.rpartition("/")[0] for path in files}
    for path, data in files.items():
        if not path.endswith(".py"):
            continue
        below = [
            path,
            *(path.removeprefix(f"{folder}/") for folder in folders if folder and path.startswith(f"{folder}/")),
        ]
        modules = [place.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for place in below]
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield from (f"{module}:{node.name}" for module in modules)
