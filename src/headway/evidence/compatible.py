"""Which requests that a version accepted would another one refuse?  Judged from their signatures alone."""

from collections.abc import Iterator

from headway.evidence.bundle import Column, Signature

__all__ = ["refusals"]

# A value of the type on the left is also one of the types on the right.
_WIDER = {"int64": frozenset({"float64"})}


def refusals(before: Signature, after: Signature) -> tuple[str, ...]:
    """Why a request that `before` accepts could be refused by `after`, or answered in another form; empty when none.

    Columns are matched by name; one that is not taken is ignored in requests, as the model server does.  A request is
    promised nothing for columns that were ignored before, nor when it sends none that both versions take.

    >>> old = Signature(inputs=(Column(name="a", type="int64"),), outputs=())
    >>> refusals(old, Signature(inputs=(Column(name="a", type="float64"), Column(name="b", type="bool")), outputs=()))
    ("input 'b' is new and may not be left out",)
    """
    return tuple(_refusals(before, after))


def _refusals(before: Signature, after: Signature) -> Iterator[str]:
    known = {column.name: column for column in before.inputs}
    if known and not any(column.name in known for column in after.inputs):
        yield "no input of before is taken any more"
    for column in after.inputs:
        if column.name in known:
            yield from _narrowed(known[column.name], column)
        elif not column.nullable:
            yield f"input '{column.name}' is new and may not be left out"
    if before.outputs != after.outputs:
        yield "the outputs changed"


def _narrowed(before: Column, after: Column) -> Iterator[str]:
    if after.type != before.type and after.type not in _WIDER.get(before.type, frozenset()):
        yield f"input '{after.name}' was {before.type} and is {after.type}"
    if before.nullable and not after.nullable:
        yield f"input '{after.name}' may no longer be left out"
    if after.categories is not None:
        if before.categories is None:
            yield f"input '{after.name}' took any value and takes {len(after.categories)} categories"
        elif lost := [value for value in before.categories if value not in set(after.categories)]:
            yield f"input '{after.name}' no longer takes {', '.join(map(repr, lost[:3]))}"
