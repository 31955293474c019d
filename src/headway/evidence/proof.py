"""The words of a verification: what goes in, and what comes out, line by line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from headway.evidence.record import Signers
from headway.spec.release import ReleaseSpec, Served

__all__ = ["Asked", "Line", "Outside", "Pin", "Report", "State", "Written"]

State = Literal["proven", "finding", "warning", "undecided", "note"]


class Written(Struct, frozen=True, kw_only=True):
    """One commit of the branch: what it wrote (None: removed)."""

    id: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes | None]


class Pin(Struct, frozen=True, kw_only=True):
    """What a verifier keeps outside the repository: the first list of signers, and the last head it saw."""

    signers: Signers | None = None
    head: str = ""


class Asked(Struct, frozen=True, kw_only=True):
    """What a tree of main asks of a version before a release: verdicts by name, and whether a person approves it.

    `approve_at` are the steps of its rollout that a person approves, in percent of live traffic (100: the promotion).
    """

    verdicts: frozenset[str]
    approval: bool = False
    approve_at: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What only the outside can answer.

    `release` reads a release document (ValueError: it is none); `lock` the digest of a lock document's content.
    `asked(main, model, environment)` is what that tree asks for, None when the tree cannot be read here.
    `bytes_of(bundle)` says why a bundle's bytes are not the ones named: empty when they are, None without a store.
    `serving(model, environment)` is what answers there, None when that cannot be seen from here.
    """

    release: Callable[[bytes], ReleaseSpec]
    lock: Callable[[bytes], str]
    asked: Callable[[str, str, str], Asked | None]
    bytes_of: Callable[[str], str | None]
    serving: Callable[[str, str], tuple[Served, ...] | None] = lambda _model, _environment: None


class Line(Struct, frozen=True, kw_only=True):
    """One thing that was proven, or found, or cannot be decided here; `where` is a path or a commit."""

    state: State
    what: str
    where: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """The outcome.  `signers` is the first list, to be pinned; `head` the last commit that was read."""

    authenticated: bool
    lines: tuple[Line, ...]
    records: int
    signers: Signers | None
    head: str

    @property
    def ok(self) -> bool:
        """Is there no finding?"""
        return all(line.state != "finding" for line in self.lines)

    @property
    def summary(self) -> str:
        """One phrase: verified, how much of it could not be seen, consistent only, or how many findings there are."""
        findings = sum(line.state == "finding" for line in self.lines)
        if findings:
            return f"{findings} finding{'s' if findings > 1 else ''}"
        if not self.authenticated:
            return "consistent, not authenticated"
        undecided = sum(line.state == "undecided" for line in self.lines)
        warnings = sum(line.state == "warning" for line in self.lines)
        left = [f"{undecided} undecided"] if undecided else []
        left += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
        return ", ".join(["verified", *left])
