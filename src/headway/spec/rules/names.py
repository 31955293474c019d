"""Names: which are taken, which are taken twice, and which paths stay inside a model's folder."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

from headway.spec.environment import Environment
from headway.spec.finding import Finding, error
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Papers
from headway.spec.policy import Policy
from headway.spec.project import Project
from headway.spec.yaml import excerpt

__all__ = ["fault_of_path", "is_label", "names"]

# RFC 1123, as Kubernetes takes names of objects and values of labels (kubernetes.io, "Object names and IDs").
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
MOST_PATH = 1024

P = TypeVar("P", Project, Model, Environment, Policy)


def is_label(text: str) -> bool:
    """Is it a DNS-1123 label?

    >>> is_label("delay-2"), is_label("Delay"), is_label("-x")
    (True, False, False)
    """
    return _LABEL.fullmatch(text) is not None


def fault_of_path(path: str) -> str:
    """Why a path in a document is not taken; empty for one that is.

    >>> fault_of_path("data/*.csv"), fault_of_path("../secrets")
    ('', 'it leads out of the folder')
    """
    parts = path.split("/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts:
        return "it leads out of the folder"
    if not path or "" in parts or "." in parts:
        return "it has empty parts; write it as `folder/file`"
    if any(part.startswith("-") for part in parts):
        return "a part of it looks like an option"
    if any(part.lower() in {".git", ".headway"} for part in parts):
        return "it leads into what Git or Headway keeps"
    if "\\" in path or not path.isprintable():
        return "it holds characters that paths here do not have"
    return "it is too long" if len(path) > MOST_PATH else ""


def names(papers: Papers) -> Iterator[Finding]:
    """Names that are no label, and names that stand twice."""
    yield from _of_kind(papers.projects)
    yield from _of_kind(papers.models)
    yield from _of_kind(papers.environments)
    yield from _of_kind(papers.policies)


def _of_kind(placed: Sequence[Placed[P]]) -> Iterator[Finding]:
    count = Counter(each.value.metadata.name for each in placed)
    for each in placed:
        name, kind = each.value.metadata.name, type(each.value).__name__
        at = each.place("metadata", "name")
        if not is_label(name):
            yield error(
                "E025", f"'{excerpt(name)}' is no name", at,
                why="Names go into addresses and objects of a cluster: at most 63 small letters, digits and `-`, "
                "with a letter or digit at both ends.",
                do="Choose another name.",
            )  # fmt: skip
        if count[name] > 1:
            others = ", ".join(str(o.place("metadata", "name")) for o in placed if o is not each and _name(o) == name)
            yield error(
                "E024", f"{kind} '{excerpt(name)}' twice", at,
                why=f"It is defined in {others} too, and nothing says which one holds, so neither does.",
                do="Rename one of them, or remove it.",
            )  # fmt: skip


def _name(placed: Placed[P]) -> str:
    return placed.value.metadata.name
