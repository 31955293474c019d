"""Judges an experiment between users, at looks that lie ever further apart.  Knows no traffic and no state.

Users are dealt by a hash, so they are the units: each metric's error is known from random groups of users, not from
requests.  The k-th look is judged at alpha/(k(k+1)), so that all looks together keep to alpha.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from msgspec import Struct, structs

from headway.decide.conclude import Rule, conclude
from headway.decide.rollout.guardrails.latency import LEVELS, scaled
from headway.decide.rollout.machine import Event
from headway.evidence.experiment import Experiment, summed
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.evidence.window import Arm, Window, total
from headway.spec.digest import digest_of
from headway.spec.experiment import Ab
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail, title
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import WrongAtMost
from headway.stats.clusters import Clustered, clustered, difference, uneven
from headway.stats.intervals import Interval
from headway.stats.spending import spent

__all__ = ["RULES", "experiment_verdict", "looked"]

# Windows between looks grow by this factor: early harm is seen early, and few looks share the level.
FURTHER = 1.5
SPLIT_WRONG_AT_MOST = 0.01

# Kinds of guardrails that are counted by groups of users.
Counted: TypeAlias = ErrorGuardrail | LatencyGuardrail


class Compared(Struct, frozen=True, kw_only=True):
    """One metric: both arms and their difference with intervals, and what they show."""

    name: str
    control: Interval
    candidate: Interval
    difference: Interval
    harm: bool
    safe: bool
    better: bool


class Experimented(Struct, frozen=True, kw_only=True):
    """Inputs of `ab/1`: what was asked, by which versions, and the sums that were counted."""

    name: str
    control: str
    candidate: str
    ab: Ab
    errors: tuple[ErrorGuardrail, ...]
    latencies: tuple[LatencyGuardrail, ...]
    others: int
    wrong_at_most: WrongAtMost
    restarts: int
    sums: Experiment


class Level(Struct, frozen=True, kw_only=True):
    """How often a look may be wrong: about harm by this metric, about its safety, about its being better."""

    harm: float
    safe: float
    better: float


def looked(rollout: Rollout, wish: Wish, window: Window) -> tuple[Rollout, tuple[Event, str] | None]:
    """A window added to the sums, and what they show if it is time for a look: some windows later, or at the end."""
    if window.groups is None:
        return rollout, None
    ab = wish.ab or Ab()
    asked = digest_of([ab, wish.guardrails])
    sums = rollout.experiment or Experiment(wish=asked)
    if sums.wish != asked or sums.edges_ms not in {(), window.edges_ms}:
        # Other users, or other questions; what was spent by looks stays spent.
        sums = Experiment(wish=asked, looks=sums.looks)
    sums = structs.replace(
        sums,
        windows=sums.windows + 1,
        edges_ms=window.edges_ms,
        control=summed(sums.control, window.groups.control),
        candidate=summed(sums.candidate, window.groups.candidate),
    )
    # Groups are summed up at once, or a record would hold them a thousand times.
    kept = (*rollout.windows, structs.replace(window, groups=None))
    last = window.end + wish.window > rollout.deadline
    if sums.windows < max(sums.looked + 1, FURTHER * sums.looked) and not last:
        return structs.replace(rollout, windows=kept, experiment=sums), ("window", rollout.why)
    mine, theirs = ([group.starts for group in groups] for groups in (sums.candidate, sums.control))
    wrong = uneven(mine, theirs, ab.share / 100.0, spent(SPLIT_WRONG_AT_MOST, sums.looks + 1))
    sums = structs.replace(sums, looks=sums.looks + 1, looked=sums.windows, uneven=sums.uneven or wrong)
    rollout = structs.replace(rollout, windows=kept, experiment=sums)
    found = experiment_verdict(rollout, wish)
    events: Mapping[Answer, Event] = {Answer.PASS: "safe", Answer.FAIL: "harm"}
    return rollout, (events.get(found.answer, "window"), found.why)


def experiment_verdict(rollout: Rollout, wish: Wish) -> Verdict:
    """What the sums say: pass (the candidate won), fail (harm), undecided (no winner)."""
    errors = tuple(guard for guard in wish.guardrails if isinstance(guard, ErrorGuardrail))
    latencies = tuple(guard for guard in wish.guardrails if isinstance(guard, LatencyGuardrail))
    seen = Experimented(
        name=f"experiment of {rollout.candidate.version}",
        control=rollout.over.version,
        candidate=rollout.candidate.version,
        ab=wish.ab or Ab(),
        errors=errors,
        latencies=latencies,
        others=len(wish.guardrails) - len(errors) - len(latencies),
        wrong_at_most=wish.wrong_at_most,
        restarts=rollout.restarts,
        sums=rollout.experiment or Experiment(wish=""),
    )
    return ab_1(msgspec.to_builtins(seen))


def ab_1(inputs: Inputs) -> Verdict:
    """Harm by any metric fails; safe by all, and better by one if that is asked, passes; else undecided."""
    seen = msgspec.convert(inputs, Experimented)
    sums, guards = seen.sums, tuple[Counted, ...]((*seen.errors, *seen.latencies))
    # Sums that grew since the last look are one more look.
    look = sums.looks + (sums.windows > sums.looked or sums.looks == 0)
    compared = [found for guard in guards if (found := _compared(guard, sums, _level(guard, guards, seen, look)))]
    # What has no counts by users shows no safety.
    whole = bool(compared) and len(compared) == len(guards) + seen.others
    safe = whole and all(each.safe for each in compared)
    won = safe and (seen.ab.wins_when == "safe" or any(each.better for each in compared))
    harm = any(each.harm for each in compared)
    answer = Answer.FAIL if harm else Answer.PASS if won else Answer.UNDECIDED
    outcome = {Answer.FAIL: f"{seen.control} wins, {seen.candidate} is worse", Answer.PASS: f"{seen.candidate} wins"}
    told = "; ".join(_in_words(each, seen) for each in compared) or "nothing was counted for both"
    why = f"{outcome.get(answer, 'no winner')} at look {look}, after {sums.windows} windows: {told}"
    numbers = {"look": float(look), "windows": float(sums.windows)}
    for each in compared:
        arms = ((seen.control, each.control), (seen.candidate, each.candidate), ("difference", each.difference))
        for arm, told_of in arms:
            key = f"{each.name} {arm}"
            numbers |= {key: told_of.point, f"{key} low": told_of.low, f"{key} high": told_of.high}
    return conclude("ab/1", seen, answer, numbers=numbers, why=why)


def _level(guard: Counted, guards: Sequence[Counted], seen: Experimented, look: int) -> Level:
    """Intervals have two sides, of which each question asks about one; safety is asked of all, being better of any."""
    halved = 2.0**seen.restarts
    part = guard.share / sum(each.share for each in guards)
    safe = 2.0 * spent(seen.wrong_at_most.promote / halved, look)
    return Level(harm=2.0 * spent(seen.wrong_at_most.abort / halved * part, look), safe=safe, better=safe / len(guards))


def _compared(guard: Counted, sums: Experiment, level: Level) -> Compared | None:
    """None where there is nothing to compare: no request in one arm, or no latencies."""
    if min(total(sums.control).starts, total(sums.candidate).starts) == 0:
        return None
    return _errors(guard, sums, level) if isinstance(guard, ErrorGuardrail) else _latency(guard, sums, level)


def _errors(guard: ErrorGuardrail, sums: Experiment, level: Level) -> Compared:
    control, mine = (
        clustered([group.errors for group in groups], [group.starts for group in groups])
        for groups in (sums.control, sums.candidate)
    )
    by_ratio = difference(mine, control, level.harm, by=guard.tolerate).low
    by_offset = difference(mine, control, level.harm).low - guard.tolerate_floor
    # Within either line will do, so they share the level.
    in_ratio = difference(mine, control, level.safe / 2, by=guard.worse_by_at_most).high
    in_offset = difference(mine, control, level.safe / 2).high - guard.floor
    shows = {"harm": min(by_ratio, by_offset) > 0, "safe": min(in_ratio, in_offset) < 0}
    return _told(title(guard), control, mine, level, shows)


def _latency(guard: LatencyGuardrail, sums: Experiment, level: Level) -> Compared | None:
    """Shares of slow requests; a margin scales the edge."""
    seen, edges = total(sums.control), sums.edges_ms
    if not edges or len(seen.slower) != len(edges):
        return None
    least = (1.0 - LEVELS[guard.latency][-1]) * seen.starts
    at = max((at for at, slow in enumerate(seen.slower) if slow >= least), default=0)
    over, under = scaled(guard, edges, edges[at])
    control = _slow(sums.control, at)
    shows = {
        "harm": over is not None and difference(_slow(sums.candidate, over), control, level.harm).low > 0,
        "safe": difference(_slow(sums.candidate, under), control, level.safe).high < 0,
    }
    return _told(f"slower than {edges[at]:.3g} ms", control, _slow(sums.candidate, at), level, shows)


def _slow(groups: Sequence[Arm], at: int) -> Clustered:
    """A request that began in one window may end in the next, so that slow ones can outnumber starts."""
    slow = [group.slower[at] for group in groups]
    return clustered(slow, [max(group.starts, bad) for group, bad in zip(groups, slow, strict=True)])


def _told(name: str, control: Clustered, mine: Clustered, level: Level, shows: Mapping[str, bool]) -> Compared:
    return Compared(
        name=name,
        control=_alone(control, level.safe / 2),
        candidate=_alone(mine, level.safe / 2),
        difference=difference(mine, control, level.safe / 2),
        harm=shows["harm"],
        safe=shows["safe"],
        better=difference(mine, control, level.better).high < 0,
    )


def _alone(rate: Clustered, alpha: float) -> Interval:
    """A rate with its own interval, as far as rates go."""
    found = difference(rate, Clustered(rate=0.0, variance=0.0, degrees=rate.degrees), alpha)
    return Interval(point=found.point, low=max(0.0, found.low), high=min(1.0, found.high))


def _in_words(each: Compared, seen: Experimented) -> str:
    def told(found: Interval) -> str:
        return f"{found.point:.2%} [{found.low:.2%}, {found.high:.2%}]"

    return (
        f"{each.name} {told(each.control)} for {seen.control}, {told(each.candidate)} for {seen.candidate}, "
        f"difference {told(each.difference)}"
    )


RULES: Mapping[str, Rule] = {"ab/1": ab_1}
