"""The message of a commit on the journal: subject, body, trailers.  Texts in and out; no Git."""

import re
from collections.abc import Mapping

from headway.reconcile.ports import PortError

__all__ = ["read_message", "write_message"]

_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): (.*)")


def write_message(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    r"""The whole message; PortError for a subject or trailer of more than one line.

    >>> write_message("Promote delay 1.1.0", "", {"Headway-Model": "delay"})
    'Promote delay 1.1.0\n\nHeadway-Model: delay\n'
    """
    last = "\n".join(f"{key}: {value}" for key, value in trailers.items())
    for line in (subject, *last.splitlines()):
        if "\0" in line or not line.strip():
            raise PortError(f"The commit message needs one line for {line!r}.")
    if subject != " ".join(subject.splitlines()) or len(last.splitlines()) != len(trailers):
        raise PortError(f"The subject and each trailer take one line: {subject!r}, {last!r}.")
    if not all(map(_TRAILER.fullmatch, last.splitlines())):
        raise PortError(f"A trailer's key takes letters, digits and `-`: {last!r}.")
    # One blank line at most, so that the message reads back as its parts.
    text = re.sub(r"\n{3,}", "\n\n", body.strip("\n").replace("\0", "?"))
    return "\n\n".join(part for part in (subject, text, last) if part) + "\n"


def read_message(message: str) -> tuple[str, str, dict[str, str]]:
    r"""Subject, body and trailers; a last paragraph of nothing but `Key: value` lines is trailers.

    >>> read_message("Promote delay 1.1.0\n\nHeadway-Model: delay\n")
    ('Promote delay 1.1.0', '', {'Headway-Model': 'delay'})
    """
    subject, _, rest = message.rstrip("\n").partition("\n")
    rest = rest.strip("\n")
    body, _, last = rest.rpartition("\n\n")
    lines = [_TRAILER.fullmatch(line) for line in last.split("\n")]
    found = {line[1]: line[2] for line in lines if line}
    if len(found) != len(lines):
        return subject, rest, {}
    return subject, body, found
