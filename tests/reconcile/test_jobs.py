"""Long work beside the loop: started once, asked after, and not tried again at every turn when it fails."""

import threading
import time
from collections.abc import Iterator

import pytest

from headway.reconcile.jobs import FIRST_PAUSE_S, Done, Failed, Jobs, Running
from headway.reconcile.ports import PortError


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


class Work:
    """Counts how often it was begun; waits for `go`, fails while `broken`."""

    def __init__(self, *, broken: bool = False) -> None:
        self.begun = 0
        self.broken = broken
        self.go = threading.Event()

    def __call__(self) -> int:
        """How often it was begun."""
        self.begun += 1
        assert self.go.wait(30)
        if self.broken:
            raise PortError("the disk is full")
        return self.begun


def ask(jobs: Jobs, work: Work, now: float) -> object:
    """Ask until nothing runs any more; the last answer."""
    end = time.monotonic() + 30
    said: object = jobs.ensure("job", work, now)
    while jobs.running():
        assert time.monotonic() < end
        said = jobs.ensure("job", work, now)
    return said


def test_a_job_runs_once_however_often_it_is_asked_after(jobs: Jobs) -> None:
    work = Work()
    assert [type(jobs.ensure("job", work, 0.0)) for _ in range(3)] == [Running] * 3
    work.go.set()
    assert ask(jobs, work, 0.0) == Done(value=1)


def test_what_failed_rests_longer_each_time(jobs: Jobs) -> None:
    work = Work(broken=True)
    work.go.set()
    # Begun at 0, at 1, and at 3: a rest of one, then of two.
    for at, begun in ((0.0, 1), (0.9, 1), (1.0, 2), (2.9, 2), (3.0, 3)):
        assert isinstance(ask(jobs, work, at * FIRST_PAUSE_S), Failed)
        assert work.begun == begun
    work.broken = False
    assert ask(jobs, work, 1000.0) == Done(value=4)


def test_what_failed_stands_as_failed_while_it_is_tried_again(jobs: Jobs) -> None:
    work = Work(broken=True)
    work.go.set()
    ask(jobs, work, 0.0)
    work.go.clear()
    assert isinstance(jobs.ensure("job", work, 1000.0), Failed)
    assert jobs.running()
    work.broken = False
    work.go.set()
    assert ask(jobs, work, 1000.0) == Done(value=2)
