"""Values that public packages gave, each run once in an environment of its own: package, version, call, input, value.

The packages cannot be installed beside each other, or beside what Headway itself needs.
"""

import json
from pathlib import Path
from typing import Any

__all__ = ["cases"]


def cases(topic: str) -> list[dict[str, Any]]:
    """The cases of one topic, in the order of the file."""
    found: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases" / f"{topic}.json").read_text())
    return found
