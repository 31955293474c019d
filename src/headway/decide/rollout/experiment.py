"""Judges an experiment between users, at looks that lie ever further apart.  Knows no traffic and no state.

Users are dealt by a hash, so they are the units: each metric's error is known from random groups of users, not from
requests.  The k-th look is judged at alpha/(k(k+1)), so that all looks together keep to alpha; of N versions each is
compared with stable, at an N-th of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from headway.decide.conclude import Rule, conclude
from headway.decide.rollout.compare import Compared, Counted, Level, comparison
from headway.decide.rollout.machine import Event
from headway.decide.rollout.strategy import SPLIT_WRONG_AT_MOST
from headway.evidence.experiment import Dropped, Experiment, summed
from headway.evidence.stage import Rollout
from headway.evidence.verdict import Answer, Inputs, Verdict
from headway.evidence.window import Arm, Window, total
from headway.spec.digest import digest_of
from headway.spec.experiment import Ab
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail, MetricGuardrail, title
from headway.spec.rollout import Rollout as Wish
from headway.spec.rollout import WrongAtMost
from headway.stats.clusters import uneven
from headway.stats.intervals import Interval
from headway.stats.spending import spent

__all__ = ["RULES", "Trial", "experiment_verdict", "looked", "trials"]

G = TypeVar("G")

# Windows between looks grow by this factor: early harm is seen early, and few looks share the level.
FURTHER = 1.5


class Trial(Struct, frozen=True, kw_only=True):
    """One version beside stable: its metrics at its last look, and what they show."""

    version: str
    compared: tuple[Compared, ...]
    dropped: Dropped | None
    harm: bool
    won: bool


class Experimented(Struct, frozen=True, kw_only=True):
    """Inputs of `ab/1` (one candidate) and `ab/2` (several): what was asked, by which versions, and the sums."""

    name: str
    control: str
    candidate: str
    also: tuple[str, ...] = ()
    ab: Ab
    errors: tuple[ErrorGuardrail, ...]
    latencies: tuple[LatencyGuardrail, ...]
    metrics: tuple[MetricGuardrail, ...] = ()
    others: int
    wrong_at_most: WrongAtMost
    restarts: int
    sums: Experiment


def looked(rollout: Rollout, wish: Wish, window: Window) -> tuple[Rollout, tuple[Event, str] | None]:
    """A window added to the sums, and what they show if it is time for a look: some windows later, or at the end.

    Of several versions one that is worse leaves the experiment, and the others go on.
    """
    if window.groups is None:
        return rollout, None
    ab = wish.ab or Ab()
    asked = digest_of([ab, wish.guardrails])
    sums = rollout.experiment or Experiment(wish=asked)
    if sums.wish != asked or sums.edges_ms not in {(), window.edges_ms}:
        # Other users, or other questions; what was spent by looks stays spent, and who left has left.
        sums = Experiment(wish=asked, looks=sums.looks, dropped=sums.dropped)
    sums = structs.replace(
        sums,
        windows=sums.windows + 1,
        edges_ms=window.edges_ms,
        control=summed(sums.control, window.groups.control),
        candidate=summed(sums.candidate, window.groups.candidate),
        others={
            version: summed(sums.others.get(version, ()), groups) for version, groups in window.groups.others.items()
        },
    )
    # Groups are summed up at once, or a record would hold them a thousand times.
    kept = (*rollout.windows, structs.replace(window, groups=None))
    last = window.end + wish.window > rollout.deadline
    if sums.windows < max(sums.looked + 1, FURTHER * sums.looked) and not last:
        return structs.replace(rollout, windows=kept, experiment=sums), ("window", rollout.why)
    sums = structs.replace(sums, looks=sums.looks + 1, looked=sums.windows)
    sums = structs.replace(sums, uneven=sums.uneven or _uneven(sums, ab, rollout))
    rollout = structs.replace(rollout, windows=kept, experiment=sums)
    shown = trials(rollout, wish)
    if rollout.also:
        left = [_left(sums, trial.version) for trial in shown if trial.harm and not trial.dropped]
        sums = structs.replace(sums, dropped=(*sums.dropped, *left))
    won = _winner(shown, ab)
    heir = next((arm for arm in rollout.arms if won and arm.version == won.version), None)
    rollout = structs.replace(rollout, experiment=sums, winner=heir)
    found = experiment_verdict(rollout, wish)
    events: Mapping[Answer, Event] = {Answer.PASS: "safe", Answer.FAIL: "harm"}
    groups = (window.groups.control, window.groups.others.get(rollout.heir.version, window.groups.candidate))
    silent = _unheard(_of(wish, MetricGuardrail), groups)
    if found.answer is Answer.PASS and silent:
        return rollout, ("window", f"{found.why}; nothing was seen of {silent} in the last window")
    return rollout, (events.get(found.answer, "window"), found.why)


def _unheard(metrics: Sequence[MetricGuardrail], groups: Sequence[Sequence[Arm]]) -> str:
    """The first metric of the team of which nothing was counted at a version; that it fell silent may be the harm."""
    sums = [total(arms).metrics for arms in groups]
    return next((title(guard) for at, guard in enumerate(metrics) if any(not arm[at].of for arm in sums)), "")


def _uneven(sums: Experiment, ab: Ab, rollout: Rollout) -> bool:
    """Is any version's number of requests not what its share of the users makes of stable's?"""
    share, level = ab.share / len(rollout.arms), spent(SPLIT_WRONG_AT_MOST, sums.looks) / len(rollout.arms)
    part = share / (share + 100.0 - ab.share)
    theirs = [group.starts for group in sums.control]
    return any(
        uneven([group.starts for group in _beside(sums, arm.version).candidate], theirs, part, level)
        for arm in rollout.arms
        if arm.version not in rollout.dropped
    )


def experiment_verdict(rollout: Rollout, wish: Wish) -> Verdict:
    """What the sums say: pass (a version won), fail (harm by each of them), undecided (no winner)."""
    seen = msgspec.to_builtins(_experimented(rollout, wish))
    return ab_2(seen) if rollout.also else ab_1(seen)


def trials(rollout: Rollout, wish: Wish) -> Sequence[Trial]:
    """Each version of an experiment beside stable, as it stood at its last look; none before the first."""
    sums = rollout.experiment
    return _trials(_experimented(rollout, wish), sums.looks) if sums and sums.looks else ()


def _experimented(rollout: Rollout, wish: Wish) -> Experimented:
    errors, latencies = _of(wish, ErrorGuardrail), _of(wish, LatencyGuardrail)
    metrics = _of(wish, MetricGuardrail)
    return Experimented(
        name=f"experiment of {', '.join(arm.version for arm in rollout.arms)}",
        control=rollout.over.version,
        candidate=rollout.candidate.version,
        also=tuple(arm.version for arm in rollout.also),
        ab=wish.ab or Ab(),
        errors=errors,
        latencies=latencies,
        metrics=metrics,
        others=len(wish.guardrails) - len(errors) - len(latencies) - len(metrics),
        wrong_at_most=wish.wrong_at_most,
        restarts=rollout.restarts,
        sums=rollout.experiment or Experiment(wish=""),
    )


def _of(wish: Wish, kind: type[G]) -> tuple[G, ...]:
    return tuple(guard for guard in wish.guardrails if isinstance(guard, kind))


def ab_1(inputs: Inputs) -> Verdict:
    """Harm by any metric fails; safe by all, and better by one if that is asked, passes; else undecided."""
    return _judged("ab/1", msgspec.convert(inputs, Experimented))


def ab_2(inputs: Inputs) -> Verdict:
    """As `ab/1` for each of several versions at its part of the levels: one that won passes, harm by all fails."""
    return _judged("ab/2", msgspec.convert(inputs, Experimented))


def _judged(rule: str, seen: Experimented) -> Verdict:
    sums = seen.sums
    # Sums that grew since the last look are one more look.
    look = sums.looks + (sums.windows > sums.looked or sums.looks == 0)
    trials = _trials(seen, look)
    won = _winner(trials, seen.ab)
    answer = Answer.FAIL if all(trial.harm for trial in trials) else Answer.PASS if won else Answer.UNDECIDED
    told = "; ".join(words for trial in trials if (words := _in_words(trial, seen))) or "nothing was counted for both"
    why = f"{_outcome(answer, won, seen)} at look {look}, after {sums.windows} windows: {told}"
    numbers = {"look": float(look), "windows": float(sums.windows)}
    for trial in trials:
        for each in trial.compared:
            beside = f" beside {trial.version}" if trial.dropped else ""
            difference = f"{trial.version} difference" if seen.also else "difference"
            arms = (
                (f"{seen.control}{beside}", each.control),
                (trial.version, each.candidate),
                (difference, each.difference),
            )
            for arm, told_of in arms:
                key = f"{each.name} {arm}"
                numbers |= {key: told_of.point, f"{key} low": told_of.low, f"{key} high": told_of.high}
    return conclude(rule, seen, answer, numbers=numbers, why=why)


def _outcome(answer: Answer, won: Trial | None, seen: Experimented) -> str:
    if answer is Answer.FAIL:
        worse = f"{', '.join((seen.candidate, *seen.also))} are" if seen.also else f"{seen.candidate} is"
        return f"{seen.control} wins, {worse} worse"
    return f"{won.version} wins" if won else "no winner"


def _trials(seen: Experimented, look: int) -> list[Trial]:
    """Each version beside stable, in their order; one that was dropped as it stood at its last look."""
    return [_trial(seen, version, look) for version in (seen.candidate, *seen.also)]


def _trial(seen: Experimented, version: str, look: int) -> Trial:
    kinds: tuple[Sequence[Counted], ...] = (seen.errors, seen.latencies, seen.metrics)
    guards = [guard for kind in kinds for guard in kind]
    dropped = next((each for each in seen.sums.dropped if each.version == version), None)
    sums, at = _beside(seen.sums, version), dropped.look if dropped else look
    compared = [
        found
        for kind in kinds
        for number, guard in enumerate(kind)
        if (found := comparison(guard, number, sums, _level(guard, guards, seen, at)))
    ]
    # What has no counts by users shows no safety.
    whole = bool(compared) and len(compared) == len(guards) + seen.others
    harm = dropped is not None or any(each.harm for each in compared)
    safe = whole and not harm and all(each.safe for each in compared)
    won = safe and (seen.ab.wins_when == "safe" or any(each.better for each in _leading(compared, seen.ab)))
    return Trial(version=version, compared=tuple(compared), dropped=dropped, harm=harm, won=won)


def _leading(compared: Iterable[Compared], ab: Ab) -> list[Compared]:
    """The metrics by which a version may be the better one."""
    return [each for each in compared if ab.better_by in {"", each.guardrail}]


def _winner(trials: Sequence[Trial], ab: Ab) -> Trial | None:
    """Of those that have won, the one that some metric shows to be better most clearly."""
    return max((trial for trial in trials if trial.won), key=lambda trial: _clearly(trial, ab), default=None)


def _clearly(trial: Trial, ab: Ab) -> float:
    """How far on the better side of stable's its best metric is, in widths of its interval."""
    return max(
        (
            (each.difference.point if each.fewer else -each.difference.point)
            / (each.difference.high - each.difference.low)
            for each in _leading(trial.compared, ab)
        ),
        default=0.0,
    )


