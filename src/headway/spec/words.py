"""What records and their fields are, in words: read from the docstrings that stand beside them."""

import inspect
import re
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

__all__ = ["Words", "words_of"]

_FIELD = re.compile(r"    (\w+): (.+)")


class Words(Struct, frozen=True, kw_only=True):
    """A sentence or two about a record, and one about each of its fields."""

    says: str
    fields: Mapping[str, str]


@cache
def words_of(kind: type[Struct]) -> Words:
    """The words about a record, from its docstring with a section `Attributes:`.

    >>> from headway.spec.rollout import Deadline
    >>> words_of(Deadline).fields["after"]
    'How long after its start.'
    """
    says, _, section = inspect.cleandoc(kind.__doc__ or "").partition("\n\nAttributes:\n")
    fields: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if found := _FIELD.fullmatch(line):
            name = found[1]
            fields[name] = found[2]
        elif name and line.strip():
            fields[name] += f" {line.strip()}"
    return Words(says=" ".join(says.split()), fields=fields)
