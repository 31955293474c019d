"""Words that processes share: what one adds all others see, and nothing that was counted is lost."""

import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.serve.fault import RefusedError
from headway.serve.watch.block import Block


def in_worker(block: Block, mine: int, work: Callable[[], None]) -> None:
    """Run it in a forked process that is worker `mine`, and wait until that has died without a goodbye."""
    child = os.fork()
    if not child:
        block.mine = mine
        try:
            work()
        except BaseException:  # noqa: BLE001 - a forked test must never return into pytest
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_sum_is_over_all_workers_and_a_dead_ones_count_stays() -> None:
    block = Block(3)
    for mine in (1, 2):

        def work(amount: int = mine) -> None:
            own = block.region("requests", 2).own
            own[0] += 10**12 * amount
            own[1] += 1

        in_worker(block, mine, work)
    region = block.region("requests", 2)
    region.own[0] += 7
    assert region.total() == [3 * 10**12 + 7, 2]


def test_a_successor_counts_on_where_a_dead_worker_stopped() -> None:
    block = Block(2)

    def work() -> None:
        block.region("a", 3)
        block.region("b", 1).own[0] += 1

    for expected in (1, 2, 3):
        in_worker(block, 1, work)
        assert block.region("b", 1).total() == [expected]


def test_a_key_of_other_size_is_another_key() -> None:
    block = Block()
    block.region("a", 2).own[0] = 5
    assert block.region("a", 3).total() == [0, 0, 0]


def test_what_is_given_back_counts_on_when_it_is_asked_for_again() -> None:
    block = Block()
    region = block.region("delay 1", 4)
    region.own[3] += 9
    block.give_back(region)
    block.region("delay 2", 4)
    assert block.region("delay 1", 4).total() == [0, 0, 0, 9]


def test_a_full_arena_gives_unused_regions_to_others_zeroed_and_never_used_ones() -> None:
    block, large = Block(), 2**18  # eight of them would fill the arena
    kept = block.region("kept", large)
    kept.own[5] = 1
    for at in range(40):
        region = block.region(f"version {at}", large)
        assert not any(region.total())
        region.own[large - 1] = at + 1
        block.give_back(region)
    assert kept.total()[5] == 1
    with pytest.raises(RefusedError, match="no room"):
        [block.region(f"held {at}", large) for at in range(40)]
    assert kept.total()[5] == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 5), st.integers(0, 9)), max_size=40))
def test_regions_never_overlap(steps: list[tuple[str, int, int]]) -> None:
    block, truth = Block(), dict[tuple[str, int], list[int]]()
    for key, words, add in steps:
        own = block.region(key, words).own
        expected = truth.setdefault((key, words), [0] * words)
        own[add % words] += add
        expected[add % words] += add
    for (key, words), expected in truth.items():
        assert block.region(key, words).total() == expected
