"""Rules for rollouts: what the wish alone shows to be impossible, whatever the traffic."""

import re
from collections.abc import Iterator, Sequence

from headway.spec.finding import Finding, error
from headway.spec.freeze import fault_of
from headway.spec.guardrail import title
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.quantity import written
from headway.spec.rules.guardrails import guardrail_faults
from headway.spec.yaml import excerpt

__all__ = ["rollout_faults"]

RISING = ("canary", "shadow")
# It takes users on both sides to compare them.
LEAST_SHARE, MOST_SHARE = 1.0, 99.0
# With the newest and stable five versions: each is a model in memory, and sees a part of the users.
MOST_ALSO = 3
VERSION = r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}"
# RFC 9110, section 5.1.
HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}"


def rollout_faults(placed: Placed[Model]) -> Iterator[Finding]:
    """What is wrong with the rollout section."""
    rollout = placed.value.spec.rollout
    for section, asked in (("ab", rollout.ab), ("shadow", rollout.shadow)):
        if asked is not None and rollout.strategy != section:
            at = placed.place("spec", "rollout", section)
            why = f"`{section}` says how `strategy: {section}` works, and the strategy is {rollout.strategy}."
            do = f"Write `strategy: {section}`, or take the section out."
            yield error("E256", "settings of another strategy", at, why=why, do=do)
    if rollout.strategy == "direct":
        return
    if rollout.strategy in RISING:
        yield from _stages(placed)
    yield from _shadow(placed)
    yield from _ab(placed)
    yield from _times(placed)
    yield from guardrail_faults(placed)
    yield from _levels(placed)
    yield from _freezes(placed)


def _stages(placed: Placed[Model]) -> Iterator[Finding]:
    rollout = placed.value.spec.rollout
    stages = rollout.stages
    if not stages:
        at = placed.place("spec", "rollout", "stages")
        why = f"A {rollout.strategy} without a stage never gets a request."
        yield error("E250", "no stage", at, why=why, do="Write `stages: [5, 20, 50]`, say.")
    for number, stage in enumerate(stages):
        at = placed.place("spec", "rollout", "stages", number)
        if stage == 100:
            why = (
                "With all of the traffic nothing is left to compare with; the last stage leads to promotion by itself."
            )
            yield error("E250", "stage of 100 %", at, why=why, do="Take it out.")
        elif not 0 < stage < 100:
            why = f"A stage is the percentage of live traffic that the candidate gets; {stage:g} is none."
            yield error("E250", f"stage of {stage:g} %", at, why=why, do="Write more than 0 and less than 100.")
        elif number and stage <= stages[number - 1]:
            why = (
                f"Each stage is bought with evidence from the one before, and {stage:g} follows {stages[number - 1]:g}."
            )
            yield error("E250", "stages do not rise", at, why=why, do="Write them in rising order, each once.")


def _shadow(placed: Placed[Model]) -> Iterator[Finding]:
    rollout, task = placed.value.spec.rollout, placed.value.spec.task
    asked = rollout.shadow
    if asked is None or rollout.strategy != "shadow":
        return
    least, within = asked.agree_at_least, asked.within
    at = placed.place("spec", "rollout", "shadow", "agree_at_least")
    if least is not None and not 0 < least < 1:
        why = "That two versions always agree is shown by no number of requests, and that they may never says nothing."
        yield error("E254", "agreement without meaning", at, why=why, do="Write `agree_at_least: 98%`, say.")
    elif least is not None and within is None and task.kind == "regression":
        why = "A regression answers numbers, and without `within` only labels are compared."
        yield error("E254", "agreement that compares nothing", at, why=why, do="Add `within`, in units of the label.")
    if within is not None and within < 0:
        at = placed.place("spec", "rollout", "shadow", "within")
        why = "Two numbers are never less than nothing apart."
        yield error("E254", "distance below zero", at, why=why, do="Write 0 or more.")