def _beside(sums: Experiment, version: str) -> Experiment:
    """The sums of one version and of stable: until now, or until it was dropped."""
    for dropped in sums.dropped:
        if dropped.version == version:
            return structs.replace(
                sums, edges_ms=dropped.edges_ms, control=dropped.control, candidate=dropped.candidate
            )
    # Who is none of the others is the newest.
    return structs.replace(sums, candidate=sums.others.get(version, sums.candidate))


def _left(sums: Experiment, version: str) -> Dropped:
    own = _beside(sums, version)
    return Dropped(
        version=version,
        look=sums.looks,
        windows=sums.windows,
        edges_ms=own.edges_ms,
        control=own.control,
        candidate=own.candidate,
    )


def _level(guard: Counted, guards: Sequence[Counted], seen: Experimented, look: int) -> Level:
    """Intervals have two sides, of which each question asks about one.

    Safety is asked of all, being better of any, unless one is named.  Each of several versions has its part of both
    levels (Bonferroni).
    """
    halved = 2.0**seen.restarts * (1 + len(seen.also))
    part = guard.share / sum(each.share for each in guards)
    safe = 2.0 * spent(seen.wrong_at_most.promote / halved, look)
    return Level(
        harm=2.0 * spent(seen.wrong_at_most.abort / halved * part, look),
        safe=safe,
        better=safe / (1 if seen.ab.better_by else len(guards)),
    )


def _in_words(trial: Trial, seen: Experimented) -> str:
    def told(found: Interval) -> str:
        return f"{found.point:.2%} [{found.low:.2%}, {found.high:.2%}]"

    left = f"{trial.version} dropped at look {trial.dropped.look}: " if trial.dropped else ""
    return left + "; ".join(
        f"{each.name} {told(each.control)} for {seen.control}, {told(each.candidate)} for {trial.version}, "
        f"difference {told(each.difference)}"
        for each in trial.compared
    )


RULES: Mapping[str, Rule] = {"ab/1": ab_1, "ab/2": ab_2}
