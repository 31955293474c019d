"""What may stand in a field, in words: the same in findings, explanations and the reference."""

from headway.spec.quantity import NAMES
from headway.spec.shape import Choice, Either, Fixed, Many, Measure, Plain, Record, Shape, Table, fields_of

__all__ = ["takes"]

_TITLES = {
    "text": "a text", "number": "a number", "whole": "a whole number", "boolean": "true or false", "nothing": "nothing",
}  # fmt: skip


def takes(shape: Shape) -> str:  # noqa: PLR0911 - one line a shape
    """What may stand in a field, as a phrase.

    >>> takes(Many(of=Measure(name="share")))
    'a list, each a share such as 5% or 0.5pp'
    """
    match shape:
        case Plain(kind=kind):
            return _TITLES[kind]
        case Choice(values=values):
            return f"one of {', '.join(values)}" if len(values) > 1 else f"the word {values[0]}"
        case Measure(name=name):
            return NAMES[name]
        case Many(of=of):
            return f"a list, each {takes(of)}"
        case Fixed(of=of):
            return f"a list of {len(of)}: {', '.join(takes(each) for each in of)}"
        case Table(of=of):
            return f"a mapping by name, each {takes(of)}"
        case Record(kind=kind):
            return f"a mapping of {', '.join(fields_of(kind))}"
        case Either(of=of):
            records = [next(iter(fields_of(each.kind))) for each in of if isinstance(each, Record)]
            if len(records) > 1:
                return f"an entry with one of the keys {', '.join(records)}"
            # That it may be nothing is told by its default.
            *others, last = (takes(each) for each in of if each != Plain(kind="nothing"))
            return ", or ".join([", ".join(others), last]) if others else last
