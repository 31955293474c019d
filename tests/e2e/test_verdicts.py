"""Rollouts of a harmless version and of one with each fault, end to end; `verdicts.py` plays as many as one likes."""

from pathlib import Path

import pytest
from tests.e2e.verdicts import FAULTS, found, play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


def test_a_harmless_version_is_not_aborted_and_one_with_any_fault_is(tmp_path: Path, cache: Path) -> None:
    team = found(tmp_path, cache)
    try:
        verdicts = play(team, [*FAULTS])
    finally:
        left = team.end()
    assert left == []
    seen = {verdict.fault: verdict for verdict in verdicts}
    assert seen.keys() == FAULTS.keys()
    assert seen.pop("none").outcome != "aborted"
    assert {fault: verdict.outcome for fault, verdict in seen.items()} == dict.fromkeys(seen, "aborted"), seen
