"""A table of the page as a value, and how its cells read."""

import numpy as np
from bench.decisions.first import Firsts, median_of, share, standard_error
from msgspec import Struct

__all__ = ["Table", "duration", "level", "percent", "said", "verdict", "window"]


class Table(Struct, frozen=True, kw_only=True):
    """A title, what stands above the table, its head, its rows, and what stands below it."""

    title: str
    text: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: str = ""

    @property
    def markdown(self) -> str:
        """As it stands in the page."""
        lines = [f"| {' | '.join(cells)} |" for cells in (self.head, *self.rows)]
        lines.insert(1, "|---" * len(self.head) + "|")
        parts = (f"## {self.title}", self.text, "\n".join(lines), self.below)
        return "\n\n".join(part for part in parts if part)


def percent(value: float) -> str:
    """A share, with as many digits as it is worth."""
    return f"{100.0 * value:.0f} %" if value in {0.0, 1.0} else f"{100.0 * value:.1f} %"


def level(value: float) -> str:
    """A share that was asked for, as it was written."""
    return f"{100.0 * value:g} %"


def said(*firsts: Firsts) -> str:
    """In how many runs a rule spoke."""
    return " / ".join(percent(share(each)) for each in firsts)


def verdict(firsts: Firsts, alpha: float) -> str:
    """The same beside the level that was promised, and whether it is kept."""
    kept = share(firsts) <= alpha + 3.0 * standard_error(alpha, len(firsts))
    return said(firsts) if kept else f"**{said(firsts)}**"


def duration(firsts: Firsts, windows: int, share_of_traffic: float) -> str:
    """Median window, how many were found where that is not nearly all, and what users were exposed to.

    Exposed is the mean share of all requests of these windows that the bad candidate answered.
    """
    found = share(firsts)
    exposed = float(np.minimum(firsts, windows).mean()) / windows * share_of_traffic
    told = "" if found >= 0.99 else f" ({percent(found)} found)"
    return f"{window(firsts)}{told}, {100.0 * exposed:.2f} %"


def window(firsts: Firsts) -> str:
    """The median window, runs in which the rule never spoke counted as the longest."""
    middle = median_of(firsts)
    return "never" if np.isinf(middle) else f"{middle:.0f}"
