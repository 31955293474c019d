"""Guesses from the text of a training script, which is parsed and never run: data, model file, label, task."""

import ast
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Guess", "Guesses", "guess"]

READERS = frozenset({"read_csv", "read_parquet", "scan_csv", "scan_parquet", "glob"})
WRITERS = frozenset({"dump", "save_model", "to_pickle"})
REGRESSORS = ("Regressor", "LinearRegression", "Ridge", "Lasso", "SVR", "ElasticNet")


class Guess(Struct, frozen=True, kw_only=True):
    """A value, and the line of the script that it was taken from (0: a default)."""

    value: str
    line: int


class Guesses(Struct, frozen=True, kw_only=True):
    """What a script reads, what it writes, what it predicts, and the modules of its own folder that it imports."""

    data: Guess
    writes: Guess
    label: Guess
    task: Guess
    modules: tuple[str, ...]


def guess(script: str) -> Guesses:
    """Guess from a script's text; SyntaxError when it is no Python."""
    tree = ast.parse(script)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    data = next(_texts(calls, READERS, (".csv", ".parquet", ".csv.gz")), Guess(value="data/*.csv", line=0))
    writes = next(_texts(calls, WRITERS, (".joblib", ".pkl", ".pickle")), Guess(value="model.joblib", line=0))
    label = next(_labels(tree), Guess(value="label", line=0))
    return Guesses(data=data, writes=writes, label=label, task=_task(tree), modules=tuple(_modules(tree)))


def _texts(calls: list[ast.Call], names: frozenset[str], endings: tuple[str, ...]) -> Iterator[Guess]:
    """Texts with these endings among the arguments of calls with these names, at any depth."""
    for call in calls:
        if _name(call.func) in names:
            for node in ast.walk(call):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(endings):
                    yield Guess(value=node.value, line=node.lineno)


def _labels(tree: ast.AST) -> Iterator[Guess]:
    """`y = frame["late"]`, `frame.pop("late")`, `.drop(columns=["late"])`, `.fit(frame[...], frame["late"])`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_name(target) in {"y", "target", "labels"} for target in node.targets):
            yield from _subscripts(node.value)
        elif isinstance(node, ast.Call) and _name(node.func) == "pop":
            yield from _subscripts(node)
        elif isinstance(node, ast.Call) and _name(node.func) == "fit" and len(node.args) > 1:
            yield from _subscripts(node.args[1])


def _subscripts(node: ast.AST) -> Iterator[Guess]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield Guess(value=part.value, line=part.lineno)


def _task(tree: ast.AST) -> Guess:
    for node in ast.walk(tree):
        name = _name(node.func) if isinstance(node, ast.Call) else ""
        if name.endswith("Classifier") or name in {"LogisticRegression", "SVC", "GaussianNB", "LinearSVC"}:
            return Guess(value="classification", line=getattr(node, "lineno", 0))
        if any(name.endswith(ending) for ending in REGRESSORS):
            return Guess(value="regression", line=getattr(node, "lineno", 0))
    return Guess(value="classification", line=0)


def _modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
