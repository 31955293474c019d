"""Finds the scripts of a repository that train something: those that fit and write a model."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from headway.app.init.options import options
from headway.app.init.paths import writes
from headway.app.init.source import UnreadableError, parsed
from headway.app.init.values import Scope, called

__all__ = ["candidates", "is_training"]

ENTRIES_AT_MOST = 20_000
DEPTH = 5
SKIPPED = frozenset(
    {
        "venv", "env", "node_modules", "site-packages", "build", "dist", "tests", "test", "docs", "environments",
        "policies",
    }
)  # fmt: skip
FITS = frozenset({"fit", "train", "fit_transform", "partial_fit"})


def candidates(folder: Path) -> list[Path]:
    """Scripts that write a model and fit one; without any, programs that are called train.py or fit.py."""
    found, named = [], []
    for path in _programs(folder):
        if is_training(path):
            found.append(path)
        elif path.name in {"train.py", "fit.py"}:
            named.append(path)
    return found or named


def is_training(path: Path) -> bool:
    """Does this file fit a model, and write one?"""
    try:
        tree = parsed(path)
    except UnreadableError:
        return False
    fits = any(isinstance(node, ast.Call) and called(node) in FITS for node in ast.walk(tree))
    return (fits and next(writes(tree, Scope(tree, {})), None) is not None) or (fits and _asks_where(tree))


def _asks_where(tree: ast.AST) -> bool:
    """A model is written to a path that an option or an environment variable names."""
    writers = any(isinstance(node, ast.Call) and called(node) in {"dump", "save_model"} for node in ast.walk(tree))
    return writers and bool(options(tree))


def _programs(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, folders, files in os.walk(folder):
        place = Path(root)
        deep = len(place.relative_to(folder).parts) >= DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if _looked_into(place, name))
        for name in sorted(files):
            seen += 1
            if seen > ENTRIES_AT_MOST:
                return
            path = place / name
            plain = name.endswith(".py") and name.isprintable() and not name.startswith(("test_", "-", "."))
            if plain and path.is_file() and not path.is_symlink():
                yield path


def _looked_into(place: Path, name: str) -> bool:
    plain = name.isprintable() and not name.startswith((".", "-", "_")) and name not in SKIPPED
    return plain and not (place / name / "pyvenv.cfg").exists()
