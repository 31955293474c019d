"""Why a retry after an abort costs alpha: the same harmful version, tried again and again."""

from functools import partial

import numpy as np
from bench.decisions.first import Firsts, at_most, share
from bench.decisions.rules import times_run
from bench.decisions.section import Found, Section
from bench.decisions.tables import Table, level, percent
from bench.rows import Row

from headway.decide.rollout.decision import decide
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Past, Window
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish
from headway.stats.group_sequential import look
from headway.stats.intervals import normal_quantile
from headway.stats.sequential import Counts, Line

__all__ = ["BASE", "HARMFUL", "RETRIES", "one_look", "section", "tries"]

# One stage and 50 requests a second: there a rollout spends more of its level than where windows are large.
WISH = Wish(stages=(5.0,))
PER_WINDOW = 3000
BASE, RETRIES = 0.01, 14
# At the margin of the guardrail `errors`: the least harm that must not get through.
MARGIN = 1.5
HARMFUL = BASE * MARGIN


def ends(source: np.random.Generator, restarts: int) -> str:
    """How a whole rollout of the harmful version by `decide` ends, as its k-th restart."""
    known = 10 * PER_WINDOW
    rollout = Rollout(
        model="m",
        environment="production",
        candidate=Served(version="2", bundle="b"),
        over=Served(version="1", bundle="a"),
        state="running",
        weight=WISH.stages[0],
        started=0.0,
        deadline=WISH.deadline.after,
        restarts=restarts,
        before=Past(starts=known, errors=int(source.binomial(known, BASE))),
    )
    now = 0.0
    while rollout.state == "running":
        candidate, control = arms(source)
        window = Window(start=now, end=now + WISH.window, weight=rollout.weight, candidate=candidate, control=control)
        now += WISH.window
        rollout = decide(rollout, WISH, window, ready=True, now=now)
    return rollout.state


def arms(source: np.random.Generator, windows: int = 1) -> tuple[Arm, Arm]:
    """So many windows' requests of the harmful candidate and of the stable version."""
    mine = int(source.binomial(windows * PER_WINDOW, WISH.stages[0] / 100.0))
    theirs = windows * PER_WINDOW - mine
    return (
        Arm(starts=mine, errors=int(source.binomial(mine, HARMFUL))),
        Arm(starts=theirs, errors=int(source.binomial(theirs, BASE))),
    )


def tries(runs: int, retries: int, seed: int, *, free: bool) -> Firsts:
    """In which attempt (from 1) the harmful version was promoted; never where it was not within so many retries."""
    source = np.random.default_rng(seed)
    return np.array([
        next((at + 1.0 for at in range(retries + 1) if ends(source, 0 if free else at) == "promoting"), np.inf)
        for _ in range(runs)
    ])  # fmt: skip


def one_look(runs: int, retries: int, seed: int, *, free: bool) -> Firsts:
    """The same under a test of the same claim that spends all of its level: one look, at the deadline."""
    source = np.random.default_rng(seed)
    windows = round(WISH.deadline.after / WISH.window)
    levels = [WISH.wrong_at_most.promote / (1 if free else 2**at) for at in range(retries + 1)]
    asked = [normal_quantile(1.0 - level) for level in levels]
    return np.array([
        next((at + 1.0 for at, z in enumerate(asked) if _z(*arms(source, windows)) >= z), np.inf) for _ in range(runs)
    ])  # fmt: skip


def _z(candidate: Arm, control: Arm) -> float:
    counts = Counts(bad=candidate.errors, of=candidate.starts, control_bad=control.errors, control_of=control.starts)
    seen = look(Line(kind="ratio", by=MARGIN), counts)
    return seen.score / seen.information**0.5


def section(part: float) -> Section:
    """2,000 versions under one look, 300 under our evidence, each with free retries and with paid ones."""
    runs = times_run(300, part)
    jobs = {
        "look": partial(one_look, times_run(2000, part), RETRIES, 500, free=True),
        "paid look": partial(one_look, times_run(2000, part), RETRIES, 503, free=False),
        "free": partial(tries, runs, RETRIES, 501, free=True),
        "paid": partial(tries, runs, RETRIES, 502, free=False),
    }
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    alpha = WISH.wrong_at_most.promote
    counts = (0, 1, 2, 4, 9, RETRIES)
    titles = {
        "look": f"one look at the deadline, each retry anew at {level(alpha)}",
        "paid look": f"the same, the k-th retry at {level(alpha)} / 2^k",
        "free": f"Headway's evidence, each retry anew at {level(alpha)}",
        "paid": f"**Headway: the k-th retry at {level(alpha)} / 2^k**",
    }
    runs, both = len(found["paid"]), 2.0 * alpha
    table = Table(
        title="Why a retry after an abort costs alpha",
        text=f"A version that fails {MARGIN:g} times as often as the stable one ({level(BASE)}), exactly at the"
        f" margin, at {PER_WINDOW / WISH.window:g} requests a second. In how many cases somebody who starts it again"
        " after every abort or deadline has it promoted, by the number of retries.",
        head=("rule", *(str(count) for count in counts)),
        rows=tuple(
            (title, *(percent(float((found[key] <= count + 1).mean())) for count in counts))
            for key, title in titles.items()
        ),
        below="Whole rollouts by `decide`. A rule that spends its level promotes the version in half of the cases"
        " with 14 retries, for 1 - 0.95^15 is 54 %. Headway's evidence spends less than it may, since harm aborts"
        " most attempts before safety could be shown by luck; but that is luck too, and nothing to promise. With"
        f" alpha / 2^k all retries together stay below {level(both)}, whatever their number.",
    )
    claim = Row(
        what=f"harmful versions promoted within {RETRIES} retries",
        unit="%",
        budget=at_most(both, runs),
        measured=100.0 * share(found["paid"]),
        how=f"{runs} versions at the margin, stated {level(both)} for all retries together; free retries:"
        f" {percent(share(found['free']))}, free retries of one look {percent(share(found['look']))}",
    )
    return (table,), (claim,)
