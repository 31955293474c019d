"""Reads the fenced blocks of a page that a reader would type: files with a title, and commands with their output."""

import re
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Command", "File", "differs", "steps"]

FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run: digests, times of day, decimals, seconds, ports that were picked.
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<when>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<time>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<digest>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"[-+]?\d+\.\d+(?!\.)\b(?<!\d\.\d\.\d)"), "<number>"),
    (re.compile(r"[ \t]+"), " "),
)
VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\b")


class File(Struct, frozen=True, kw_only=True):
    """A file that the reader writes."""

    path: str
    text: str


class Command(Struct, frozen=True, kw_only=True):
    """A line that the reader types, and what the page says it prints; a line `…` stands for any lines."""

    line: str
    prints: tuple[str, ...]


def steps(page: str) -> Iterator[File | Command]:
    """What a reader does, in order."""
    for kind, title, body in FENCE.findall(page):
        if title:
            yield File(path=title, text=body)
        elif kind == "console":
            for block in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, *prints = block.rstrip("\n").split("\n")
                yield Command(line=line, prints=tuple(prints))


def differs(told: tuple[str, ...], printed: str) -> str:
    """Where an output is not what the page says; empty when it is."""
    lines = [masked(line) for line in printed.splitlines() if line.strip()]
    at = 0
    skipping = False
    for line in filter(str.strip, told):
        if line.strip() == "…":
            skipping = True
            continue
        wanted = re.compile(".*".join(map(re.escape, masked(line).split("…"))))
        found = next((n for n in range(at, len(lines)) if wanted.fullmatch(lines[n])), None)
        if found is None or (found > at and not skipping):
            return f"the page says\n  {line}\nand not\n  {lines[at] if at < len(lines) else '(nothing more)'}"
        at, skipping = found + 1, False
    return "" if skipping or at == len(lines) else f"the page does not say\n  {lines[at]}"


def masked(line: str) -> str:
    """A line without what differs from run to run.

    >>> masked("10:00:01  loans 1.0.0: auc is 0.5578 at 127.0.0.1:40123, 0.0 s")
    '<time> loans 1_0_0: auc is <number> at <address>, <number> s'
    """
    line = VERSION.sub(r"\1_\2_\3", line.replace("127.0.0.1", "127-0-0-1"))
    for pattern, word in MASKS:
        line = pattern.sub(word, line.replace("127-0-0-1", "127.0.0.1"))
    return line.strip()
