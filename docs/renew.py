"""Writes every page that is generated: `python docs/renew.py`.  A test fails when one is missing or old.

To add a page, add a row: where it lies, and the function that writes its text.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["PAGES", "text"]

PAGES: Mapping[str, str] = {
    "concepts/rollout-states.md": "headway.decide.rollout.diagram:page",
    "reference/commands.md": "headway.app.cli.page:page",
    "reference/metrics.md": "headway.serve.metrics:page",
    "reference/settings.md": "headway.app.settings:page",
}


def text(path: str) -> str:
    """What a page says now."""
    module, _, name = PAGES[path].partition(":")
    page: Callable[[], str] = getattr(importlib.import_module(module), name)
    return page()


if __name__ == "__main__":
    for path in PAGES:
        (Path(__file__).parent / path).write_text(text(path), encoding="utf-8")
        print(f"wrote docs/{path}")
