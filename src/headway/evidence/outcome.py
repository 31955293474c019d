"""How a version's predictions ended whose time for a label is over."""

from msgspec import Struct

__all__ = ["Outcomes"]


class Outcomes(Struct, frozen=True, kw_only=True):
    """Of so many predictions how many got their label in time, and how many of those were wrong."""

    of: int = 0
    labelled: int = 0
    wrong: int = 0
