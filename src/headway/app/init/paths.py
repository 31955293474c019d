"""Which files a script reads its rows from, and which it writes its model to."""

import ast
from collections.abc import Iterator

from headway.app.init.values import PACKERS, Scope, Text, called

__all__ = ["reads", "writes"]

ROWS = (
    ".csv", ".csv.gz", ".tsv", ".parquet", ".pq", ".feather", ".json", ".jsonl", ".xlsx", ".txt", ".arrow", ".npy",
    ".npz",
)  # fmt: skip
MODELS = (
    ".joblib", ".pkl", ".pickle", ".gz", ".sav", ".model", ".cbm", ".ubj", ".json", ".txt", ".bin", ".onnx", ".skops",
    ".pt",
)  # fmt: skip
READERS = frozenset(
    {
        "read_csv", "read_parquet", "read_table", "read_feather", "read_json", "read_excel", "scan_csv", "scan_parquet",
        "load_dataset", "loadtxt", "genfromtxt", "fromcsv", "dataset",
    }
)  # fmt: skip
# Writers -> where the path stands among the arguments; -1 for the path whose method it is.
WRITERS = {
    "dump": 1, "to_pickle": 0, "save_model": 0, "save": 1, "to_file": 0, "write_bytes": -1,
}  # fmt: skip
# Modules whose `dump` writes notes, not models.
NOTES = frozenset({"json", "yaml", "toml", "tomli_w", "msgpack"})
NAMED = ("filename", "path", "file", "f", "fname", "filepath_or_buffer", "source", "io")


def reads(tree: ast.AST, scope: Scope) -> Iterator[Text]:
    """Paths of rows, in the order of the script; later ones may be tables that are looked up."""
    for call in _calls(tree):
        name = called(call)
        if name in READERS:
            text = scope.text(_argument(call, 0))
            if text and text.value:
                yield text
        elif name == "open" and _mode(call) == "r":
            text = scope.text(_opened(call))
            if text and text.value.endswith(ROWS):
                yield text


def writes(tree: ast.AST, scope: Scope) -> Iterator[Text]:
    """Paths of model files."""
    for call in _calls(tree):
        name = called(call)
        if name == "open" and _mode(call) == "w":
            text = scope.text(_opened(call))
            if text and text.value.endswith(MODELS[:6]):
                yield text
        elif name in WRITERS and not (isinstance(call.func, ast.Attribute) and called(call.func.value) in NOTES):
            text = scope.text(_written(call, WRITERS[name])) or scope.text(_argument(call, 0))
            if text and text.value.endswith(MODELS):
                yield text


def _written(call: ast.Call, at: int) -> ast.expr | None:
    return call.func.value if at < 0 and isinstance(call.func, ast.Attribute) else _argument(call, at)


def _calls(tree: ast.AST) -> list[ast.Call]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _argument(call: ast.Call, at: int) -> ast.expr | None:
    if 0 <= at < len(call.args):
        return call.args[at]
    named = {word.arg: word.value for word in call.keywords}
    return next((named[name] for name in NAMED if name in named), None)


def _opened(call: ast.Call) -> ast.expr | None:
    """What an `open` opens: the path whose method it is, or its first argument."""
    return call.func.value if _is_method(call) and isinstance(call.func, ast.Attribute) else _argument(call, 0)


def _is_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and called(call.func.value) not in PACKERS


def _mode(call: ast.Call) -> str:
    """How a file is opened: `r` or `w`."""
    given = call.args[:1] if _is_method(call) else call.args[1:2]
    given += [word.value for word in call.keywords if word.arg == "mode"]
    mode = next((word.value for word in given if isinstance(word, ast.Constant)), "r")
    return "w" if isinstance(mode, str) and set(mode) & set("wxa") else "r"
