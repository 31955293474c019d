"""Busy polling: how long the loop turns after an answer, when it stops, and when it does not try."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.serving.processes import cpu_s
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.bundles import ROW, request
from tests.serve.running import serving

from headway.serve.wire.busy_poll import BusyPoll


class Loop:
    """A loop that turns when it is told to, by a clock that goes on 10 µs with each turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: deque[Callable[[], None]] = deque()

    def time(self) -> float:
        """Seconds since it was made."""
        return self.now

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call it at the next turn."""
        self.due.append(callback)

    def turns(self, most: int = 10**6) -> int:
        """How often it turned before it had nothing to do, or as often as it may."""
        count = 0
        while self.due and count < most:
            count += 1
            self.now += 10e-6
            self.due.popleft()()
        return count


def test_it_turns_as_long_as_it_is_told_to_and_then_sleeps() -> None:
    loop = Loop()
    BusyPoll(loop, 100e-6).answered(loop.now)  # type: ignore[arg-type]
    assert loop.turns() == pytest.approx(10, abs=1)
    assert not loop.due


def test_a_request_ends_it_and_its_answer_begins_it_again() -> None:
    loop = Loop()
    poll = BusyPoll(loop, 100e-6)  # type: ignore[arg-type]
    for _ in range(5):
        poll.answered(loop.now)
        assert loop.turns(3) == 3
        poll.asked()
        assert loop.turns() == 1


def test_answers_in_one_turn_make_one_of_it() -> None:
    loop = Loop()
    poll = BusyPoll(loop, 100e-6)  # type: ignore[arg-type]
    for _ in range(64):
        poll.asked()
        poll.answered(loop.now)
    assert len(loop.due) == 1


@given(st.integers(1, 5000))
def test_clients_that_pause_for_longer_cost_next_to_nothing(answers: int) -> None:
    loop, tries = Loop(), 0
    poll = BusyPoll(loop, 100e-6)  # type: ignore[arg-type]
    for _ in range(answers):
        poll.asked()
        poll.answered(loop.now)
        tries += loop.turns() > 0
    assert tries <= 1 + answers.bit_length() + answers // 1024


def test_one_that_comes_back_soon_is_looked_for_again_each_time() -> None:
    loop = Loop()
    poll = BusyPoll(loop, 100e-6)  # type: ignore[arg-type]
    for _ in range(40):
        poll.answered(loop.now)
        loop.turns()
    while not loop.due:  # the next try; this time somebody asks
        poll.answered(loop.now)
    poll.asked()
    loop.turns()
    for _ in range(10):
        poll.answered(loop.now)
        assert loop.turns(2) == 2
        poll.asked()
        assert loop.turns() == 1


def test_a_server_that_polls_answers_as_ever_and_sleeps_when_nobody_asks(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--busy-poll", "10000") as server:
        for _ in range(100):
            assert server.infer(request([ROW])).json()["outputs"]
        before = cpu_s(server.process.pid)
        time.sleep(1.0)
        assert cpu_s(server.process.pid) - before < 0.5
