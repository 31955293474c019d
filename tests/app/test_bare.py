"""The bare install: what it can do without any extra, and that a missing one is named."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.git import repository

from headway.app.cli.main import COMMANDS, EXTRAS

# An interpreter in which no module of an extra can be found.
BARE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(frozenset().union(*EXTRAS.values()))!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from headway.app.cli.main import main
sys.argv = ["headway", *sys.argv[1:]]
main()
"""


def bare(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", BARE, *words],
        cwd=folder,
        env={**repository.ENVIRON, "PATH": "/usr/bin:/bin:/usr/local/bin", "HEADWAY_CONFIG": str(folder / "config")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "shop"
    folder.mkdir()
    (folder / "train.py").write_text(
        'frame = pd.read_csv("data.csv")\nmodel.fit(frame, frame["late"])\njoblib.dump(model, "model.joblib")\n'
    )
    (folder / "data.csv").write_text("x,late\n1,0\n2,1\n")
    (folder / "requirements.txt").write_text("joblib==1.6.0\n")
    status, said = bare(folder, "init")
    assert status == 0, said
    repository.git(folder, "add", "-A")
    repository.git(folder, "commit", "-q", "-m", "Begin")
    return folder


@pytest.mark.parametrize(
    "line", ["check", "down", "plan", "render", "verify", "replay", "settings", "completion bash", "--version"]
)
def test_the_control_plane_needs_no_extra(place: Path, line: str) -> None:
    status, said = bare(place, *line.split())
    assert status == 0, said


@pytest.mark.parametrize(
    ("line", "extra"),
    [
        ("train shop", "local"),
        ("up --once", "local"),
        ("data update shop", "local"),
        ("serve .", "serve"),
    ],
)
def test_a_missing_extra_is_named(place: Path, line: str, extra: str) -> None:
    status, said = bare(place, *line.split())
    assert status == 1
    assert f"headway[{extra}]" in said


def test_every_command_tells_its_help_without_an_extra(place: Path) -> None:
    for name in COMMANDS:
        if name != "serve":  # its help is its own server's
            status, said = bare(place, name, "--help")
            assert status == 0, said
