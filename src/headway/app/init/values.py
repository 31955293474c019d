"""Follows texts through a script: constants, names, f-strings, joined paths, defaults of options.  Runs nothing."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

__all__ = ["HERE", "PACKERS", "Scope", "Text", "called", "constants"]

# Stands for the script's own folder (`Path(__file__).parent`) at the head of a text.
HERE = "\0here"
DEPTH = 24
JOINS = frozenset({"Path", "PurePath", "PosixPath", "join", "cwd"})
# Calls that hand on what they are given, as far as a path is concerned.
THROUGH = frozenset(
    {"str", "sorted", "list", "fspath", "abspath", "realpath", "expanduser", "normpath", "glob", "iglob", "open"}
)
METHODS = frozenset({"resolve", "absolute", "expanduser", "as_posix", "open"})
LONGER = frozenset({"glob", "rglob", "joinpath"})
PACKERS = frozenset({"gzip", "bz2", "lzma", "io", "codecs", "fsspec"})
# Names in front of a dot that are modules, not paths.
MODULES = PACKERS | {"glob", "path", "os"}
DEFAULTS = frozenset({"get", "getenv"})


class Text(Struct, frozen=True, kw_only=True):
    """A text that an expression stands for, and the line where it is written."""

    value: str
    line: int


def called(node: ast.AST) -> str:
    """The last name of what is called or named: `pd.read_csv` is `read_csv`."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def constants(node: ast.AST) -> Iterator[Text]:
    """Every text written out within an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield Text(value=part.value, line=part.lineno)


class Scope:
    """The names of a script with what they are bound to first; options by their attribute (`args.data`)."""

    def __init__(self, tree: ast.AST, options: Mapping[str, Text]) -> None:
        self._options = options
        self._bound: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            for target, value in _bindings(node):
                self._bound.setdefault(target, value)

    def bound(self, name: str) -> ast.expr | None:
        """The expression that a name was bound to first."""
        return self._bound.get(name)

    def option(self, name: str) -> Text | None:
        """The default of the option that the script reads by this attribute."""
        return self._options.get(name)

    def text(self, node: ast.AST | None, depth: int = DEPTH) -> Text | None:
        """The text that an expression stands for; parts that are not known become `*`, None when nothing is."""
        read = READ.get(type(node)) if depth else None
        return read(self, node, depth - 1) if read else None

    def together(self, parts: Sequence[ast.expr], between: str, depth: int) -> Text | None:
        """Texts in a row with something between them."""
        found = [self.text(part, depth) for part in parts]
        known = [text for text in found if text]
        if not known:
            return None
        value = between.join(text.value if text else "*" for text in found if text is None or text.value or not between)
        return Text(value=value, line=known[-1].line)


def _constant(_scope: Scope, node: ast.Constant, _depth: int) -> Text | None:
    return Text(value=node.value, line=node.lineno) if isinstance(node.value, str) else None


def _operation(scope: Scope, node: ast.BinOp, depth: int) -> Text | None:
    between = "/" if isinstance(node.op, ast.Div) else "" if isinstance(node.op, ast.Add) else None
    return None if between is None else scope.together([node.left, node.right], between, depth)


def _name(scope: Scope, node: ast.Name, depth: int) -> Text | None:
    if node.id == "__file__":
        return Text(value=f"{HERE}/script", line=node.lineno)
    return scope.option(node.id) or scope.text(scope.bound(node.id), depth)


def _attribute(scope: Scope, node: ast.Attribute, depth: int) -> Text | None:
    return _parent(scope.text(node.value, depth)) if node.attr == "parent" else scope.option(node.attr)


def _call(scope: Scope, call: ast.Call, depth: int) -> Text | None:
    name, first = called(call), call.args[0] if call.args else None
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    method = owner is not None and called(owner) not in MODULES
    if name == "dirname":
        return _parent(scope.text(first, depth))
    if name in DEFAULTS:
        return scope.text(call.args[1] if len(call.args) > 1 else None, depth)
    if method and owner is not None and (name in METHODS or (name in LONGER and scope.text(owner, depth))):
        between = "/**/" if name == "rglob" else "/"
        return scope.together([owner, *(call.args if name in LONGER else ())], between, depth)
    if name in JOINS:
        return scope.together(call.args, "/", depth) or Text(value="", line=call.lineno)
    return scope.text(first, depth) if name in THROUGH else None


READ: Mapping[type, Callable[[Scope, Any, int], Text | None]] = {
    ast.Constant: _constant,
    ast.JoinedStr: lambda scope, node, depth: scope.together(node.values, "", depth),
    ast.FormattedValue: lambda scope, node, depth: scope.text(node.value, depth),
    ast.BinOp: _operation,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
}


def _parent(text: Text | None) -> Text | None:
    """The folder of a path; the parent of the script's own folder cannot be told from here."""
    if text is None or text.value == HERE:
        return Text(value=HERE + "/..", line=text.line) if text else None
    return Text(value=text.value.rpartition("/")[0], line=text.line)


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign():
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    yield from ((each.id, value) for each, value in pairs if isinstance(each, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.For(target=ast.Name(id=name), iter=value) | ast.comprehension(target=ast.Name(id=name), iter=value):
            yield name, value
        case ast.withitem(optional_vars=ast.Name(id=name), context_expr=value):
            yield name, value
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            named = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            yield from ((each.arg, value) for each, value in zip(named, node.args.defaults, strict=False))
        case _:
            return
