"""Error rates: how often a harmless canary is aborted, and how soon a bad one (statistics chapter, 4.1 and 4.2)."""

from functools import partial

from bench.decisions.first import Firsts, at_most, deviations, share, standard_error
from bench.decisions.rules import ALPHA, DAY, GUARDRAIL, LIBRARY, guardrail, library, peers, times_run
from bench.decisions.section import Found, Section
from bench.decisions.tables import Table, duration, level, percent, said, verdict
from bench.decisions.traffic import HIGH, LOW, Scenario
from bench.rows import Row
from msgspec import structs

from headway.spec.rollout import Rollout as Wish

__all__ = ["section"]

TOLERATED = "the same, the canary exactly at what is tolerated (1.1 %)"
HARMLESS = {
    "200/s, 60 min": Scenario(),
    "200/s, 24 h": Scenario(windows=DAY),
    "10/s, 60 min": Scenario(per_window=LOW),
    "10/s, 24 h": Scenario(per_window=LOW, windows=DAY),
}
HARMFUL = {
    f"{100.0 * lift * Scenario().base:g} %, {name}": Scenario(per_window=per_window, lift=lift)
    for name, per_window in (("200/s", HIGH), ("10/s", LOW))
    for lift in (1.5, 3.0)
}
ABORT = Wish().wrong_at_most.abort
SPLIT = Scenario().weights[0] / 100.0


def section(part: float) -> Section:
    """Peers run 4,000 times for an hour and 1,000 for a day; ours, window by window, 1,000 and 200 times."""
    jobs = {}
    for seed, (name, world) in enumerate({**HARMLESS, **HARMFUL}.items()):
        many, some = (times_run(runs, part) for runs in ((4000, 1000) if world.windows < DAY else (1000, 200)))
        jobs[f"peers {name}"] = partial(peers, world, many, seed)
        jobs |= {f"{rule} {name}": partial(library, rule, world, some, seed) for rule in LIBRARY}
        jobs[f"{GUARDRAIL} {name}"] = partial(guardrail, world, some, seed)
        if name in HARMLESS:
            jobs[f"{TOLERATED} {name}"] = partial(guardrail, structs.replace(world, lift=1.1), some, seed)
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    theirs = tuple(found[f"peers {next(iter(HARMLESS))}"])
    stated = {**dict.fromkeys(LIBRARY, ALPHA), GUARDRAIL: ABORT, TOLERATED: ABORT}
    quiet = Table(
        title="A harmless canary: how often it is aborted",
        text=f"Stable version and canary fail {level(Scenario().base)} of their requests; the canary has"
        f" {level(SPLIT)} of them for as long as the column says, and nothing is promoted, so that each rule looks as"
        f" often as it can. Asked for is {level(ALPHA)}, of Headway's guardrail {level(ABORT)}; Argo Rollouts cannot"
        " be asked.",
        head=("rule", *HARMLESS),
        rows=(
            *((rule, *(said(*found[f"peers {name}"][rule]) or "-" for name in HARMLESS)) for rule in theirs),
            *(
                (rule, *(verdict(found[f"{rule} {name}"], alpha) for name in HARMLESS))
                for rule, alpha in stated.items()
            ),
        ),
        below=_errors({name: found[f"{GUARDRAIL} {name}"] for name in HARMLESS}),
    )
    mine = (*LIBRARY, GUARDRAIL)
    loud = Table(
        title="A bad canary: how soon it is aborted, and what users saw of it",
        text="Median minute of the abort (in how many of the runs within the hour, where not in nearly all), and the"
        " mean share of all requests of that hour which the bad canary answered (5 % when it is never stopped). Rules"
        " that abort harmless canaries are quick for that reason. Headway's guardrail tolerates 1.1x, and is held to"
        " a fifth of the false aborts that the others may have.",
        head=("rule", *HARMFUL),
        rows=(
            *((rule, *(_soon(found[f"peers {name}"][rule][0]) for name in HARMFUL)) for rule in theirs),
            *((rule, *(_soon(found[f"{rule} {name}"]) for name in HARMFUL)) for rule in mine),
        ),
    )
    return (quiet, loud), tuple(_claim(rule, found) for rule in mine)


def _soon(firsts: Firsts) -> str:
    return duration(firsts, Scenario().windows, SPLIT)


def _errors(firsts: dict[str, Firsts]) -> str:
    """What the shares of our rules are worth."""
    runs = sorted({len(each) for each in firsts.values()})
    told = "; ".join(
        f"in {count:,} runs {percent(standard_error(ABORT, count))} of {level(ABORT)} and"
        f" {percent(standard_error(ALPHA, count))} of {level(ALPHA)}"
        for count in runs
    )
    return f"Standard errors of our rows, {runs[0]:,} runs of a day and {runs[-1]:,} of an hour: {told}."


def _claim(rule: str, found: Found) -> Row:
    """False aborts of one of our rules, with the canary at the border of what is tolerated where there is one."""
    rules, alpha = ((GUARDRAIL, TOLERATED), ABORT) if rule == GUARDRAIL else ((rule,), ALPHA)
    worst = max(
        (found[f"{each} {name}"] for each in rules for name in HARMLESS), key=lambda each: deviations([each], alpha)
    )
    return Row(
        what=f"harmless canaries aborted, {rule.strip('*')}",
        unit="%",
        budget=at_most(alpha, len(worst)),
        measured=100.0 * share(worst),
        how=f"stated {level(alpha)}, {len(worst):,} runs; worst of an hour and a day at 200 and 10 requests a second",
    )
