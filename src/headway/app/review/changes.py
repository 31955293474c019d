"""What differs between two wishes, field by field and file by file.  Reads nothing, judges nothing."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import chain
from typing import Any, Literal

from msgspec import Struct

from headway.app.review.view import Change, FileChange
from headway.evidence.bundle import Column, Signature
from headway.spec.digest import canonical
from headway.spec.finding import Finding
from headway.spec.model import Model
from headway.spec.wish import Wish

__all__ = ["field_changes", "file_changes", "findings_since", "repository_changes", "signature_changes"]

# Beyond so many lines a file is data rather than code, and comparing it costs seconds.
MOST_LINES = 20_000


def field_changes(before: Model | None, after: Model | None) -> tuple[Change, ...]:
    """The fields of a model's wish that differ, with their defaults; a model that is new has no `before`."""
    return tuple(_between(_leaves(before.spec if before else None), _leaves(after.spec if after else None)))


def repository_changes(before: Wish, after: Wish) -> tuple[Change, ...]:
    """What differs in the project, its environments and its policies."""
    return tuple(_between(_shared(before), _shared(after)))


def findings_since(before: Wish, after: Wish) -> tuple[Finding, ...]:
    """What is wrong with the change and was not wrong before it, wherever it stands in its file."""
    known = {(found.code, found.what, found.place.file) for found in before.findings}
    return tuple(found for found in after.findings if (found.code, found.what, found.place.file) not in known)


def file_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileChange, ...]:
    """The files that differ, with the lines that came and went."""
    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return tuple(_file(path, before.get(path), after.get(path)) for path in paths)


def signature_changes(before: Signature, after: Signature) -> Iterator[str]:
    """Every difference of what is taken and answered, whether or not a request could tell."""
    for part, old, new in (("input", before.inputs, after.inputs), ("output", before.outputs, after.outputs)):
        was, comes = _by_name(old), _by_name(new)
        yield from (f"{part} {name} is new: {_told(comes[name])}" for name in comes if name not in was)
        yield from (f"{part} {name} is no longer there" for name in was if name not in comes)
        for name in comes:
            if name in was and was[name] != comes[name]:
                yield f"{part} {name} was {_told(was[name])} and is {_told(comes[name])}"


def _shared(wish: Wish) -> dict[str, str]:
    parts = {
        "project": wish.project.spec,
        **{f"environment {name}": environment.spec for name, environment in wish.environments.items()},
        **{f"policy {policy.metadata.name}": policy.spec for policy in wish.policies},
    }
    return dict(chain.from_iterable(_walk(spec, name) for name, spec in parts.items()))


def _leaves(spec: Struct | None) -> dict[str, str]:
    return dict(_walk(spec, "")) if spec is not None else {}


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any field of any wish
    """Every field below a value as text; lists are one field, as their order may matter."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _walk(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}")
    elif value is not None:
        yield path, value if isinstance(value, str) else canonical(value).decode()


def _between(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for field in dict.fromkeys([*before, *after]):
        if before.get(field) != after.get(field):
            yield Change(field=field, before=before.get(field, ""), after=after.get(field, ""))


def _file(path: str, before: bytes | None, after: bytes | None) -> FileChange:
    old, new = _lines(before), _lines(after)
    added, removed = (None, None) if old is None or new is None else _counts(old, new)
    state: Literal["changed", "new", "gone"] = "new" if before is None else "gone" if after is None else "changed"
    return FileChange(path=path, state=state, added=added, removed=removed)


def _lines(data: bytes | None) -> list[str] | None:
    try:
        lines = (data or b"").decode().splitlines()
    except UnicodeDecodeError:
        return None
    return lines if len(lines) <= MOST_LINES else None


def _counts(old: list[str], new: list[str]) -> tuple[int, int]:
    kept = sum(block.size for block in SequenceMatcher(a=old, b=new, autojunk=False).get_matching_blocks())
    return len(new) - kept, len(old) - kept


def _by_name(columns: tuple[Column, ...]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _told(column: Column) -> str:
    kinds = f" of {len(column.categories)} categories" if column.categories is not None else ""
    return f"{column.type}{kinds}, {'may be left out' if column.nullable else 'required'}"
