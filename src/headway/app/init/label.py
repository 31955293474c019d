"""What a script predicts: the column it takes for its label, the columns it leaves out, and the kind of task."""

import ast
from collections.abc import Iterator

from msgspec import Struct

from headway.app.init.values import Scope, Text, called

__all__ = ["Label", "label_of", "task_of"]

NAMES = frozenset({"y", "target", "targets", "labels", "label", "y_train", "y_all", "Y"})
CONSTANTS = frozenset(
    {
        "target", "label", "target_col", "label_col", "target_column", "label_column", "y_col", "target_name",
        "label_name",
    }
)  # fmt: skip
FITS = frozenset({"fit", "train_test_split", "cross_val_score", "cross_validate", "fit_transform"})
CLASSIFIERS = (
    "Classifier", "LogisticRegression", "LogisticRegressionCV", "SVC", "LinearSVC", "NuSVC", "GaussianNB",
    "MultinomialNB", "BernoulliNB", "LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis",
)  # fmt: skip
REGRESSORS = (
    "Regressor", "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "SVR", "LinearSVR", "ElasticNet",
    "ElasticNetCV", "BayesianRidge",
)  # fmt: skip
SCORES = {
    "classification": frozenset({"roc_auc_score", "accuracy_score", "f1_score", "log_loss", "predict_proba"}),
    "regression": frozenset({"mean_squared_error", "mean_absolute_error", "r2_score", "root_mean_squared_error"}),
}


class Label(Struct, frozen=True, kw_only=True):
    """The label's column; `derived` is the line where the script computes its label from it; `dropped` the others."""

    column: Text
    derived: int = 0
    dropped: tuple[str, ...] = ()


def label_of(tree: ast.AST, scope: Scope) -> Label | None:
    """The best of what the script's idioms say; None when none of them is there."""
    drops = [columns for columns in _drops(tree, scope) if columns]
    for column, derived in [*_assigned(tree, scope), *_handed(tree, scope), *_popped(tree, scope)]:
        others = next((columns for columns in drops if column.value in {each.value for each in columns}), [])
        dropped = tuple(each.value for each in others if each.value != column.value)
        return Label(column=column, derived=derived, dropped=dropped)
    named = next(_constants(tree), None) or next((columns[0] for columns in drops if len(columns) == 1), None)
    return Label(column=named) if named else None


def task_of(tree: ast.AST) -> tuple[str, int] | None:
    """The kind of task and the line that shows it: an estimator by name, else a score."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in calls:
        name = called(call)
        if name.endswith("Classifier") or name in CLASSIFIERS:
            return "classification", call.lineno
        if name.endswith("Regressor") or name in REGRESSORS:
            return "regression", call.lineno
    for call in calls:
        for kind, names in SCORES.items():
            if called(call) in names:
                return kind, call.lineno
    return None


def _assigned(tree: ast.AST, scope: Scope) -> Iterator[tuple[Text, int]]:
    """`y = frame["late"]`, `y = frame.late`, `X, y = frame[NAMES], frame[TARGET]`."""
    for node in _by_line(tree, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in NAMES:
                yield from _column(node.value, scope)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for name, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(name, ast.Name) and name.id in NAMES:
                        yield from _column(value, scope)


def _handed(tree: ast.AST, scope: Scope) -> Iterator[tuple[Text, int]]:
    """`.fit(X, frame["late"])`, `train_test_split(X, frame.late)`."""
    for call in _by_line(tree, ast.Call):
        if called(call) in FITS:
            named = [word.value for word in call.keywords if word.arg == "y"]
            for value in [*call.args[1:2], *named]:
                yield from _column(value, scope)


def _popped(tree: ast.AST, scope: Scope) -> Iterator[tuple[Text, int]]:
    """`frame.pop("late")`; popping is done to a label more than to anything else."""
    for call in _by_line(tree, ast.Call):
        if called(call) == "pop" and len(call.args) == 1 and isinstance(call.func, ast.Attribute):
            text = scope.text(call.args[0])
            if text:
                yield text, 0


def _column(node: ast.expr, scope: Scope) -> Iterator[tuple[Text, int]]:
    """The column that an expression takes, and the line if the expression computes something from it."""
    derived = 0
    for part in ast.walk(node):
        if isinstance(part, ast.Compare | ast.BinOp) or called(part) in {
            "map",
            "apply",
            "cut",
            "qcut",
            "where",
            "clip",
        }:
            derived = getattr(part, "lineno", 0) or derived
        if isinstance(part, ast.Subscript):
            text = _subscript(part, scope)
            if text:
                yield text, derived
                return
        if isinstance(part, ast.Call) and called(part) == "pop" and part.args:
            text = scope.text(part.args[0])
            if text:
                yield text, derived
                return
    plain = _bare(node)
    if isinstance(plain, ast.Attribute) and isinstance(plain.value, ast.Name):
        yield Text(value=plain.attr, line=plain.lineno), derived


def _bare(node: ast.expr) -> ast.expr:
    """`frame.late.values.ravel()` without what follows the column."""
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr in {"values", "T"}:
            node = node.value
        else:
            return node


def _subscript(node: ast.Subscript, scope: Scope) -> Text | None:
    inner = node.slice
    if isinstance(inner, ast.List) and len(inner.elts) == 1:
        inner = inner.elts[0]
    if isinstance(inner, ast.Tuple) and len(inner.elts) == 2:  # frame.loc[:, "late"]
        inner = inner.elts[1]
    return scope.text(inner)


def _drops(tree: ast.AST, scope: Scope) -> Iterator[list[Text]]:
    """`frame.drop(columns=["id", "late"])`, `frame.drop("late", axis=1)`."""
    for call in _by_line(tree, ast.Call):
        if called(call) != "drop":
            continue
        given = [word.value for word in call.keywords if word.arg in {"columns", "labels"}] or call.args[:1]
        for value in given:
            bound = scope.bound(value.id) if isinstance(value, ast.Name) else None
            listed = bound if isinstance(bound, ast.List | ast.Tuple) else value
            items = listed.elts if isinstance(listed, ast.List | ast.Tuple) else [value]
            yield [text for text in map(scope.text, items) if text]


def _constants(tree: ast.AST) -> Iterator[Text]:
    """`TARGET = "late"`."""
    for node in _by_line(tree, ast.Assign):
        names = {target.id.lower() for target in node.targets if isinstance(target, ast.Name)}
        if names & CONSTANTS and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Text(value=node.value.value, line=node.lineno)


def _by_line(tree: ast.AST, kind: type) -> list:  # type: ignore[type-arg]
    return sorted((node for node in ast.walk(tree) if isinstance(node, kind)), key=lambda node: node.lineno)
