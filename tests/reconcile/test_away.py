"""What is away for a while: work that failed waits, a remote neither stops the loop nor loses a word."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.fakes.journal import MemoryRemote
from tests.reconcile.town import Town

from headway.reconcile.jobs import Done, Failed, Jobs, Running
from headway.reconcile.ports import Head, PortError


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def outcome(jobs: Jobs, work: object, now: float) -> Done[str] | Failed:
    limit = time.monotonic() + 30
    while isinstance(found := jobs.ensure("train", work, now), Running):  # type: ignore[arg-type]
        assert time.monotonic() < limit
        time.sleep(0.01)
    return found  # type: ignore[return-value]


def test_work_that_failed_waits_longer_after_each_failure_and_its_error_is_the_answer_until_then(jobs: Jobs) -> None:
    ran: list[float] = []
    now = 100.0

    def work() -> str:
        ran.append(now)
        if len(ran) < 4:
            raise PortError("the store is away")
        return "done"

    for pause in (1.0, 2.0, 4.0):
        count = len(ran)
        assert isinstance(outcome(jobs, work, now), Failed)
        assert isinstance(outcome(jobs, work, now + pause - 0.1), Failed)
        assert len(ran) == count + 1
        now += pause
    assert outcome(jobs, work, now) == Done(value="done")


def test_what_could_not_be_pushed_is_pushed_when_the_remote_is_back() -> None:
    remote = MemoryRemote()
    town = Town(remote)
    remote.away = True
    town.commit("one")
    town.settle()
    assert (town.stable(), remote.line) == ("1.0.0", [])
    assert town.memory.book.head.ahead > 0
    assert "away" in town.memory.book.head.problem
    remote.away = False
    town.look()
    town.look()
    assert [commit.subject for commit, _ in remote.line] == town.subjects()


def test_a_remote_that_does_not_answer_stops_no_pass() -> None:
    town = Town().with_a_candidate()
    town.memory.asking = Jobs()
    town.world = replace(town.world, fetch_s=0.1)
    answers = threading.Event()
    refresh = town.source.refresh

    def patient() -> Head:
        answers.wait(60)
        return refresh()

    town.source.refresh = patient  # type: ignore[method-assign]
    try:
        town.roll_to_its_end(bad=30)
        assert town.stable() == "1.0.0"
        town.commit("three")
        town.look()
        assert town.memory.main != town.source.head
    finally:
        answers.set()
    limit = time.monotonic() + 30
    while town.memory.main != town.source.head:
        assert time.monotonic() < limit
        town.clock.time += 1.0
        town.look()
    town.memory.asking.close()
