"""The reviewed globals of the standard library.

Left out on purpose, though ordinary files of some libraries hold them: `builtins:getattr`, `eval`, `exec`, `map`,
`operator:*`, `functools:partial`, `types:*`, `importlib:*`, `pickle:*`, `marshal:*`: each of them leads elsewhere; and
`fractions:Fraction`: from a text of a few digits it fills the memory.
"""

from collections.abc import Mapping

from headway.evidence.scan.use import Use, listed

__all__ = ["PYTHON"]

_VALUES = {
    "builtins": "bool bytes dict float int list object str tuple len abs min max sum sorted round",
    "__builtin__": "bool dict float int list object str tuple long unicode",
}

# Bytes, sets and sizes are called with arguments that `calls` looks at: `bytearray(10**12)` would fill the memory.
_CALLED = {
    "builtins": "bytearray bytes complex frozenset range set slice",
    "__builtin__": "bytearray bytes complex frozenset set slice xrange",
    "collections": "Counter OrderedDict defaultdict deque",
    "copyreg": "_reconstructor",
    "copy_reg": "_reconstructor",
    "_codecs": "encode",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
}

_EMPTY = {"uuid": "UUID"}

PYTHON: Mapping[str, Use] = {
    **dict(listed(Use.VALUE, _VALUES)),
    **dict(listed(Use.EMPTY, _EMPTY)),
    **dict(listed(Use.CALL, _CALLED)),
}
