"""Commits as a stream for `git fast-import`: one process writes all objects first and the branch last.

Values in, bytes out; runs nothing.  `done` at the end is required, so a stream cut short moves no branch.
"""

from collections.abc import Mapping, Sequence

from headway.adapters.git.message import write_message
from headway.adapters.git.names import fault_of
from headway.reconcile.ports import Change, PortError

__all__ = ["stream"]


def stream(ref: str, onto: str, changes: Sequence[Change], *, who: str, at: int) -> bytes:
    """The stream that puts changes on a commit (empty: on nothing) and answers the last one's id.

    `who` is `Name <address>`; `at` Unix seconds.
    """
    parts = [b"feature done\n"]
    for number, change in enumerate(changes, 1):
        message = write_message(change.subject, change.body, change.trailers).encode(errors="replace")
        before = f":{number - 1}" if number > 1 else onto
        parts += [
            f"commit {ref}\nmark :{number}\ncommitter {who} {at} +0000\n".encode(),
            *_data(message),
            f"from {before}\n".encode() if before else b"",
            *_files(change.files),
        ]
    parts.append(f"get-mark :{len(changes)}\ndone\n".encode())
    return b"".join(parts)


def _files(files: Mapping[str, bytes | None]) -> list[bytes]:
    parts: list[bytes] = []
    for path, data in files.items():
        name = path.encode(errors="surrogateescape")
        fault = fault_of(name)
        if fault or '"' in path or "\\" in path:
            raise PortError(f"{path!r} is not written to the journal: {fault or 'its name holds a quote'}.")
        if data is None:
            parts += [b'D "', name, b'"\n']
        else:
            parts += [b'M 100644 inline "', name, b'"\n', *_data(data)]
    return parts


def _data(data: bytes) -> tuple[bytes, bytes, bytes]:
    return f"data {len(data)}\n".encode(), data, b"\n"