def _ab(placed: Placed[Model]) -> Iterator[Finding]:
    asked = placed.value.spec.rollout.ab
    if asked is None:
        return
    if not LEAST_SHARE <= asked.share <= MOST_SHARE:
        at = placed.place("spec", "rollout", "ab", "share")
        why = f"With {asked.share:g} % of the users on one side there is nobody, or hardly anybody, to compare with."
        yield error("E250", f"share of {asked.share:g} %", at, why=why, do="Write 1 to 99; 50 decides soonest.")
    if asked.header and not re.fullmatch(HEADER, asked.header):
        at = placed.place("spec", "rollout", "ab", "header")
        why = f"{asked.header!r} is no name of a request header, so no user would be known by it."
        yield error("E257", "header that cannot be", at, why=why, do="Write a name such as `x-user-id`.")
    names = [title(guardrail) for guardrail in placed.value.spec.rollout.guardrails]
    at = placed.place("spec", "rollout", "ab", "better_by")
    if asked.better_by and asked.wins_when == "safe":
        why = "A version that is shown to be safe wins without being better by anything."
        yield error("E254", "`better_by` asks for nothing", at, why=why, do="Leave it out, or `wins_when: safe`.")
    elif asked.better_by and asked.better_by not in names:
        why = f"No guardrail is called '{excerpt(asked.better_by)}', so nothing is ever shown to be better by it."
        do = f"Write the name of one: {', '.join(map(excerpt, names))}."
        yield error("E204", "the experiment never decides", at, why=why, do=do)
    yield from _also(placed, asked.also)


def _also(placed: Placed[Model], also: Sequence[str]) -> Iterator[Finding]:
    """That the versions exist, and may be seen here, is known where the record is."""
    if len(also) > MOST_ALSO:
        at = placed.place("spec", "rollout", "ab", "also")
        why = f"Beside stable and the newest, {len(also)} versions leave each too few users to show anything."
        yield error("E268", "more versions than an experiment holds", at, why=why, do=f"Name {MOST_ALSO} at most.")
    for number, version in enumerate(also):
        at = placed.place("spec", "rollout", "ab", "also", number)
        if not re.fullmatch(VERSION, version, re.ASCII):
            why = f"{version!r} is no version's number, so nobody can be dealt to it."
            yield error("E268", "version that cannot be", at, why=why, do='Write a number such as "1.4.0".')
        elif version in also[:number]:
            why = f"{version} is one version and gets one share of the users."
            yield error("E268", "version twice", at, why=why, do="Take one of them out.")


def _times(placed: Placed[Model]) -> Iterator[Finding]:
    rollout = placed.value.spec.rollout
    window, after = written("seconds", rollout.window), written("seconds", rollout.deadline.after)
    if rollout.window <= 0:
        at = placed.place("spec", "rollout", "window")
        why = "In a window of no length nothing is counted."
        yield error("E251", "no window", at, why=why, do="Write `window: 60s`, say.")
        return
    at = placed.place("spec", "rollout", "deadline", "after")
    if rollout.deadline.after < rollout.window:
        why = f"It ends after {after}, before the first window of {window} is full, so nothing is ever judged."
        do = f"Write `after: {written('seconds', rollout.window * 60)}`, say, or a shorter window."
        yield error("E251", "deadline before the first window", at, why=why, do=do)
        return
    if rollout.deadline.after < rollout.at_least:
        at = placed.place("spec", "rollout", "at_least")
        why = f"It asks for {written('seconds', rollout.at_least)} of counted requests and ends after {after}."
        yield error("E251", "deadline before the least time", at, why=why, do="Shorten one, or lengthen the other.")
        return
    stages = len(rollout.stages) if rollout.strategy in RISING else 1
    needed = rollout.window * stages
    if rollout.deadline.after < needed:
        all_of_them = written("seconds", needed)
        why = f"{stages} stages take a window of {window} each, {all_of_them} in all; it ends after {after}."
        do = "Lengthen `deadline.after`, shorten `window`, or leave out a stage."
        yield error("E204", "the rollout never decides", at, why=why, do=do)


def _freezes(placed: Placed[Model]) -> Iterator[Finding]:
    for number, freeze in enumerate(placed.value.spec.rollout.freeze):
        why = fault_of(freeze)
        if why:
            at = placed.place("spec", "rollout", "freeze", number)
            do = "Write `{begin: fri 16:00, end: mon 08:00}`, say; all times are UTC."
            yield error("E264", "freeze that is no time", at, why=f"{why[0].upper()}{why[1:]}.", do=do)


def _levels(placed: Placed[Model]) -> Iterator[Finding]:
    wrong = placed.value.spec.rollout.wrong_at_most
    for field, share in (("abort", wrong.abort), ("promote", wrong.promote)):
        if not 0 < share <= 0.5:
            at = placed.place("spec", "rollout", "wrong_at_most", field)
            why = f"It is how often a decision may be wrong; {share:.4g} would decide always, or never."
            yield error("E214", f"'{field}' is no level", at, why=why, do="Write `1%` or `5%`, say.")
