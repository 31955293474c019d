"""What is said of one code."""

from msgspec import Struct

__all__ = ["Code", "code"]


class Code(Struct, frozen=True, kw_only=True):
    """One kind of finding: a title, what it means in sentences, an example of the cause, and the cure."""

    title: str
    means: str
    example: str
    cure: str


def code(title: str, means: str, example: str, cure: str) -> Code:
    """A row of a table."""
    return Code(title=title, means=means, example=example, cure=cure)
