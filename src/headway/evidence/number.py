"""Numbers versions: MAJOR.MINOR.PATCH by what a change means to those who send requests.  Append-only."""

from collections.abc import Iterable

from msgspec import Struct

from headway.evidence.bundle import Signature
from headway.evidence.compatible import refusals

__all__ = ["FIRST", "Numbered", "next_version", "parts"]

FIRST = "1.0.0"


class Numbered(Struct, frozen=True, kw_only=True):
    """A version that has its number; `signature` is None when nobody wrote it down."""

    version: str
    signature: Signature | None
    recipe: str
    train: str


def parts(version: str) -> tuple[int, int, int]:
    """The three numbers of a version, for comparing; ValueError when it is not MAJOR.MINOR.PATCH.

    >>> parts("1.10.0") > parts("1.9.3")
    True
    """
    numbers = version.split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"{version!r} is not MAJOR.MINOR.PATCH")
    major, minor, patch = map(int, numbers)
    return major, minor, patch


def next_version(previous: Iterable[Numbered], signature: Signature, *, recipe: str, train: str) -> str:
    """The number of what `recipe` makes of the training bytes `train`, after all `previous` ones.

    The same recipe and bytes keep the number they have.  Otherwise the greatest number so far is raised: its major part
    when a request that it accepts could be refused (or when its signature is unknown), its minor part when the recipe
    changed, its patch when only the data did.

    >>> empty = Signature(inputs=(), outputs=())
    >>> next_version([Numbered(version="1.4.1", signature=empty, recipe="r", train="t")], empty, recipe="r", train="u")
    '1.4.2'
    """
    known = list(previous)
    same = next((made for made in known if (made.recipe, made.train) == (recipe, train)), None)
    if same:
        return same.version
    if not known:
        return FIRST
    last = max(known, key=lambda made: parts(made.version))
    major, minor, patch = parts(last.version)
    if last.signature is None or refusals(last.signature, signature):
        return f"{major + 1}.0.0"
    if recipe != last.recipe:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"
