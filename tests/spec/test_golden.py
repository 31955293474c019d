"""Repositories with what is wrong with them: `golden/<case>/` holds the files, `findings.txt` what `check` says.

To renew them after a change: `python -m tests.spec.test_golden`, and read the difference like code.
"""

import re
from pathlib import Path

import pytest

from headway.app.cli.check import text
from headway.app.views import Checked
from headway.spec.codes.table import CODES
from headway.spec.wish import load_wish

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())
# A file that is not read, and data on a disk, are shown with a real repository (tests/app/test_checking.py).
ELSEWHERE = {"E002", "E030"}


def found(case: str) -> str:
    """What `headway check` says of a case."""
    files = {
        file.relative_to(GOLDEN / case).as_posix(): file.read_bytes()
        for file in sorted((GOLDEN / case).rglob("*"))
        if file.is_file() and file.name != "findings.txt" and file.suffix != ".pyc"
    }
    wish = load_wish(files, files.keys())
    view = Checked(
        models=len(wish.models),
        held=tuple(sorted(wish.held)),
        environments=len(wish.environments),
        findings=wish.findings,
    )
    return text(view) + "\n"


@pytest.mark.parametrize("case", CASES)
def test_a_repository_has_these_findings(case: str) -> None:
    assert found(case) == (GOLDEN / case / "findings.txt").read_text(encoding="utf-8")


def test_every_code_has_an_example() -> None:
    shown = {code for case in CASES for code in re.findall(r"^E\d{3}", found(case), re.MULTILINE)}
    assert set(CODES) - shown == ELSEWHERE


if __name__ == "__main__":
    for each in CASES:
        (GOLDEN / each / "findings.txt").write_text(found(each), encoding="utf-8")
