"""The story of a model in lines."""

import pytest
from tests.evidence.test_replay import entries
from tests.fakes.history import sound

from headway.evidence.story import stories


def test_the_story_of_a_model_is_told_in_order() -> None:
    told = stories(entries(sound()))["delay"]
    assert [line.what for line in told] == [
        "signers: root, trainer, decider, person",
        "data locked: 2 training and 1 test rows",
        "trained",
        "gates passed",
        "released",
        "trained",
        "gates passed",
        "rollout started over 1.0.0",
        "promoted",
    ]
    assert [line.version for line in told[2:5]] == ["1.0.0"] * 3
    assert told[3].why == "scan, auc"
    assert told[-1].signer == "decider"


@pytest.mark.parametrize("cut", range(10))
def test_a_story_that_goes_on_is_the_story_told_at_once(cut: int) -> None:
    every = entries(sound())
    before = stories(every[:cut])
    assert stories(every[cut:], before) == stories(every)


def test_a_model_that_comes_later_begins_with_the_signers_and_does_not_touch_what_was_kept() -> None:
    every = entries(sound())
    before = stories(every[:1])
    assert [line.what[:7] for line in before[""]] == ["signers"]
    assert stories(every[1:], before)["delay"][0] == before[""][0]
    assert len(before[""]) == 1
