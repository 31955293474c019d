"""Every point at which a pass of a rollout can be interrupted, times every source that can be away just then.

A process that dies leaves behind what its calls changed, so the points that differ are those before a pass and after
each call that changes something.  Whatever happens, a bad version is never let in, a good one only on evidence, and
all of it has an end.
"""

from collections.abc import Callable, Iterator, Mapping

import pytest
from tests.reconcile.faulty import CHANGES, GoneError
from tests.reconcile.town import Town, sound

from headway.decide.rules import RULES
from headway.evidence.record import RolledOut
from headway.evidence.verdict import Answer

HOUR = 3600.0
BAD, GOOD = 30.0, 0.0


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


def on_its_way(bad: float) -> Iterator[Town]:
    """The worlds before each pass of a rollout, from its start until after its end; each with a window half full."""
    town = Town().with_a_candidate()
    while True:
        following = town.beside()
        following.look()  # a new process opens its window
        yield following
        if not town.candidate():
            return
        town.traffic(bad=bad, of=20_000)
        town.look()


WORLDS = {bad: list(on_its_way(bad)) for bad in (BAD, GOOD)}


def points(town: Town, bad: float) -> list[int]:
    """The calls of the next pass after which a process can die with something changed; -1: before the first."""
    tried = town.beside()
    tried.look()
    tried.traffic(bad=bad, of=20_000)
    before = len(tried.faults.calls)
    tried.look()
    return [-1, *(at for at, call in enumerate(tried.faults.calls[before:]) if call in CHANGES)]


def interrupted(town: Town, at: int, goes: Turn, *, first: bool, bad: float) -> None:
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
    let_in_rightly(town, bad)


def let_in_rightly(town: Town, bad: float) -> None:
    """What must hold at any time."""
    sound(town)
    if bad == BAD:
        assert town.stable() == "1.0.0"
        assert town.weights().get("1.1.0", 0.0) <= 50.0


def answers(town: Town) -> Iterator[Answer]:
    """What the rule says of the windows in the record of a rollout that was promoted."""
    for record in town.records(RolledOut):
        if isinstance(record.seen, RolledOut) and record.seen.outcome == "promoted":
            yield from (RULES[verdict.rule](verdict.inputs).answer for verdict in record.verdicts)


def to_its_end(town: Town, bad: float, *, passes: int) -> None:
    for _ in range(passes):
        town.traffic(bad=bad, of=20_000)
        town.look()
        let_in_rightly(town, bad)
        if not town.candidate():
            break
    town.settle()
    let_in_rightly(town, bad)
    assert town.candidate() == ""
    assert town.look().settled
    assert town.weights()[town.stable()] == 100.0
    assert list(answers(town)) == ([Answer.PASS] if town.stable() == "1.1.0" else [])


@pytest.mark.parametrize("bad", [BAD, GOOD], ids=["bad", "good"])
@pytest.mark.parametrize("source", SOURCES)
def test_an_interruption_while_a_source_is_away_lets_nothing_in_wrongly_and_ends(source: str, bad: float) -> None:
    goes, comes = SOURCES[source]
    for world in WORLDS[bad]:
        for at in points(world, bad):
            for first in (True, False)[: 2 if at >= 0 else 1]:
                town = world.beside()
                town.look()
                town.traffic(bad=bad, of=20_000)
                interrupted(town, at, goes, first=first, bad=bad)
                # A new process starts at once, and for some passes the source stays away.
                town.start_again()
                for _ in range(3):
                    town.traffic(bad=bad, of=20_000)
                    town.look()
                    let_in_rightly(town, bad)
                comes(town)
                to_its_end(town, bad, passes=70)
                if "forward" not in source:  # beyond the deadline
                    assert town.stable() == ("1.0.0" if bad else "1.1.0")


@pytest.mark.parametrize("bad", [BAD, GOOD], ids=["bad", "good"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_process_that_comes_back_after_the_deadline_ends_what_it_finds(source: str, bad: float) -> None:
    goes, comes = SOURCES[source]
    for world in WORLDS[bad]:
        for at in points(world, bad):
            town = world.beside()
            town.look()
            town.traffic(bad=bad, of=20_000)
            interrupted(town, at, goes, first=False, bad=bad)
            standing = town.state.standing["production"]
            if standing.candidate and not town.runtime.observe("delay", "production").unseen:
                town.runtime.trip("delay", "production")
                assert town.weights().get("1.1.0", 0.0) == 0.0
            town.clock.time += 61.0
            comes(town)
            town.start_again()
            to_its_end(town, bad, passes=70 if "clock" in source else 4)
