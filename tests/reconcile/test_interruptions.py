"""Every point at which a pass of a rollout can be interrupted, times every source that can be away just then.

A process that dies leaves behind what its calls changed, so the points that differ are those before a pass and after
each call that changes something.  Whatever happens, a bad version is never let in, a good one only on evidence, and
all of it has an end.
"""

from collections.abc import Iterator
from functools import partial

import pytest
from tests.reconcile.outages import SOURCES, interrupted, points, to_its_end
from tests.reconcile.town import Town, sound

from headway.evidence.pairs import APART, Pairs

BAD, GOOD = 30.0, 0.0
ROLLOUTS = {
    "canary": "",
    "blue-green": "strategy: blue-green",
    "shadow": "strategy: shadow\n    shadow: {agree_at_least: 95%}",
}


def ask(town: Town, bad: float) -> None:
    """A second of requests; of the pairs of a shadow as many differ as fail."""
    town.traffic(bad=bad, of=20_000)
    copied = town.arms["1.1.0"].starts if "1.1.0" in town.arms else 0
    differ = round(copied * bad / 100.0)
    town.runtime.say(
        "delay", "production", pairs=Pairs(pairs=copied, differ=differ, apart=tuple(differ for _ in APART))
    )


def on_its_way(strategy: str, bad: float) -> Iterator[Town]:
    """The worlds before each pass of a rollout, from its start until after its end; each with a window half full."""
    town = Town().with_a_candidate(rollout=ROLLOUTS[strategy])
    while True:
        following = town.beside()
        following.look()  # a new process opens its window
        yield following
        if not town.candidate():
            return
        ask(town, bad)
        town.look()


WORLDS = {(strategy, bad): list(on_its_way(strategy, bad)) for strategy in ROLLOUTS for bad in (BAD, GOOD)}


def let_in_rightly(town: Town, bad: float) -> None:
    """What must hold at any time."""
    sound(town)
    if bad == BAD:
        assert town.stable() == "1.0.0"
        assert town.weights().get("1.1.0", 0.0) <= 50.0


def moments(strategy: str, bad: float) -> Iterator[tuple[Town, int]]:
    """Every world, and every call of its next pass after which a process can die."""
    for world in WORLDS[strategy, bad]:
        tried = world.beside()
        yield from ((world, at) for at in points(tried, partial(ask, tried, bad)))


@pytest.mark.parametrize("bad", [BAD, GOOD], ids=["bad", "good"])
@pytest.mark.parametrize("strategy", ROLLOUTS)
@pytest.mark.parametrize("source", SOURCES)
def test_an_interruption_while_a_source_is_away_lets_nothing_in_wrongly_and_ends(
    source: str, strategy: str, bad: float
) -> None:
    goes, comes = SOURCES[source]
    for world, at in moments(strategy, bad):
        for first in (True, False)[: 2 if at >= 0 else 1]:
            town = world.beside()
            town.look()
            ask(town, bad)
            interrupted(town, at, goes, first=first)
            let_in_rightly(town, bad)
            # A new process starts at once, and for some passes the source stays away.
            town.start_again()
            for _ in range(3):
                ask(town, bad)
                town.look()
                let_in_rightly(town, bad)
            comes(town)
            to_its_end(town, partial(ask, town, bad), partial(let_in_rightly, town, bad), passes=70)
            if "forward" not in source:  # beyond the deadline
                assert town.stable() == ("1.0.0" if bad else "1.1.0")


@pytest.mark.parametrize("bad", [BAD, GOOD], ids=["bad", "good"])
@pytest.mark.parametrize("strategy", ROLLOUTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_process_that_comes_back_after_the_deadline_ends_what_it_finds(
    source: str, strategy: str, bad: float
) -> None:
    goes, comes = SOURCES[source]
    for world, at in moments(strategy, bad):
        town = world.beside()
        town.look()
        ask(town, bad)
        interrupted(town, at, goes, first=False)
        let_in_rightly(town, bad)
        standing = town.state.standing["production"]
        if standing.candidate and not town.runtime.observe("delay", "production").unseen:
            town.runtime.trip("delay", "production")
            assert town.weights().get("1.1.0", 0.0) == 0.0
        town.clock.time += 61.0
        comes(town)
        town.start_again()
        passes = 70 if "clock" in source else 4
        to_its_end(town, partial(ask, town, bad), partial(let_in_rightly, town, bad), passes=passes)
