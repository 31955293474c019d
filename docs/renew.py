"""Writes every page that is generated: `python docs/renew.py`.  A test fails when one is missing or old.

To add a page, add a row: where it lies, and the function that writes its text.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

__all__ = ["PAGES", "text"]

DOCS = Path(__file__).parent
KINDS = {
    "tutorials": "to learn it, from the first step to the last",
    "guides": "to get one thing done",
    "concepts": "to understand how it works, and what it does not prove",
    "reference": "to look something up; these pages are generated",
}


def index() -> str:
    """docs/README.md: every page by its kind."""
    lines = ["# Documents", ""]
    for kind, purpose in KINDS.items():
        lines += [f"**{kind.capitalize()}**, {purpose}:", ""]
        lines += [f"- [{_title(path)}]({kind}/{path.name})" for path in _listed(kind)]
        lines.append("")
    return "\n".join([*lines, "Beside them: [decisions](decisions/README.md), why things are as they are.", ""])


def decisions() -> str:
    """docs/decisions/README.md: every record by its number."""
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    head = ["# Decisions", "", "A page each: an example, the question, the options, the choice and its reason.", ""]
    return "\n".join([*head, *(f"- [{_title(path)}]({path.name})" for path in records), ""])


PAGES: Mapping[str, str | Callable[[], str]] = {
    "concepts/rollout-states.md": "headway.decide.rollout.diagram:page",
    "reference/commands.md": "headway.app.cli.page:page",
    "reference/metrics.md": "headway.serve.metrics:page",
    "reference/settings.md": "headway.app.settings:page",
    "decisions/README.md": decisions,
    "README.md": index,
}


def text(path: str) -> str:
    """What a page says now."""
    made = PAGES[path]
    if not isinstance(made, str):
        return made()
    module, _, name = made.partition(":")
    page: Callable[[], str] = getattr(importlib.import_module(module), name)
    return page()


def _listed(kind: str) -> Iterator[Path]:
    """Pages that lie there, and those that are about to."""
    names = {path.name for path in (DOCS / kind).glob("*.md")}
    names |= {Path(path).name for path in PAGES if path.startswith(f"{kind}/")}
    return (DOCS / kind / name for name in sorted(names))


def _title(path: Path) -> str:
    lines = path.read_text(encoding="utf-8") if path.exists() else text(path.relative_to(DOCS).as_posix())
    return lines.partition("\n")[0].lstrip("# ")


if __name__ == "__main__":
    for path in PAGES:
        (DOCS / path).write_text(text(path), encoding="utf-8")
        print(f"wrote docs/{path}")
