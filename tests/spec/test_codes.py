"""Every code that the source raises is told, and every code that is told is raised."""

import re
from pathlib import Path

import pytest

from headway.spec.codes.table import CODES

SOURCE = Path(__file__).parents[2] / "src" / "headway"
# Where a code stands as what it is about, not as a finding.
TOLD = {SOURCE / "spec" / "codes" / name for name in ("files.py", "project.py", "model.py")}


def raised() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        if file not in TOLD:
            for code in re.findall(r"[\"'](E\d{3})[\"']", file.read_text(encoding="utf-8")):
                found.setdefault(code, []).append(file.relative_to(SOURCE).as_posix())
    return found


def test_every_code_that_is_raised_is_told() -> None:
    assert {code: files for code, files in raised().items() if code not in CODES} == {}


def test_every_code_that_is_told_is_raised() -> None:
    assert set(CODES) - set(raised()) == set()


@pytest.mark.parametrize("code", list(CODES))
def test_what_is_told_is_a_phrase_and_whole_sentences(code: str) -> None:
    about = CODES[code]
    assert not about.title.endswith(".")
    assert about.means.endswith(".")
    assert about.cure.endswith(".")
    assert about.example
    assert not about.example.endswith(".")


def test_codes_stand_in_order() -> None:
    assert list(CODES) == sorted(CODES)
