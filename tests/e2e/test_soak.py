"""Half of the load for three minutes: the server neither grows nor keeps what its clients left."""

import sys
from pathlib import Path

import pytest
from bench.serving.forest import make_forest
from bench.serving.soak import soak

SECONDS = 180.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_three_minutes_at_half_load_leave_no_growth_and_no_descriptors(tmp_path: Path) -> None:
    for row in soak(make_forest(tmp_path), tmp_path, SECONDS):
        assert row.met, row
