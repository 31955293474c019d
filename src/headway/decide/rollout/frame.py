"""Where a plot of evidence over time lies on its page, and the marks that it is made of.  Knows no rollout."""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

__all__ = ["HIGH", "LEFT", "LINE", "PALE", "RIGHT", "WIDE", "Frame", "curve", "page", "rule", "text", "words"]

# Pixels: a plot, and what is left free beside it.
WIDE, HIGH, LEFT, RIGHT = 560.0, 150.0, 70.0, 140.0
INK, PALE, LINE = "#333333", "#777777", "#bbbbbb"
# Evidence far against a claim tells no more than "none": plots end there.
LEAST = math.log(1e-2)
WHY_AT_MOST = 118
# What XML cannot hold, and what it reads otherwise.
XML: Mapping[int, str | None] = {
    **{code: None for code in range(32) if code not in {9, 10}},
    0x7F: None,
    0xFFFE: None,
    0xFFFF: None,
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}


class Frame(Struct, frozen=True, kw_only=True):
    """Time from `begin` to `end` (Unix seconds), evidence from LEAST to `most` (natural logarithm), drawn at `top`."""

    begin: float
    end: float
    most: float
    top: float

    def x(self, at: float) -> float:
        """Pixels from the left edge of the page."""
        return LEFT + WIDE * (at - self.begin) / max(self.end - self.begin, 1e-9)

    def y(self, log: float) -> float:
        """Pixels from its upper edge; what lies beyond the plot is drawn on its border."""
        kept = min(self.most, max(LEAST, log))
        return self.top + HIGH * (self.most - kept) / (self.most - LEAST)


def page(head: str, described: str, why: str, *, wide: float, high: float, left: float = LEFT) -> list[str]:
    """The beginning of a document of so many pixels: its title, what it shows in words, its head and a reason."""
    size = f'width="{wide:g}" height="{high:g}" viewBox="0 0 {wide:g} {high:g}"'
    told = 'role="img" aria-labelledby="title desc"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {told} font-family="sans-serif">',
        f'<title id="title">{words(head)}</title>',
        f'<desc id="desc">{words(described)}</desc>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text(left, 24, head, size=16),
        text(left, 42, _shortened(why), fill=PALE, size=11),
    ]


def text(x: float, y: float, said: str, *, anchor: str = "start", fill: str = INK, size: int = 12) -> str:
    """Words whose line of writing begins, or with another anchor ends, at a point."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}">{words(said)}</text>'


def rule(x: float, y: float, way: str, stroke: str, *, dashes: str = "", width: float = 1.0) -> str:
    """A line from a point on, as a path says (`h10`, `V3H5`)."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{x:.1f} {y:.1f}{way}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'


def curve(points: Sequence[tuple[float, float]], stroke: str, *, dashes: str = "") -> str:
    """A line through points, with its end marked; of the points in one column of pixels the last is drawn."""
    columns = {round(x): (x, y) for x, y in points}
    (x, y), *others = columns.values()
    drawn = rule(x, y, "".join(f"L{x:.1f} {y:.1f}" for x, y in others), stroke, dashes=dashes, width=2.0)
    x, y = points[-1]
    return f'{drawn}<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{stroke}"/>'


def _shortened(why: str) -> str:
    """A reason in one line of the page.

    >>> len(_shortened("because " * 40)), _shortened("because")
    (118, 'because')
    """
    return why if len(why) <= WHY_AT_MOST else f"{why[: WHY_AT_MOST - 2].rstrip()} …"


def words(said: str) -> str:
    r"""Words of any origin, for a text or an attribute of a document; characters that XML cannot hold are left out.

    >>> words('p95 < "1.25x"\x07')
    'p95 &lt; &quot;1.25x&quot;'
    """
    return said.translate(XML)
