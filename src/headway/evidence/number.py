"""Numbers versions: MAJOR.MINOR.PATCH by what a change means to those who send requests.  Append-only."""

from collections.abc import Iterable

from msgspec import Struct

from headway.evidence.bundle import Signature
from headway.evidence.compatible import refusals

__all__ = ["FIRST", "Next", "Numbered", "following", "next_version", "parts"]

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


class Next(Struct, frozen=True, kw_only=True):
    """The number that comes, and why it is this one."""

    version: str
    why: str


def following(previous: Iterable[Numbered], signature: Signature, *, recipe: str, train: str) -> Next:
    """The number of what `recipe` makes of the training bytes `train`, after all `previous` ones.

    The same recipe and bytes keep the number they have.  Otherwise the greatest number so far is raised: its major part
    when a request that it accepts could be refused (or when its signature is unknown), its minor part when the recipe
    changed, its patch when only the data did.

    >>> empty = Signature(inputs=(), outputs=())
    >>> following([Numbered(version="1.4.1", signature=empty, recipe="r", train="t")], empty, recipe="r", train="u")
    Next(version='1.4.2', why='patch: only the training data changed since 1.4.1')
    """
    known = list(previous)
    same = next((made for made in known if (made.recipe, made.train) == (recipe, train)), None)
    if same:
        return Next(version=same.version, why="no new version: the same recipe on the same data")
    if not known:
        return Next(version=FIRST, why="the first version")
    last = max(known, key=lambda made: parts(made.version))
    major, minor, patch = parts(last.version)
    if last.signature is None:
        return Next(version=f"{major + 1}.0.0", why=f"major: nobody wrote down which requests {last.version} accepts")
    if refused := refusals(last.signature, signature):
        why = f"major: requests that {last.version} accepts could be refused or answered otherwise: "
        return Next(version=f"{major + 1}.0.0", why=why + "; ".join(refused))
    if recipe != last.recipe:
        why = f"minor: the recipe changed, and every request that {last.version} accepts is accepted"
        return Next(version=f"{major}.{minor + 1}.0", why=why)
    return Next(
        version=f"{major}.{minor}.{patch + 1}", why=f"patch: only the training data changed since {last.version}"
    )


def next_version(previous: Iterable[Numbered], signature: Signature, *, recipe: str, train: str) -> str:
    """The number alone, as `following` finds it."""
    return following(previous, signature, recipe=recipe, train=train).version
