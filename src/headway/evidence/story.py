"""The stories of models in lines: what happened when, who signed it, and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from msgspec import Struct

from headway.evidence.ledger import Entry
from headway.evidence.record import (
    Alerted,
    Judged,
    Locked,
    Record,
    Released,
    Requested,
    Retraining,
    RolledOut,
    Seen,
    Signers,
    Trained,
)
from headway.evidence.verdict import Answer

__all__ = ["Stories", "Told", "stories"]


_CAUSES = {
    "first": "the first lock",
    "update": "moved by hand",
    "commit": "a new recipe on main",
    "data": "the recipe of before, on other rows",
    "retraining": "by a retraining",
}


class Told(Struct, frozen=True, kw_only=True):
    """One line of a story; `at` is RFC 3339 in UTC, `record` the digest of the record behind it."""

    at: str
    version: str
    environment: str
    what: str
    why: str
    signer: str
    main: str
    commit: str
    record: str


Stories = Mapping[str, Sequence[Told]]


def stories(entries: Iterable[Entry], before: Stories | None = None) -> dict[str, list[Told]]:
    """Every model's lines, oldest first, with changes of the list of signers between them, which concern all.

    `before` are stories to go on with; under the empty name are the lines that a model's story begins with.
    """
    found = {model: list(lines) for model, lines in (before or {}).items()}
    for entry in entries:
        line, model = _line(entry), entry.record.subject.model
        if isinstance(entry.record.seen, Signers):
            for lines in (found.setdefault("", []), *(lines for name, lines in found.items() if name)):
                lines.append(line)
        elif model:
            found.setdefault(model, list(found.get("", ()))).append(line)
    return found


def _line(entry: Entry) -> Told:
    record = entry.record
    what, why = _told(record, record.seen)
    return Told(
        at=record.at,
        version=record.subject.version,
        environment=record.subject.environment,
        what=what,
        why=why,
        signer=entry.signer,
        main=record.main,
        commit=entry.commit,
        record=entry.digest,
    )


def _told(record: Record, seen: Seen) -> tuple[str, str]:  # noqa: PLR0911 - one return a kind
    """What happened, and why."""
    match seen:
        case Signers():
            return f"signers: {', '.join(signer.name for signer in seen.signers)}", ""
        case Locked():
            return f"data locked: {seen.train_rows:,} training and {seen.test_rows:,} test rows", _CAUSES[seen.cause]
        case Trained():
            return ("trained", _CAUSES[seen.cause]) if seen.outcome == "ok" else ("training failed", seen.reason)
        case Judged():
            return "gates passed" if seen.passed else "gates not passed", _answers(record)
        case Released():
            return _released(seen), seen.why
        case RolledOut():
            drawn = f"\ndrawn in the store as {seen.picture}" if seen.picture else ""
            way = "rollout of copies" if seen.rollout.split == "copies" else "rollout"
            return f"{way} {seen.outcome} after {len(seen.rollout.windows)} windows", f"{seen.rollout.why}{drawn}"
        case Requested():
            at = f" at {seen.weight:.12g} %" if seen.weight else ""
            return f"asked: {seen.action}{f' {seen.to}' if seen.to else ''}{at}", seen.why
        case Alerted():
            return f"{seen.monitor} alert {seen.state}", "; ".join(v.why for v in record.verdicts if v.why)
        case Retraining():
            return f"retraining {seen.state}", seen.why or seen.cause
        case _:
            assert_never(seen)


def _answers(record: Record) -> str:
    """Every gate by name; of those that stand in the way also the reason, a line each."""
    bad = [f"{v.name}: {v.why}" for v in record.verdicts if v.answer in {Answer.FAIL, Answer.UNDECIDED}]
    return "\n".join(bad) or ", ".join(verdict.name for verdict in record.verdicts)


def _released(seen: Released) -> str:
    if seen.how == "started" and seen.candidate and seen.over:
        return f"rollout started over {seen.over.version}"
    if seen.how in {"aborted", "rolled back"} and seen.stable:
        return f"{seen.how} to {seen.stable.version}"
    return seen.how if seen.how != "direct" else "released"
