"""A recorder as the command line asks for it; everything that could leak is refused before anything is served."""

from collections.abc import Iterable

from headway.evidence.bundle import Manifest
from headway.serve.fault import RefusedError
from headway.serve.options import Records
from headway.serve.records.event import Hiding
from headway.serve.records.recorder import Recorder
from headway.serve.records.sink import sink_of

__all__ = ["recorder_of"]

_LEAST_KEY, _MOST_KEY = 16, 4096


def recorder_of(asked: Records, models: Iterable[Manifest]) -> Recorder | None:
    """None when no records are asked for.  RefusedError: a column to hide is none of a model's, or the key is no key.

    A misspelt name would leave in the records what it was meant to keep out.
    """
    if not asked.to:
        if asked.omit or asked.hash:
            raise RefusedError("there are columns to keep out of records, and no --records to keep them out of")
        return None
    known = {column.name for manifest in models for column in (*manifest.signature.inputs, *manifest.signature.outputs)}
    if known and (strange := [name for name in (*asked.omit, *asked.hash) if name not in known]):
        raise RefusedError(f"no model has a column {strange[0]!r} to keep out of records")
    return Recorder(sink_of(asked.to), asked.sample, _hiding(asked))


def _hiding(asked: Records) -> Hiding:
    key = b""
    if asked.hash:
        if asked.key is None:
            raise RefusedError("--records-hash needs --records-key FILE: without a key anybody could try values out")
        try:
            with asked.key.open("rb") as file:
                key = file.read(_MOST_KEY)
        except OSError as error:
            raise RefusedError(f"the key {asked.key} cannot be read ({error.strerror})") from None
        if len(key) < _LEAST_KEY:
            raise RefusedError(f"the key {asked.key} has {len(key)} bytes; {_LEAST_KEY} random ones are the least")
    return Hiding(omit=frozenset(asked.omit), hash=frozenset(asked.hash), key=key)
