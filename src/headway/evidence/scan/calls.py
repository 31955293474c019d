"""What a call in a pickle may be: a reviewed global with arguments that cannot make it do anything else.

Some reviewed functions call or instantiate what they are given; for each of those the argument is held to a short list.
"""

from collections.abc import Callable, Mapping

from headway.evidence.scan.array_type import DTYPE, described
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.reviewed_sklearn import LOSS_MAKERS
from headway.evidence.scan.shadow import BYTES, LIST, OPAQUE, SET, TEXT, Fields, Global, Made, Shadow
from headway.evidence.scan.use import Use

__all__ = ["called", "has_rule"]

_ARRAYS = frozenset(
    {
        "numpy:ndarray", "numpy:matrix", "numpy:memmap", "numpy:recarray", "numpy.ma:MaskedArray",
        "numpy.ma.core:MaskedArray",
    }
)  # fmt: skip
_BASES = frozenset(
    f"{module}:{name}" for module in ("builtins", "__builtin__") for name in ("object", "dict", "list", "set")
)
_BIT_GENERATOR = "numpy.random._pickle:__bit_generator_ctor"
_PANDAS_ARRAYS = ("pandas.core.arrays.", "pandas.arrays:", "pandas:Categorical")
_TREES = ("sklearn.metrics._dist_metrics:", "sklearn.neighbors._")

# How protocols 0 to 2 write bytes; any other name of a coding would have a module imported.
_LATIN = (("latin1",), ("latin-1",))

Args = tuple[Shadow, ...]
Rule = Callable[[Args], bool]


def called(what: Shadow, args: Shadow) -> Shadow:
    """What a call makes; ForbiddenError when it is not allowed."""
    if not isinstance(what, Global):
        raise ForbiddenError("a call of something that is no named global")
    if what.free:
        return Made(what)
    if not isinstance(args, tuple):
        raise ForbiddenError(f"the arguments of {what.name} are computed")
    if what.use is Use.VALUE or what.use is None:
        raise ForbiddenError(f"{what.name} is called, and the reviewed list allows it as a value only")
    if what.use is Use.EMPTY and args:
        raise ForbiddenError(f"{what.name} is made with arguments, and the reviewed list allows it without only")
    rule = _RULES.get(what.name)
    if rule and not _holds(rule, args):
        raise ForbiddenError(f"{what.name} is called with arguments that the reviewed list does not allow")
    return _result(what, args)


def has_rule(name: str) -> bool:
    """Are the arguments of this global held to a rule?"""
    return name in _RULES


def _holds(rule: Rule, args: Args) -> bool:
    try:
        return rule(args)
    except IndexError:
        return False


def _result(what: Global, args: Args) -> Shadow:
    if what.name in _RECONSTRUCTORS and isinstance(args[0], Global):
        return Made(args[0])
    if what.name in _LEAVES:
        return _LEAVES[what.name]
    return Made(what, args if what.name == DTYPE else ())


def _class(value: Shadow) -> bool:
    """A class whose instances may be made empty."""
    return isinstance(value, Global) and (value.free or (value.use or 0) >= Use.EMPTY)


def _named(value: Shadow, names: frozenset[str]) -> bool:
    return isinstance(value, Global) and value.name in names


def _from(value: Shadow, *modules: str) -> bool:
    return isinstance(value, Global) and value.name.startswith(modules)


def _filled(args: Args) -> bool:
    """Nothing, or things that are there already: a range as an argument could be of any length."""
    return all(isinstance(arg, Fields | tuple | None | int) or arg is LIST or arg is SET for arg in args)


def _bytes(args: Args) -> bool:
    """Never a number, which would be a length."""
    return args in ((), (BYTES,)) or (_text(args[0]) and args[1:] in _LATIN)


def _text(value: Shadow) -> bool:
    return isinstance(value, str) or value is TEXT


def _reconstructor(args: Args) -> bool:
    return len(args) == 3 and _class(args[0]) and _named(args[1], _BASES) and _filled(args[2:])


def _zero(shape: Shadow) -> bool:
    return isinstance(shape, tuple) and len(shape) == 1 and isinstance(shape[0], int) and shape[0] == 0


def _array(args: Args) -> bool:
    return _named(args[0], _ARRAYS) and _zero(args[1])


