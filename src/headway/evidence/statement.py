"""in-toto statements: what is claimed (the predicate) of which bytes (the subjects).  Knows no kind of claim."""

from typing import Generic, Literal, TypeVar

from msgspec import Struct

__all__ = ["STATEMENT_TYPE", "Descriptor", "Statement"]

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"

P = TypeVar("P")


class Descriptor(Struct, frozen=True, kw_only=True):
    """A thing by its digests; in-toto matches subjects by digest, never by name."""

    name: str
    digest: dict[str, str]


class Statement(
    Struct, Generic[P], frozen=True, kw_only=True, rename={"kind": "_type", "predicate_type": "predicateType"}
):
    """in-toto Statement v1."""

    kind: Literal["https://in-toto.io/Statement/v1"] = STATEMENT_TYPE
    subject: tuple[Descriptor, ...]
    predicate_type: str
    predicate: P
