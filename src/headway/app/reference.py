"""Writes the generated pages of the documentation: `python -m headway.app.reference`.  A test fails when one is old."""

from collections.abc import Callable, Mapping
from pathlib import Path

from headway.app.cli.page import page as commands
from headway.app.contents import decisions, documents
from headway.app.settings import page as settings
from headway.decide.rollout.diagram import page as rollout_states
from headway.serve.watch.metrics import page as metrics
from headway.spec.pages import findings_page, kinds_page

__all__ = ["INDEXES", "PAGES", "renew"]

# Page below docs/ -> what writes it.
PAGES: Mapping[str, Callable[[], str]] = {
    "concepts/rollout-states.md": rollout_states,
    "reference/commands.md": commands,
    "reference/findings.md": findings_page,
    "reference/kinds.md": kinds_page,
    "reference/metrics.md": metrics,
    "reference/settings.md": settings,
}
# Pages that list the others; written last, from what lies in docs/ then.
INDEXES: Mapping[str, Callable[[Path], str]] = {"README.md": documents, "decisions/README.md": decisions}


def renew(docs: Path) -> tuple[str, ...]:
    """Write every page that is old; the names of those."""
    old = tuple(name for name, page in PAGES.items() if _renewed(docs / name, page()))
    return (*old, *(name for name, index in INDEXES.items() if _renewed(docs / name, index(docs))))


def _renewed(file: Path, text: str) -> bool:
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return False
    file.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    import click

    for renewed in renew(Path("docs")):
        click.echo(f"wrote docs/{renewed}")
