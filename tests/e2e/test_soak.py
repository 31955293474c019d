"""Half of the load for three minutes, models that come and go: the server neither grows nor keeps what was left."""

import sys
from pathlib import Path

import pytest
from bench.serving.forest import make_forest
from bench.serving.own import Run, rows
from bench.serving.soak import RELOADS, soak

SECONDS = 180.0

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]


def test_three_minutes_at_half_load_leave_no_growth_and_no_descriptors(tmp_path: Path) -> None:
    for row in soak(make_forest(tmp_path), tmp_path, SECONDS):
        assert row.met, row


def test_a_hundred_rounds_of_unload_and_load_give_their_memory_back(tmp_path: Path) -> None:
    run = Run(forest=make_forest(tmp_path), place=tmp_path, seconds=1.0, rounds=1)
    (row,) = rows(run, [RELOADS])
    assert row.met, row
