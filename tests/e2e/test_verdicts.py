"""Rollouts of a harmless version and of one with each fault, end to end; `verdicts.py` plays as many as one likes."""

from pathlib import Path

import pytest
from tests.e2e.verdicts import found, play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


# The other faults are played by other tests too, and by the program.
PLAYED = ("none", "slowness", "hangs")


def test_a_harmless_version_is_not_aborted_and_one_that_is_slow_or_hangs_is(tmp_path: Path, cache: Path) -> None:
    team = found(tmp_path, cache)
    try:
        verdicts = list(play(team, PLAYED))
    finally:
        left = team.end()
    assert left == []
    seen = {verdict.fault: verdict for verdict in verdicts}
    assert seen.keys() == set(PLAYED)
    assert seen.pop("none").outcome != "aborted"
    # For its harm, and not because nothing was known of it until its deadline.
    assert all(verdict.outcome == "aborted" and "worse than tolerated" in verdict.why for verdict in seen.values()), (
        seen
    )
