"""An experiment of three versions, interrupted at every point while every source is away: as with one candidate.

The first in the release is worse than stable and leaves, the other is better and wins.
"""

from collections.abc import Iterator
from functools import partial

import pytest
from tests.reconcile.outages import SOURCES, interrupted, points, to_its_end
from tests.reconcile.test_arms import Fair
from tests.reconcile.town import sound

STABLE, BETTER, WORSE = "1.0.0", "1.1.0", "1.2.0"
RATES = {STABLE: 20, BETTER: 18, WORSE: 26}


def on_its_way() -> Iterator[Fair]:
    """The worlds before each pass, from the start of the experiment until after its end."""
    fair = Fair(RATES)
    while True:
        following = fair.beside()
        following.town.look()  # a new process opens its window
        yield following
        if not fair.town.candidate():
            return
        fair.count()
        fair.town.look()


WORLDS = list(on_its_way())


def let_in_rightly(fair: Fair) -> None:
    """What must hold at any time."""
    sound(fair.town)
    assert fair.town.stable() in {STABLE, BETTER}
    assert fair.town.weights().get(WORSE, 0.0) <= 25.0


def moments() -> Iterator[tuple[Fair, int]]:
    """Every world, and every call of its next pass after which a process can die."""
    for world in WORLDS:
        tried = world.beside()
        yield from ((world, at) for at in points(tried.town, tried.count))


@pytest.mark.parametrize("source", SOURCES)
def test_an_interrupted_experiment_lets_nothing_in_wrongly_and_ends(source: str) -> None:
    goes, comes = SOURCES[source]
    for world, at in moments():
        for first in (True, False)[: 2 if at >= 0 else 1]:
            fair = world.beside()
            fair.town.look()
            fair.count()
            interrupted(fair.town, at, goes, first=first)
            let_in_rightly(fair)
            fair.town.start_again()
            for _ in range(3):
                fair.count()
                fair.town.look()
                let_in_rightly(fair)
            comes(fair.town)
            to_its_end(fair.town, fair.count, partial(let_in_rightly, fair), passes=70)
            if "forward" not in source:  # beyond the deadline
                assert fair.town.stable() == BETTER


@pytest.mark.parametrize("source", SOURCES)
def test_an_experiment_found_after_its_deadline_is_ended(source: str) -> None:
    goes, comes = SOURCES[source]
    for world, at in moments():
        fair = world.beside()
        town = fair.town
        town.look()
        fair.count()
        interrupted(town, at, goes, first=False)
        let_in_rightly(fair)
        if town.candidate() and not town.runtime.observe("delay", "production").unseen:
            town.runtime.trip("delay", "production")
            assert {version for version, weight in town.weights().items() if weight} == {STABLE}
        town.clock.time += 61.0
        comes(town)
        town.start_again()
        to_its_end(town, fair.count, partial(let_in_rightly, fair), passes=70 if "clock" in source else 4)
