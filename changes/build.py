"""Builds the changelog of a release from the notes in this folder: `python changes/build.py VERSION`."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["KINDS", "build", "section"]

KINDS = ("added", "changed", "fixed", "removed", "security")
NOTE = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
TITLE = "# Changelog\n"


def section(version: str, day: str, notes: dict[str, str]) -> str:
    r"""The part of one release: notes by file name, grouped by kind.

    >>> print(section("0.2.0", "2026-01-31", {"a.fixed.md": "It ends.\n"}), end="")
    ## 0.2.0 (2026-01-31)
    <BLANKLINE>
    **Fixed**
    <BLANKLINE>
    - It ends.
    """
    lines = [f"## {version} ({day})"]
    for kind in KINDS:
        told = [text for name, text in sorted(notes.items()) if name.endswith(f".{kind}.md")]
        if told:
            lines += ["", f"**{kind.capitalize()}**", "", *(f"- {' '.join(text.split())}" for text in told)]
    return "\n".join(lines) + "\n"


def build(top: Path, version: str, day: str) -> int:
    """Move the notes into CHANGELOG.md below `top`; how many there were."""
    paths = [path for path in sorted((top / "changes").glob("*.md")) if path.name != "README.md"]
    if odd := [path.name for path in paths if not NOTE.fullmatch(path.name)]:
        raise SystemExit(f"{', '.join(odd)}: a note is called WORDS.KIND.md, KIND one of {', '.join(KINDS)}")
    if not paths:
        raise SystemExit("there are no notes")
    log = top / "CHANGELOG.md"
    before = log.read_text(encoding="utf-8").removeprefix(TITLE) if log.exists() else ""
    made = section(version, day, {path.name: path.read_text(encoding="utf-8") for path in paths})
    log.write_text(f"{TITLE}\n{made}{before}", encoding="utf-8")
    for path in paths:
        path.unlink()
    return len(paths)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("python changes/build.py VERSION")
    today = datetime.now(UTC).date().isoformat()
    print(f"{build(Path(__file__).parents[1], sys.argv[1], today)} notes are in CHANGELOG.md now")
