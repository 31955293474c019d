"""The options of a script's command line, by argparse or click: those with a plain default can be parameters."""

import ast
import re
from collections.abc import Iterator

from msgspec import Struct

from headway.app.init.values import called

__all__ = ["Option", "options", "takes_words"]

Plain = str | int | float | bool
DECLARES = frozenset({"add_argument", "option", "argument"})
# With these an option takes no value of its own.
FLAGS = frozenset({"is_flag", "count"})


class Option(Struct, frozen=True, kw_only=True):
    """One option: the attribute that the script reads it by, its flag (empty: by position), its default if plain."""

    name: str
    flag: str
    default: Plain | None
    required: bool
    line: int


def options(tree: ast.AST) -> tuple[Option, ...]:
    """Every option that takes one value, in the order of the script; the first of a name counts."""
    found: dict[str, Option] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in DECLARES:
            for option in _option(node):
                found.setdefault(option.name, option)
    return tuple(sorted(found.values(), key=lambda option: option.line))


def takes_words(tree: ast.AST) -> int:
    """The line where the script reads `sys.argv` itself; 0 when it does not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "argv":
            return node.lineno
    return 0


def _option(call: ast.Call) -> Iterator[Option]:
    words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    given = {word.arg: word.value for word in call.keywords if word.arg}
    action = given.get("action")
    one = action is None or (isinstance(action, ast.Constant) and action.value == "store")
    if not words or not one or FLAGS & set(given) or "nargs" in given or "multiple" in given:
        return
    flags = [word for word in words if word.startswith("-")]
    flag = next((word for word in flags if word.startswith("--")), flags[0] if flags else "")
    if not re.fullmatch(r"-{0,2}[A-Za-z][\w-]*", flag or words[0]):
        return  # `--shout/--quiet` and the like: no value either
    plain = next((word for word in words if not word.startswith("-")), flag.lstrip("-") if flag else words[0])
    dest = given.get("dest")
    if isinstance(dest, ast.Constant) and isinstance(dest.value, str):
        plain = dest.value
    default = _plain(given.get("default"))
    if default is None and "default" in given and not _is_none(given["default"]):
        return  # computed: the script knows it better
    demanded = given.get("required")
    required = isinstance(demanded, ast.Constant) and demanded.value is True
    yield Option(
        name=plain.replace("-", "_"),
        flag=flag,
        default=default,
        required=default is None and (required or not flag),
        line=call.lineno,
    )


def _plain(node: ast.expr | None) -> Plain | None:
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    if not isinstance(inner, ast.Constant) or not isinstance(inner.value, str | int | float | bool):
        return None
    return inner.value if sign == 1 or isinstance(inner.value, str) else -inner.value


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
