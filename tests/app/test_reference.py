"""The generated pages of the documentation are those that the code writes."""

from pathlib import Path

import pytest

from headway.app.reference import INDEXES, PAGES, renew

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_is_what_its_table_says(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "renew it: python -m headway.app.reference"


@pytest.mark.parametrize("name", list(INDEXES))
def test_an_index_lists_what_lies_there(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == INDEXES[name](DOCS), "renew it: python -m headway.app.reference"


def test_an_old_page_is_renewed_once(tmp_path: Path) -> None:
    for name in (*PAGES, *INDEXES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old")
    assert renew(tmp_path) == (*PAGES, *INDEXES)
    assert renew(tmp_path) == ()