def _masked(args: Args) -> bool:
    return _named(args[0], _ARRAYS) and _named(args[1], _ARRAYS) and _zero(args[2])


def _scalar(args: Args) -> bool:
    """Of an object's type it would hand back whatever it is given."""
    return len(args) == 2 and isinstance(args[0], Made) and described(args[0]).kind in "biufcSUMm"


def _random(args: Args) -> bool:
    """They call their second argument with the first."""
    made = args[0]
    source = isinstance(made, str) or (isinstance(made, Made) and made.of.name == _BIT_GENERATOR)
    return source and all(_named(arg, frozenset({_BIT_GENERATOR})) for arg in args[1:])


def _bit_generator(args: Args) -> bool:
    return len(args) == 1 and (isinstance(args[0], str) or _from(args[0], "numpy.random._"))


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("copyreg:_reconstructor", "copy_reg:_reconstructor"), _reconstructor),
    **dict.fromkeys(("builtins:bytearray", "builtins:bytes", "__builtin__:bytearray", "__builtin__:bytes"), _bytes),
    **dict.fromkeys(("builtins:set", "builtins:frozenset", "__builtin__:set", "__builtin__:frozenset"), _filled),
    **dict.fromkeys(("collections:Counter", "collections:OrderedDict", "collections:deque"), _filled),
    "collections:defaultdict": lambda args: all(arg is None or isinstance(arg, Global) for arg in args[:1])
    and _filled(args[1:]),
    "_codecs:encode": lambda args: _text(args[0]) and args[1:] in _LATIN,
    DTYPE: lambda args: len(args) in (1, 2, 3),
    **dict.fromkeys(("numpy.core.multiarray:_reconstruct", "numpy._core.multiarray:_reconstruct"), _array),
    **dict.fromkeys(("numpy.core.multiarray:scalar", "numpy._core.multiarray:scalar"), _scalar),
    "numpy.ma.core:_mareconstruct": _masked,
    "numpy.random._pickle:__randomstate_ctor": _random,
    "numpy.random._pickle:__generator_ctor": _random,
    _BIT_GENERATOR: _bit_generator,
    "numpy.random.bit_generator:__pyx_unpickle_SeedSequence": lambda args: _from(args[0], "numpy.random."),
    "pandas._libs.arrays:__pyx_unpickle_NDArrayBacked": lambda args: _from(args[0], *_PANDAS_ARRAYS),
    "pandas.core.indexes.base:_new_Index": lambda args: _from(args[0], "pandas:", "pandas.core.indexes."),
    "pandas.core.indexes.datetimes:_new_DatetimeIndex": lambda args: _from(args[0], "pandas.core.indexes."),
    **dict.fromkeys(LOSS_MAKERS, lambda args: _from(args[0], "sklearn._loss._loss:Cy")),
    **dict.fromkeys(
        (
            "sklearn.metrics._dist_metrics:newObj", "sklearn.neighbors._dist_metrics:newObj",
            "sklearn.neighbors._ball_tree:newObj", "sklearn.neighbors._kd_tree:newObj",
        ),
        lambda args: len(args) == 1 and _from(args[0], *_TREES),
    ),
}  # fmt: skip

_RECONSTRUCTORS = frozenset({"copyreg:_reconstructor", "copy_reg:_reconstructor"})

# Functions that hand back something else than an instance of their own; nothing more is done to it.
_LEAVES: Mapping[str, Shadow] = {
    "_codecs:encode": BYTES,
    "builtins:bytes": BYTES,
    "__builtin__:bytes": BYTES,
    "numpy.core.multiarray:scalar": OPAQUE,
    "numpy._core.multiarray:scalar": OPAQUE,
    "numpy.core.numeric:_frombuffer": OPAQUE,
    "numpy._core.numeric:_frombuffer": OPAQUE,
    "pandas._libs.internals:_unpickle_block": OPAQUE,
    "pandas.core.indexes.base:_new_Index": OPAQUE,
    "pandas.core.indexes.datetimes:_new_DatetimeIndex": OPAQUE,
    "torch._utils:_rebuild_tensor": OPAQUE,
    "torch._utils:_rebuild_tensor_v2": OPAQUE,
    "torch._utils:_rebuild_parameter": OPAQUE,
}
