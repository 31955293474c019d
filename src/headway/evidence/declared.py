"""The classes that a team's declared files define at top level: their own model files may hold them."""

import ast
import sys
from collections.abc import Iterator, Mapping

from headway.evidence.scan.allowed import REVIEWED

__all__ = ["declared_classes"]

# A file of such a name is never what an import of it finds; the module that is found instead is nobody's to allow.
_TAKEN = sys.stdlib_module_names | {full.partition(":")[0].partition(".")[0] for full in REVIEWED}


def declared_classes(files: Mapping[str, bytes]) -> Iterator[str]:
    """`module:Class` and `module:function` of every declared Python file; a file that is no Python has none.

    A module has a name for each folder that it may be imported from: the model's own, and those of files beside it,
    as `python src/train.py` does.
    """
    folders = {path.rpartition("/")[0] for path in files}
    for path, data in files.items():
        if not path.endswith(".py"):
            continue
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        yield from (f"{module}:{name}" for module in _modules(path, folders) for name in names)


def _modules(path: str, folders: set[str]) -> Iterator[str]:
    """The names that a file may be imported by."""
    below = [path.removeprefix(f"{folder}/") for folder in sorted(folders) if folder and path.startswith(f"{folder}/")]
    for place in (path, *below):
        module = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module.partition(".")[0] not in _TAKEN and module != "__init__":
            yield module
