"""Draws what an experiment between users came to, as an SVG.  Pure text: equal experiments give equal bytes."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from headway.decide.rollout.compare import Compared
from headway.decide.rollout.experiment import Trial, trials
from headway.decide.rollout.frame import LEFT, LINE, PALE, WIDE, page, rule, text, words
from headway.evidence.stage import Rollout
from headway.spec.rollout import Rollout as Wish

__all__ = ["forest"]

# Pixels: what is left free for names and numbers, a version's row, what stands above and below a metric's rows.
NAMES, NUMBERS, ROW, ABOVE, BELOW = 40.0, 220.0, 30.0, 34.0, 40.0
EDGE, TOP = 20.0, 60.0
# Told apart by people who see few colours (Okabe and Ito, 2008), and by words.
WORSE, BETTER, SAFE, OPEN = "#d55e00", "#0072b2", "#009e73", "#777777"
# Of the widest interval, left free beside it.
MARGIN = 0.08

# A version and one of its metrics.
Row: TypeAlias = tuple[Trial, Compared]


def forest(rollout: Rollout, wish: Wish) -> bytes:
    """A plot for each metric: by how much each version's rate differs from stable's at its last look, with an interval.

    Differences are in percentage points, beside a line at none; a version that left is drawn as it stood then.
    """
    rows = [(trial, each) for trial in trials(rollout, wish) for each in trial.compared]
    plots: dict[str, list[Row]] = {}
    for row in rows:
        plots.setdefault(row[1].guardrail, []).append(row)
    arms = ", ".join(arm.version for arm in rollout.arms)
    head = f"{rollout.model} {arms} beside {rollout.over.version} in {rollout.environment}, between users"
    high = TOP + sum(map(_high, plots.values())) + (0.0 if plots else 2 * ROW)
    wide = LEFT + NAMES + WIDE + NUMBERS
    head += f": {rollout.state}"
    lines = page(head, _described(rows, rollout), rollout.why, wide=wide, high=high, left=EDGE)
    top = TOP
    for metric, mine in plots.items():
        lines += [f'<g aria-label="{words(metric)}">', *_plot(mine, rollout.over.version, top), "</g>"]
        top += _high(mine)
    if not plots:
        lines.append(text(EDGE, TOP + ROW, "Nothing was counted for both.", fill=PALE))
    return "\n".join([*lines, "</svg>", ""]).encode()


def _high(rows: Sequence[Row]) -> float:
    return ABOVE + ROW * len(rows) + BELOW


def _plot(rows: Sequence[Row], stable: str, top: float) -> Iterator[str]:
    """One metric, a row for each version."""
    low = min(0.0, *(each.difference.low for _, each in rows))
    high = max(0.0, *(each.difference.high for _, each in rows))
    wide = max(high - low, 1e-9) * (1.0 + 2.0 * MARGIN)
    left, begin, end = LEFT + NAMES, top + ABOVE, top + ABOVE + ROW * len(rows)

    def x(difference: float) -> float:
        return left + WIDE * ((difference - low) / wide + MARGIN / (1.0 + 2.0 * MARGIN))

    # Stable's rate until now, and not until one left, if any goes on.
    first = next((each for trial, each in rows if not trial.dropped), rows[0][1])
    fewer = ", more is better" if first.fewer else ""
    yield text(EDGE, top + 20.0, f"{first.name}{fewer}: {_rate(first.control.point)} for {stable}", size=13)
    yield rule(left, begin, f"h{WIDE:g}v{end - begin:g}h{-WIDE:g}z", LINE)
    yield rule(x(0.0), begin, f"V{end:g}", PALE, dashes="2 3")
    yield text(x(0.0), end + 16.0, "as stable", anchor="middle", fill=PALE, size=11)
    for number, (trial, each) in enumerate(rows):
        y, colour = begin + ROW * (number + 0.5), _colour(trial, each)
        yield text(left - 10.0, y + 4.0, trial.version, anchor="end")
        yield rule(x(each.difference.low), y, f"H{x(each.difference.high):.1f}", colour, width=2.0)
        yield f'<circle cx="{x(each.difference.point):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        yield text(left + WIDE + 10.0, y - 1.0, f"{_points(each.difference.point)}, {_shown(trial, each)}", fill=colour)
        between = f"{_points(each.difference.low)} to {_points(each.difference.high)}"
        yield text(left + WIDE + 10.0, y + 12.0, between, fill=PALE, size=11)


def _shown(trial: Trial, each: Compared) -> str:
    """What a metric shows of a version, in a word."""
    if each.harm:
        return f"worse, left at look {trial.dropped.look}" if trial.dropped else "worse"
    return "better" if each.better else "safe" if each.safe else "open"


def _colour(trial: Trial, each: Compared) -> str:
    return {"better": BETTER, "safe": SAFE, "open": OPEN}.get(_shown(trial, each), WORSE)


def _described(rows: Sequence[Row], rollout: Rollout) -> str:
    """The picture for those who do not see it."""
    told = "; ".join(
        f"{each.name}: {trial.version} {_points(each.difference.point)}, {_shown(trial, each)}" for trial, each in rows
    )
    return f"{told or 'Nothing was counted for both'}. {rollout.why}."


def _rate(share: float) -> str:
    return f"{100.0 * share:.3g} %"


def _points(difference: float) -> str:
    """Percentage points.

    >>> _points(0.0123), _points(-0.5), _points(0.0)
    ('+1.23 pp', '-50 pp', '+0 pp')
    """
    return f"{100.0 * difference:+.3g} pp"
