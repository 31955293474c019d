"""Draws how the evidence of a rollout grew, as an SVG.  Pure text: equal rollouts give equal bytes."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import TypeAlias

from headway.decide.rollout.estimate import estimated, in_words, ratios
from headway.decide.rollout.frame import HIGH, LEFT, LINE, PALE, RIGHT, WIDE, Frame, curve, page, rule, text, words
from headway.decide.rollout.history import Moment, Weighed, history
from headway.evidence.stage import Rollout
from headway.spec.rollout import Rollout as Wish

__all__ = ["picture"]

TOP, GAP, BOTTOM = 78.0, 44.0, 56.0
# Told apart by people who see few colours (Okabe and Ito, 2008), and by dashes.
HARM, SAFE, SAFE_DASHES = "#d55e00", "#0072b2", "7 3"
SHADE = "#f2f2f2"
TICKS = (0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
# Seconds between marks of time; the first that leaves at most eight of them is taken.
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800)

Seen: TypeAlias = tuple[float, Weighed]


def picture(rollout: Rollout, wish: Wish) -> bytes:
    """A plot for each guardrail: its evidence of harm and of safety over time, and the lines at which they decide.

    Above each stands how the versions' shares compare, with the confidence sequence of their ratio.  Time runs from the
    first window's start to the last one's end; stages are shaded; evidence is drawn as a bet's stake, on a scale of
    tens.
    """
    moments = history(rollout, wish)
    names = [each.guardrail for each in moments[-1].guardrails] if moments else []
    plots = max(1, len(names))
    wide, high = LEFT + WIDE + RIGHT, TOP + plots * HIGH + (plots - 1) * GAP + BOTTOM
    head = f"{rollout.model} {rollout.candidate.version} over {rollout.over.version} in {rollout.environment}"
    head += ", by copies" if rollout.split == "copies" else ""
    head += f": {rollout.state}"
    lines = page(head, _described(rollout, moments), rollout.why, wide=wide, high=high)
    if moments:
        begin, end = rollout.windows[0].start, moments[-1].at
        known = [in_words(each) for each in ratios(estimated(rollout, wish), wish)]
        for number, (name, ratio) in enumerate(zip_longest(names, known, fillvalue="")):
            weighed = [(moment.at, moment.guardrails[number]) for moment in moments]
            frame = Frame(begin=begin, end=end, most=_most(weighed), top=TOP + number * (HIGH + GAP))
            lines += [f'<g aria-label="{words(name)}">', *_stages(frame, moments), *_plot(frame, weighed)]
            lines += [text(LEFT + WIDE, frame.top - 7, ratio, anchor="end", fill=PALE, size=11), "</g>"]
        lines += _clock(begin, end, high - BOTTOM)
    else:
        lines.append(text(LEFT, TOP + HIGH / 2, "No window was counted.", fill=PALE))
    return "\n".join([*lines, "</svg>", ""]).encode()


def _described(rollout: Rollout, moments: Sequence[Moment]) -> str:
    """The picture for those who do not see it."""
    if not moments:
        return f"No window was counted. {rollout.why}."
    told = "; ".join(
        f"{each.guardrail}: evidence of harm {_times(each.harm)}, of safety {_times(each.safety)}"
        for each in moments[-1].guardrails
    )
    return f"Evidence over {len(moments)} windows. At the end {told or 'of nothing'}. {rollout.why}."


def _most(weighed: Sequence[Seen]) -> float:
    """Up to the higher line, and to what was seen as far as that does not make the lines small."""
    line = max(max(each.harm_at, each.safety_at) for _, each in weighed)
    return min(max(1.25 * line, *(max(each.harm, each.safety) for _, each in weighed)), 2.0 * line)


def _plot(frame: Frame, weighed: Sequence[Seen]) -> Iterator[str]:
    """One guardrail, from back to front."""
    for tick in TICKS:
        if math.log(tick) <= frame.most:
            y = frame.y(math.log(tick))
            yield rule(LEFT, y, f"h{WIDE:g}", LINE, width=0.5)
            yield text(LEFT - 6, y + 4, _times(math.log(tick)), anchor="end", fill=PALE, size=11)
    first, last = weighed[0][1], weighed[-1][1]
    yield rule(LEFT, frame.y(last.harm_at), f"h{WIDE:g}", HARM, dashes="2 3", width=1.5)
    stairs = _joined(f"V{frame.y(each.safety_at):.1f}H{frame.x(at):.1f}" for at, each in weighed)
    yield rule(LEFT, frame.y(first.safety_at), stairs, SAFE, dashes="2 3", width=1.5)
    start = (LEFT, frame.y(0.0))
    yield curve([start, *((frame.x(at), frame.y(each.harm)) for at, each in weighed)], HARM)
    yield curve([start, *((frame.x(at), frame.y(each.safety)) for at, each in weighed)], SAFE, dashes=SAFE_DASHES)
    yield rule(LEFT, frame.top, f"h{WIDE:g}v{HIGH:g}h{-WIDE:g}z", PALE)
    yield text(LEFT, frame.top - 7, last.guardrail, size=13)
    yield from _ends(frame, last)


def _stages(frame: Frame, moments: Sequence[Moment]) -> Iterator[str]:
    """A band for each stage, with its weight."""
    begin = LEFT
    for stage, group in groupby(moments, key=_stage):
        *_, last = group
        end = frame.x(last.at)
        if stage % 2:
            across = f'x="{begin:.1f}" width="{end - begin:.1f}"'
            yield f'<rect {across} y="{frame.top:g}" height="{HIGH:g}" fill="{SHADE}"/>'
        if end - begin >= 34.0:
            yield text(begin + 4, frame.top + 13, f"{last.weight:g} %", fill=PALE, size=11)
        begin = end


def _stage(moment: Moment) -> int:
    return moment.stage


def _ends(frame: Frame, last: Weighed) -> Iterator[str]:
    """What both kinds of evidence came to, beside the ends of their curves and apart from one another."""
    high, low = sorted((frame.y(last.harm), frame.y(last.safety)))
    middle = min(max((high + low) / 2.0, frame.top + 28.0), frame.top + HIGH - 28.0)
    half = max(16.0, (low - high) / 2.0)
    above, below = max(middle - half, frame.top + 8.0), min(middle + half, frame.top + HIGH - 12.0)
    harm, safe = (above, below) if last.harm >= last.safety else (below, above)
    for y, colour, said, line in (
        (harm, HARM, f"harm {_times(last.harm)}", f"aborts at {_times(last.harm_at)}"),
        (safe, SAFE, f"safety {_times(last.safety)}", f"passes at {_times(last.safety_at)}"),
    ):
        yield text(LEFT + WIDE + 10, y + 2, said, fill=colour, size=13)
        yield text(LEFT + WIDE + 10, y + 16, line, fill=colour, size=11)


def _clock(begin: float, end: float, y: float) -> Iterator[str]:
    """Marks of time below the last plot, counted from the first window."""
    step = next((step for step in STEPS if (end - begin) / step <= 8), STEPS[-1])
    unit, size = next(((unit, size) for unit, size in (("h", 3600), ("min", 60)) if step >= size), ("s", 1))
    for number in range(int((end - begin) / step) + 1):
        x = LEFT + WIDE * number * step / max(end - begin, 1e-9)
        yield rule(x, y, "v5", PALE)
        yield text(x, y + 18, f"{number * step / size:g}", anchor="middle", fill=PALE, size=11)
    yield text(LEFT + WIDE / 2, y + 38, f"{unit} since the first window", anchor="middle", fill=PALE, size=11)


def _joined(steps: Iterable[str]) -> str:
    """A stair with every step drawn once."""
    joined: list[str] = []
    for step in steps:
        up, _, _ = step.partition("H")
        if joined and joined[-1].partition("H")[0] == up:
            joined[-1] = step
        else:
            joined.append(step)
    return "".join(joined)


def _times(log: float) -> str:
    """Evidence as a bet's stake.

    >>> _times(0.0), _times(math.log(150_000)), _times(math.log(1e-9))
    ('1x', '150,000x', '<0.01x')
    >>> _times(math.log(39_904.0)), _times(math.log(19.96))
    ('39,900x', '20x')
    """
    if log < math.log(0.01) - 1e-9:
        return "<0.01x"
    if log > math.log(1e6) + 1e-9:
        return f"1e{int(log / math.log(10.0))}x"
    stake = float(f"{math.exp(log):.{3 if log >= 0.0 else 2}g}")
    return f"{stake:,.0f}x" if stake >= 100.0 else f"{stake:.3g}x"
