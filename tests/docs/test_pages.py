"""Documents say what is there: links and commands lead somewhere, and no command, setting or metric is missing."""

import re
from pathlib import Path

import pytest

from headway.app.cli.main import COMMANDS, MACHINES
from headway.app.reference import PAGES as GENERATED
from headway.app.settings import SETTINGS
from headway.serve.watch.metrics import METRICS

DOCS = Path(__file__).parents[2] / "docs"
TOP = DOCS.parent


PAGES = sorted([*TOP.glob("*.md"), *DOCS.rglob("*.md"), *(TOP / "changes").glob("*.md")])


def test_every_reference_page_is_generated() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "reference").glob("*.md")}
    # Programs write them, by what they measure: of bench/, and tests/e2e/verdicts.py.
    measured = {
        f"reference/{name}.md"
        for name in (
            "conversions",
            "decisions-performance",
            "performance",
            "rollouts-performance",
            "serving-performance",
        )
    }
    assert written == measured | {path for path in GENERATED if path.startswith("reference/")}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("commands", [f"## headway {name}" for name in COMMANDS]),
        ("settings", [setting.variable for setting in SETTINGS]),
        ("metrics", [metric.name for metric in METRICS]),
    ],
)
def test_nothing_is_missing_in_the_reference(page: str, names: list[str]) -> None:
    text = (DOCS / f"reference/{page}.md").read_text()
    assert not [name for name in names if name not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_commands_that_a_page_names_are_there(page: Path) -> None:
    if "decisions" in page.parts:
        return  # a record speaks of its own day
    text = page.read_text()
    named = [*re.findall(r"`headway ([a-z]+)\b", text), *re.findall(r"^\$ headway ([a-z]+)\b", text, re.MULTILINE)]
    assert not set(named) - {*COMMANDS, *MACHINES}
