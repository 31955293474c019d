"""Busy polling: how long the loop turns after an answer, when it stops, and when it does not try."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bench.serving.processes import cpu_s
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.bundles import ROW, request
from tests.serve.running import serving

from headway.serve.wire import busy_poll
from headway.serve.wire.busy_poll import BusyPoll


class Loop:
    """A loop that turns when it is told to, by a clock that goes on 10 µs with each turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: deque[Callable[[], None]] = deque()

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


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    """A loop whose clock is the only one."""
    made = Loop()
    monkeypatch.setattr(busy_poll, "perf_counter", lambda: made.now)
    return made


@pytest.fixture
def poll(loop: Loop) -> BusyPoll:
    """One that looks for 100 µs."""
    return BusyPoll(loop, 100e-6)  # type: ignore[arg-type]


def answer(poll: BusyPoll, requests: int = 1) -> None:
    """Requests that came together, and their answers."""
    for _ in range(requests):
        poll.asked()
    for _ in range(requests):
        poll.answered()


def test_it_turns_as_long_as_it_is_told_to_and_then_sleeps(loop: Loop, poll: BusyPoll) -> None:
    answer(poll)
    assert loop.turns() == pytest.approx(10, abs=1)
    assert not loop.due


def test_a_request_ends_it_and_its_answer_begins_it_again(loop: Loop, poll: BusyPoll) -> None:
    poll.asked()
    for _ in range(5):
        poll.answered()
        assert loop.turns(3) == 3
        poll.asked()
        assert loop.turns() == 1


@given(st.integers(2, 64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_requests_that_come_together_are_not_followed_by_a_try(loop: Loop, requests: int) -> None:
    poll = BusyPoll(loop, 100e-6)  # type: ignore[arg-type]
    for _ in range(10):
        answer(poll, requests)
        assert loop.turns() == 0


def test_clients_that_pause_for_longer_cost_next_to_nothing(loop: Loop, poll: BusyPoll) -> None:
    tries = 0
    for _ in range(5000):
        answer(poll)
        tries += loop.turns() > 0
    assert tries <= 8 + 5000 // 256


def test_one_that_comes_back_soon_is_looked_for_each_time_before_long(loop: Loop, poll: BusyPoll) -> None:
    for _ in range(5000):  # nobody did until now
        answer(poll)
        loop.turns()
    poll.asked()
    for count in range(1000):
        poll.answered()
        assert loop.turns(2) == 2 or count < 512
        poll.asked()
        loop.turns()


@given(share=st.floats(0.0, 0.4), seed=st.integers(0, 1000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_it_is_seldom_tried_where_it_mostly_fails(loop: Loop, share: float, seed: int) -> None:
    poll, tries = BusyPoll(loop, 100e-6), 0  # type: ignore[arg-type]
    poll.asked()
    for soon in np.random.default_rng(seed).random(10_000) < share:
        poll.answered()
        tries += loop.turns(2) == 2
        if soon:
            poll.asked()
        loop.turns()
        if not soon:
            poll.asked()
    assert tries < 2_500


def test_a_server_that_polls_answers_as_ever_and_sleeps_when_nobody_asks(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--busy-poll", "10000") as server:
        for _ in range(100):
            assert server.infer(request([ROW])).json()["outputs"]
        before = cpu_s(server.process.pid)
        time.sleep(1.0)
        assert cpu_s(server.process.pid) - before < 0.5
