"""Writes the generated pages of the documentation: `python -m headway.app.reference`.  A test fails when one is old."""

from collections.abc import Callable, Mapping
from pathlib import Path

from headway.decide.rollout.diagram import page as rollout_states
from headway.serve.metrics import page as metrics
from headway.spec.pages import findings_page, kinds_page

__all__ = ["PAGES", "renew"]

# Page below docs/ -> what writes it.
PAGES: Mapping[str, Callable[[], str]] = {
    "concepts/rollout-states.md": rollout_states,
    "reference/findings.md": findings_page,
    "reference/kinds.md": kinds_page,
    "reference/metrics.md": metrics,
}


def renew(docs: Path) -> tuple[str, ...]:
    """Write every page that is old; the names of those."""
    old = tuple(name for name, page in PAGES.items() if not _is_fresh(docs / name, page()))
    for name in old:
        (docs / name).write_text(PAGES[name](), encoding="utf-8")
    return old


def _is_fresh(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    import click

    for renewed in renew(Path("docs")):
        click.echo(f"wrote docs/{renewed}")
