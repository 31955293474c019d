"""The changelog is built from notes, and every note has a name that says its kind."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[2]


def _build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", TOP / "changes/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = _build()


def write(top: Path, **notes: str) -> None:
    (top / "changes").mkdir(exist_ok=True)
    for name, text in notes.items():
        (top / "changes" / (name.replace("__", ".") + ".md")).write_text(text)


def test_notes_become_a_part_above_the_older_ones(tmp_path: Path) -> None:
    write(tmp_path, README="# Notes", b__fixed="It ends\nnow.\n", a__added="New.\n")
    assert BUILD.build(tmp_path, "0.1.0", "2026-01-01") == 2
    write(tmp_path, c__removed="Gone.\n")
    BUILD.build(tmp_path, "0.2.0", "2026-02-01")
    assert (tmp_path / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## 0.2.0 (2026-02-01)\n\n**Removed**\n\n- Gone.\n"
        "\n## 0.1.0 (2026-01-01)\n\n**Added**\n\n- New.\n\n**Fixed**\n\n- It ends now.\n"
    )
    assert [path.name for path in (tmp_path / "changes").iterdir()] == ["README.md"]


def test_a_note_of_no_kind_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path, a__added="New.", b__improved="Better.")
    with pytest.raises(SystemExit, match=r"b\.improved\.md"):
        BUILD.build(tmp_path, "0.1.0", "2026-01-01")
    assert not (tmp_path / "CHANGELOG.md").exists()


@pytest.mark.parametrize("path", sorted((TOP / "changes").glob("*.md")), ids=lambda path: path.name)
def test_every_note_here_has_a_kind_and_a_sentence(path: Path) -> None:
    if path.name != "README.md":
        assert BUILD.NOTE.fullmatch(path.name)
        assert path.read_text().rstrip().endswith(".")
