"""Folders for work: gone with their block, and cleared away after a process that died."""

import os
import subprocess
import sys
from pathlib import Path

from headway.adapters.steps.workplace import workplace


def test_a_folder_goes_with_its_block_and_a_dead_processs_goes_too(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    dead.wait()
    for name in (f"train-{dead.pid}-abc", f"measure-{os.getpid()}-abc", "logs", "measured"):
        (tmp_path / name / "deep").mkdir(parents=True)
    with workplace(tmp_path, "train") as place:
        assert place.is_dir()
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {place.name, f"measure-{os.getpid()}-abc", "logs", "measured"}
    assert not place.exists()
