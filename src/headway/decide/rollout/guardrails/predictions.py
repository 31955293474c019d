"""Predictions without labels: may a candidate's answers be distributed as those of stable beside it?

Each class, or each of some edges of the score, gives two comparisons of a share, one to each side: a windowed 2x2
e-process with an absolute margin (statistics chapter, 2.1).  It assumes that rows are independent of one another; where
the stable version's minutes show that rows come in alike, windows are compared instead.
"""

from collections.abc import Iterator, Mapping, Sequence

from headway.decide.rollout.guardrails.kind import Compared, Look, compared_part, counted, judged, share
from headway.evidence.window import Part
from headway.spec.guardrail import PredictionGuardrail, title
from headway.stats.sequential import Line
from headway.stats.track import Track, begun

__all__ = ["compared", "grow", "middle", "shown", "to_which_side"]

# Before so many rows of the stable version the shares of its predictions are not known well enough.
ENOUGH = 400
# Of many edges those are compared that are nearest to these shares of the stable version's predictions.
LEVELS = (0.95, 0.75, 0.5, 0.25, 0.05)
MIDDLE = 0.5
# What is left of rarer classes shows in the shares of these.
MOST_CLASSES = 8
# To both sides, as the last character of a track's name.
SIDES = ("+", "-")
# What the name of a cut through an order begins with.
CUT = ">="


def grow(guardrail: PredictionGuardrail, tracks: tuple[Track, ...], look: Look) -> tuple[Track, ...]:
    """Two comparisons a share; which shares is chosen once, from what the stable version answered before."""
    name = title(guardrail)
    seen, known = look.seen(name), look.known(name)
    found = tracks or tuple(begun(look.stages, name=part + side) for part in _chosen(known) for side in SIDES)
    return tuple(_grown(guardrail, track, look, seen, known) for track in found)


def compared(guardrail: PredictionGuardrail, tracks: Sequence[Track], look: Look) -> Compared | None:
    """Answers of one part of them."""
    return compared_part(look, title(guardrail), middle(tracks))


def shown(_: PredictionGuardrail, tracks: Sequence[Track]) -> str:
    """Whose share is compared."""
    return f"answers ({middle(tracks)})" if tracks else "answers of one kind"


def to_which_side(track: Track) -> str:
    """What a comparison asks, in words.

    >>> to_which_side(begun(1, name="late+")), to_which_side(begun(1, name=">=0.5-"))
    ('more of late', 'less of >=0.5')
    """
    part, side = track.name[:-1], track.name[-1]
    return f"{'more' if side == SIDES[0] else 'less'} of {part}"


def middle(tracks: Sequence[Track]) -> str:
    """Of the parts that are compared one to tell of them all: the middle cut, or the commonest class.

    >>> middle([begun(1, name=name + side) for name in ("missing", ">= 0.5", ">= 0.7") for side in SIDES])
    '>= 0.7'
    >>> middle([begun(1, name=name + side) for name in ("class no", "class yes") for side in SIDES])
    'class no'
    """
    names = list(dict.fromkeys(track.name[:-1] for track in tracks))
    cuts = [name for name in names if name.startswith(CUT)]
    return cuts[len(cuts) // 2] if cuts else next(iter(names), "")


def _chosen(known: Mapping[str, Part]) -> Iterator[str]:
    """The commonest classes one by one; of cuts through an order, those nearest to the levels."""
    parts = [part for part in known.values() if part.control_of >= ENOUGH]
    classes = [part for part in parts if not _cut(part)]
    yield from (part.name for part in sorted(classes, key=lambda part: -part.control_bad)[:MOST_CLASSES])
    cuts = [(part.name, part.control_bad / part.control_of) for part in parts if _cut(part)]
    yield from dict.fromkeys(_nearest(cuts, level) for level in LEVELS if cuts)


def _nearest(cuts: Sequence[tuple[str, float]], level: float) -> str:
    """The cut, in rising order, with about so much above it; of several the one with the least mass between."""
    inward = -1 if level >= MIDDLE else 1
    return min(enumerate(cuts), key=lambda each: (abs(each[1][1] - level), inward * each[0]))[1][0]


def _cut(part: Part) -> bool:
    return part.name.startswith(CUT)


def _grown(
    guardrail: PredictionGuardrail, track: Track, look: Look, seen: Mapping[str, Part], known: Mapping[str, Part]
) -> Track:
    name, turned = track.name[:-1], track.name[-1] == SIDES[1]
    if name not in seen or name not in known:
        return track
    counts, before = counted(seen[name], turned=turned), counted(known[name], turned=turned)
    harm, safe = (Line(kind="offset", by=by) for by in (guardrail.tolerate, guardrail.differs_by_at_most))
    return judged(
        track,
        look,
        title(guardrail),
        rate=share(before.control_bad, before.control_of),
        asked=(((harm,), counts), ((safe,), counts)),
    )
