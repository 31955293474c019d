"""How a reviewed global may stand in a model file: as a value, as a class made empty, or as something called."""

from collections.abc import Iterator, Mapping
from enum import IntEnum

__all__ = ["Use", "listed"]


class Use(IntEnum):
    """Each use allows those before it.

    VALUE: named and never called.  EMPTY: a class whose instance is made without arguments and then given its state,
    as estimators are.  CALL: called with arguments; what it does with any of them was read.
    """

    VALUE = 1
    EMPTY = 2
    CALL = 3


def listed(use: Use, modules: Mapping[str, str]) -> Iterator[tuple[str, Use]]:
    """The rows of a table that names many of one module: module to names with spaces between.

    >>> dict(listed(Use.VALUE, {"numpy": "exp log"}))
    {'numpy:exp': <Use.VALUE: 1>, 'numpy:log': <Use.VALUE: 1>}
    """
    for module, names in modules.items():
        yield from ((f"{module}:{name}", use) for name in names.split())
