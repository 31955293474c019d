"""Whole stories with a fault at every call to the outside world: all come to the same end, nothing wrong is served.

A fault is a call that is refused, one that was carried out and whose answer is lost, or the end of the process after
it (which is the end before the next one).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest
from tests.reconcile.faulty import CHANGES, Fault, GoneError
from tests.reconcile.town import Town, sound

from headway.evidence.record import Alerted, Subject
from headway.reconcile.book import Draft

Story = Callable[[Town], Iterator[None]]
RETRAIN = "  monitor: {drift: {}}\n  retrain: {when: [drift], at_most_every: 1h}"
TEN = "  serve: {replicas: {min: 4, max: 4}}"


def until_settled(looks: int = 4) -> Iterator[None]:
    for _ in range(looks):
        yield


def until_ended(town: Town, *, bad: float = 0) -> Iterator[None]:
    """Traffic until no candidate is on its way, and then some looks."""
    for _ in range(40):
        town.traffic(bad=bad, of=20_000)
        yield
        if not town.candidate():
            break
    yield from until_settled()


def with_a_candidate(town: Town, more: str = "") -> Iterator[None]:
    town.commit("one", more)
    yield from until_settled()
    town.commit("two", more)
    yield from until_settled()


def first_release(town: Town) -> Iterator[None]:
    town.commit("one")
    yield from until_settled()


def promotion(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town, TEN)
    yield from until_ended(town)


def abort(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town)
    yield from until_ended(town, bad=30)


def deadline(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town)
    town.clock.time += 61.0
    yield from until_settled()


def superseding(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town)
    town.traffic()
    yield
    town.commit("three")
    yield from until_settled()
    yield from until_ended(town)


def rollback(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town)
    yield from until_ended(town)
    town.ask("rollback")
    yield from until_settled()
    town.clock.time += 3601.0
    yield from until_settled()


def retraining(town: Town) -> Iterator[None]:
    town.commit("one", RETRAIN)
    yield from until_settled()
    served = town.state.standing["production"].stable
    assert served
    subject = Subject(model="delay", version=served.version, bundle=served.bundle, environment="production")
    town.write([Draft(subject=subject, seen=Alerted(monitor="drift", state="raised"))], "Drift of delay begins")
    town.data.files["models/delay/data/train.csv"] = b"x,late\n5,0\n6,1\n7,1\n"
    yield from until_settled()
    yield from until_ended(town)


def retirement(town: Town) -> Iterator[None]:
    yield from with_a_candidate(town)
    town.ask("retire")
    yield from until_settled()


STORIES: Mapping[str, Story] = {
    story.__name__: story
    for story in (first_release, promotion, abort, deadline, superseding, rollback, retraining, retirement)
}


def end_of(town: Town) -> dict[str, object]:
    """What a story came to, in the record and in the world."""
    state = town.state
    return {
        "stable": [town.stable(environment) for environment in ("staging", "production")],
        "candidate": town.candidate(),
        "weights": dict(town.weights()),
        "replicas": town.replicas(),
        "held": bool(state.hold),
        "versions": [made.version for made in state.versions],
        "tries": {key: (known.outcome, known.lost) for key, known in state.tries.items()},
        "alerts": set(state.alerts),
        "retrainings": len(state.retrainings),
        "pending": len(state.pending),
        "subjects": Counter(subject for subject in town.subjects() if subject != "Hold the retraining of delay"),
    }


def play(story: Story, at: int = -1, how: Fault = "refused") -> tuple[Town, dict[str, object]]:
    town = Town()
    town.faults.at, town.faults.how = at, how
    for _ in story(town):
        try:
            town.look()
        except GoneError:
            town.start_again()
        sound(town)
    town.faults.at = -1
    town.settle()
    sound(town)
    return town, end_of(town)


@pytest.mark.timeout(900)  # hundreds of stories
@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("how", ["refused", "done and refused", "gone"])
def test_a_fault_at_any_call_comes_to_the_same_end(name: str, how: Fault) -> None:
    town, wanted = play(STORIES[name])
    calls = town.faults.calls
    boundaries = [at for at, call in enumerate(calls) if call in CHANGES]
    if how == "refused":
        boundaries += [at for at, call in enumerate(calls) if call not in CHANGES][::23]
    if how == "done and refused":
        boundaries = boundaries[::3]  # most of these are met by the other two as well
    assert boundaries
    for at in boundaries:
        _, found = play(STORIES[name], at, how)
        assert found == wanted, (at, calls[at])


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("away", ["append", "publish", "refresh", "remember", "apply", "observe", "measure", "train"])
def test_what_is_away_for_a_while_is_caught_up_with(name: str, away: str) -> None:
    _, wanted = play(STORIES[name])
    town = Town()
    for looks, _ in enumerate(STORIES[name](town)):
        town.faults.away = away if 3 <= looks % 12 < 6 else ""
        town.look()
        sound(town)
    town.faults.away = ""
    town.clock.time += 0.2
    town.settle()
    found = end_of(town)
    assert {**found, "subjects": set(), "tries": set()} == {**wanted, "subjects": set(), "tries": set()}
