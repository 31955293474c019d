"""Compares wanted objects with observed ones, field by field.  What a server adds by itself is no difference."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headway.render.manifest import Object, ref

__all__ = ["differences"]

# Characters of a value that a sentence shows.
SHOWN = 60


def differences(wanted: Sequence[Object], observed: Mapping[tuple[str, str, str], Object]) -> Iterator[str]:
    """What would change, in sentences: objects to make, to remove, and fields that differ; none when all is as wished.

    >>> service = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"port": 1}}
    >>> list(differences([service], {ref(service): service | {"status": {}}}))
    []
    >>> list(differences([service], {}))
    ['Service a is missing']
    """
    for item in wanted:
        kind, _, name = ref(item)
        there = observed.get(ref(item))
        if there is None:
            yield f"{kind} {name} is missing"
        elif there != item:  # nearly all are equal, and a whole object is compared in no time
            yield from (f"{kind} {name}: {fault}" for fault in _fields(item, there, ""))
    for kind, _, name in sorted(observed.keys() - {ref(item) for item in wanted}):
        yield f"{kind} {name} is not wanted any more"


def _fields(wanted: Any, observed: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - the JSON of any object
    if isinstance(wanted, Mapping) and isinstance(observed, Mapping):
        for key, value in sorted(wanted.items()):
            place = f"{path}.{key}" if path else key
            if key in observed:
                yield from _fields(value, observed[key], place)
            else:
                yield f"{place} is missing"
    elif isinstance(wanted, list) and isinstance(observed, list) and len(wanted) == len(observed):
        for number, (left, right) in enumerate(zip(wanted, observed, strict=True)):
            yield from _fields(left, right, f"{path}[{number}]")
    elif wanted != observed:
        yield f"{path} is {_short(observed)}, wanted {_short(wanted)}"


def _short(value: Any) -> str:  # noqa: ANN401 - the JSON of any object
    text = repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
