"""Sources that go away and come back, and a pass that dies just then: what the plays of interruptions share."""

from collections.abc import Callable, Iterator, Mapping

from tests.reconcile.faulty import CHANGES, GoneError
from tests.reconcile.town import Town

from headway.decide.rules import RULES
from headway.evidence.record import RolledOut
from headway.evidence.verdict import Answer

__all__ = ["SOURCES", "Turn", "answers", "interrupted", "points", "to_its_end"]

HOUR = 3600.0
Turn = Callable[[Town], None]


def port(name: str) -> tuple[Turn, Turn]:
    """None of its calls is answered."""

    def goes(town: Town) -> None:
        town.faults.silent = getattr(town, name)

    def comes(town: Town) -> None:
        town.faults.silent = None

    return goes, comes


def seen(goes: Mapping[str, object], comes: Mapping[str, object]) -> tuple[Turn, Turn]:
    """What the runtime answers changes."""
    return (
        lambda town: town.runtime.say("delay", "production", **goes),
        lambda town: town.runtime.say("delay", "production", **comes),
    )


def clock(by: float, back: float = 0.0) -> tuple[Turn, Turn]:
    """It jumps."""

    def goes(town: Town) -> None:
        town.clock.time += by

    def comes(town: Town) -> None:
        town.clock.time += back

    return goes, comes


# Source -> what takes it away, and what brings it back.
SOURCES: Mapping[str, tuple[Turn, Turn]] = {
    "nothing": clock(0.0),
    "Git": port("source"),
    "the record": port("journal"),
    "the store": port("store"),
    "the runtime": port("runtime"),
    "what runs": seen({"unseen": "the supervisor does not run"}, {"unseen": ""}),
    "the observer": seen({"silent": True}, {"silent": False}),
    "the observer, for another": seen({"observer": 1}, {"observer": 2}),
    "the key": port("signing"),
    "the clock, set back": clock(-HOUR),
    "the clock, set forward": clock(HOUR),
    "the clock, set forward and back": clock(24 * HOUR, -24 * HOUR),
}


def points(tried: Town, count: Callable[[], None]) -> list[int]:
    """The calls of the next pass after which a process can die with something changed; -1: before the first.

    The pass is made; `count` says what was asked and answered before it.
    """
    tried.look()
    count()
    before = len(tried.faults.calls)
    tried.look()
    return [-1, *(at for at, call in enumerate(tried.faults.calls[before:]) if call in CHANGES)]


def interrupted(town: Town, at: int, goes: Turn, *, first: bool) -> None:
    """One pass that dies after a call; the source goes away before that, or just then."""
    if first:
        goes(town)
    town.faults.at, town.faults.how = len(town.faults.calls) + at, "gone"
    try:
        if at >= 0:
            town.look()
    except GoneError:
        pass
    town.faults.at = -1
    if not first:
        goes(town)


def answers(town: Town) -> Iterator[Answer]:
    """What the rule says of the windows in the record of a rollout that was promoted."""
    for record in town.records(RolledOut):
        if isinstance(record.seen, RolledOut) and record.seen.outcome == "promoted":
            yield from (RULES[verdict.rule](verdict.inputs).answer for verdict in record.verdicts)


def to_its_end(town: Town, count: Callable[[], None], holds: Callable[[], None], *, passes: int) -> None:
    """So many passes at most, then nothing is on its way; `holds` says what must hold after each, `count` is a second.

    Whatever is stable in the end and was not at the beginning (1.0.0) came there by evidence.
    """
    for _ in range(passes):
        count()
        town.look()
        holds()
        if not town.candidate():
            break
    town.settle()
    holds()
    assert town.candidate() == ""
    assert town.look().settled
    assert town.weights()[town.stable()] == 100.0
    assert list(answers(town)) == ([Answer.PASS] if town.stable() != "1.0.0" else [])
