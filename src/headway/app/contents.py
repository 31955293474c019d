"""The pages that list the others: all documents by their kind, all decisions by their number."""

from pathlib import Path

__all__ = ["decisions", "documents"]

KINDS = {
    "tutorials": "to learn it, from the first step to the last",
    "guides": "to get one thing done",
    "concepts": "to understand how it works, and what it does not prove",
    "reference": "to look something up; these pages are generated",
}


def documents(docs: Path) -> str:
    """docs/README.md."""
    lines = ["# Documents", ""]
    for kind, purpose in KINDS.items():
        lines += [f"**{kind.capitalize()}**, {purpose}:", ""]
        lines += [f"- [{_title(path)}]({kind}/{path.name})" for path in sorted((docs / kind).glob("*.md"))]
        lines.append("")
    return "\n".join([*lines, "Beside them: [decisions](decisions/README.md), why things are as they are.", ""])


def decisions(docs: Path) -> str:
    """docs/decisions/README.md."""
    head = ["# Decisions", "", "A page each: an example, the question, the options, the choice and its reason.", ""]
    records = sorted((docs / "decisions").glob("[0-9]*.md"))
    return "\n".join([*head, *(f"- [{_title(path)}]({path.name})" for path in records), ""])


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
