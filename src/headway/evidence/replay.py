"""Recomputes verdicts from what their records hold, by the rule that they name.  No user code, no data, no clock."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isclose, isnan
from typing import Literal

import msgspec
from msgspec import Struct

from headway.evidence.ledger import Entry
from headway.evidence.verdict import Inputs, Verdict

__all__ = ["Outcome", "Replayed", "replay", "same_number"]

Outcome = Literal["same", "differs", "unknown rule"]

# Numbers agree to nine significant digits on every platform; the last ones depend on the libm.
_DIGITS = 1e-9


class Replayed(Struct, frozen=True, kw_only=True):
    """One verdict as it was recorded and as it comes out now; `now` is None when it could not be recomputed."""

    path: str
    record: str
    subject: str
    then: Verdict
    now: Verdict | None
    outcome: Outcome
    why: str = ""


def replay(entries: Iterable[Entry], rules: Mapping[str, Callable[[Inputs], Verdict]]) -> Iterator[Replayed]:
    """Every verdict of every record, recomputed; `rules` are by `name/version`."""
    for entry in entries:
        about = entry.record.subject
        subject = " ".join(part for part in (about.model, about.version, about.environment) if part)
        for then in entry.record.verdicts:
            outcome, now, why = _again(then, rules)
            yield Replayed(
                path=entry.path, record=entry.digest, subject=subject, then=then, now=now, outcome=outcome, why=why
            )


def same_number(then: float, now: float) -> bool:
    """Equal to nine significant digits; not a number equals itself.

    >>> same_number(0.1 + 0.2, 0.3), same_number(1.0, 1.000001), same_number(float("nan"), float("nan"))
    (True, False, True)
    """
    return isclose(then, now, rel_tol=_DIGITS, abs_tol=0.0) or (isnan(then) and isnan(now))


def _again(then: Verdict, rules: Mapping[str, Callable[[Inputs], Verdict]]) -> tuple[Outcome, Verdict | None, str]:
    rule = rules.get(then.rule)
    if rule is None:
        return "unknown rule", None, f"this version of Headway has no rule {then.rule!r}"
    try:
        now = rule(then.inputs)
    except (msgspec.ValidationError, ValueError, KeyError, TypeError, ArithmeticError) as fault:
        # The inputs come from a record: a signer can have written anything there.
        return "differs", None, f"the rule cannot read its inputs: {fault}"
    why = _difference(then, now)
    return ("differs" if why else "same"), now, why


def _difference(then: Verdict, now: Verdict) -> str:
    if now.answer != then.answer:
        return f"the record says {then.answer}, the rule {now.answer}"
    if now.numbers.keys() != then.numbers.keys():
        return f"other numbers: {', '.join(sorted(now.numbers.keys() ^ then.numbers.keys()))}"
    for name, number in then.numbers.items():
        if not same_number(number, now.numbers[name]):
            return f"{name} was {number:.9g} and is {now.numbers[name]:.9g}"
    return ""
