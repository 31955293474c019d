"""The modules of its own that a script imports, its imports' imports too, as files below one folder."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from headway.app.init.source import UnreadableError, parsed

__all__ = ["foreign", "own_modules"]

FILES_AT_MOST = 500


def own_modules(script: Path, tree: ast.Module) -> tuple[str, ...]:
    """Files relative to the script's folder, in the order in which they are first imported; links are left out."""
    root = script.parent
    found: dict[str, None] = {}
    waiting = [(PurePosixPath(script.name), tree)]
    while waiting and len(found) < FILES_AT_MOST:
        place, at = waiting.pop(0)
        for name in _imported(at, place):
            for path in _files(root, name):
                if path in found or path == script.name:
                    continue
                found[path] = None
                try:
                    waiting.append((PurePosixPath(path), parsed(root / path)))
                except UnreadableError:
                    continue  # its own training will say so
    return tuple(found)


def foreign(script: Path, tree: ast.Module) -> tuple[str, ...]:
    """Top names of what a script imports that is not its own."""
    names = (name.partition(".")[0] for name in _imported(tree, PurePosixPath(script.name)))
    return tuple(dict.fromkeys(name for name in names if name and not _files(script.parent, name)))


def _imported(tree: ast.Module, place: PurePosixPath) -> Iterator[str]:
    """Dotted names that a module at `place` may mean; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folders = place.parent.parts
            head = ".".join(folders[: len(folders) - (node.level - 1)]) if node.level else ""
            base = ".".join(part for part in (head, node.module or "") if part)
            if base:
                yield base
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _files(root: Path, name: str) -> list[str]:
    """A module's file with the `__init__.py` of every package on the way; none when it is not below the root."""
    parts = name.split(".")
    found: list[str] = []
    for end in range(1, len(parts) + 1):
        folder = PurePosixPath(*parts[:end])
        module, package = folder.with_suffix(".py"), folder / "__init__.py"
        if _plain(root, package):
            found.append(package.as_posix())
        elif _plain(root, module):
            found.append(module.as_posix())
        elif not _folder(root, folder):
            break
    return found


def _plain(root: Path, path: PurePosixPath) -> bool:
    return (root / path).is_file() and not _linked(root, path)


def _folder(root: Path, path: PurePosixPath) -> bool:
    return (root / path).is_dir() and not _linked(root, path)


def _linked(root: Path, path: PurePosixPath) -> bool:
    return any((root / PurePosixPath(*path.parts[:end])).is_symlink() for end in range(1, len(path.parts) + 1))
