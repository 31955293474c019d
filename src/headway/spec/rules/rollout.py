"""Rules for rollouts: what the wish alone shows to be impossible, whatever the traffic."""

from collections.abc import Iterator

from headway.spec.finding import Finding, error, warning
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.quantity import written
from headway.spec.rollout import ErrorGuardrail, LatencyGuardrail

__all__ = ["rollout_faults"]

# Latencies are counted in buckets of 1.25^k ms (decision 0132), so a smaller margin cannot be seen.
LATENCY_STEP = 1.25
COMING = ("ab", "shadow")


def rollout_faults(placed: Placed[Model]) -> Iterator[Finding]:
    """What is wrong with the rollout section."""
    rollout = placed.value.spec.rollout
    if rollout.strategy in COMING:
        at = placed.place("spec", "rollout", "strategy")
        why = f"`{rollout.strategy}` comes with a later version; a rollout by it would never start."
        do = "Write `strategy: canary`, which compares with the live version on live traffic, too."
        yield error("E252", f"strategy '{rollout.strategy}' cannot run yet", at, why=why, do=do)
    if rollout.strategy not in {"canary", "blue-green"}:
        return
    if rollout.strategy == "canary":
        yield from _stages(placed)
    yield from _times(placed)
    yield from _guardrails(placed)
    yield from _levels(placed)


def _stages(placed: Placed[Model]) -> Iterator[Finding]:
    stages = placed.value.spec.rollout.stages
    if not stages:
        at = placed.place("spec", "rollout", "stages")
        why = "A canary without a stage never gets a request."
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
    stages = len(rollout.stages) if rollout.strategy == "canary" else 1
    needed = rollout.window * stages
    if rollout.deadline.after < needed:
        all_of_them = written("seconds", needed)
        why = f"{stages} stages take a window of {window} each, {all_of_them} in all; it ends after {after}."
        do = "Lengthen `deadline.after`, shorten `window`, or leave out a stage."
        yield error("E204", "the rollout never decides", at, why=why, do=do)


def _guardrails(placed: Placed[Model]) -> Iterator[Finding]:
    rollout = placed.value.spec.rollout
    at = placed.place("spec", "rollout", "guardrails")
    if not rollout.guardrails:
        why = "It has no guardrail, and nothing is shown by comparing nothing, so it ends at its deadline."
        do = "Add a guardrail such as `{errors: rate}`, or release with `strategy: direct`."
        yield error("E204", "the rollout never decides", at, why=why, do=do)
    for number, guardrail in enumerate(rollout.guardrails):
        yield from _guardrail(placed, number, guardrail)
        if any(_name(each) == _name(guardrail) for each in rollout.guardrails[:number]):
            at = placed.place("spec", "rollout", "guardrails", number)
            why = "Both share the rate of false aborts, so each sees less."
            yield warning("E255", f"guardrail '{_name(guardrail)}' twice", at, why=why, do="Keep the stricter one.")


def _guardrail(placed: Placed[Model], number: int, guardrail: ErrorGuardrail | LatencyGuardrail) -> Iterator[Finding]:
    def at(field: str) -> tuple[str | int, ...]:
        return ("spec", "rollout", "guardrails", number, field)

    margin, tolerate = guardrail.worse_by_at_most, guardrail.tolerate
    name = _name(guardrail)
    for field, factor in (("worse_by_at_most", margin), ("tolerate", tolerate)):
        if factor < 1:
            why = f"{factor:g}x asks every version to be better than the one before, which none can be for ever."
            do = "Write 1x or more; what must be better belongs into `gates`."
            yield error("E254", f"guardrail '{name}' can never pass", placed.place(*at(field)), why=why, do=do)
            return
    if tolerate > margin:
        why = f"Harm begins at {tolerate:g}x and safety ends at {margin:g}x; between them nothing decides."
        do = "Write a smaller `tolerate`, or a larger `worse_by_at_most`."
        yield warning("E253", f"guardrail '{name}' has a gap", placed.place(*at("tolerate")), why=why, do=do)
    if isinstance(guardrail, LatencyGuardrail):
        if margin < LATENCY_STEP * (1 - 1e-9):
            why = f"Latencies are counted in steps of {LATENCY_STEP:g}x, so a margin of {margin:g}x cannot be seen."
            do = f"Write `worse_by_at_most: {LATENCY_STEP:g}x` or more."
            where = placed.place(*at("worse_by_at_most"))
            yield error("E204", f"guardrail '{name}' never decides", where, why=why, do=do)
    elif margin == 1 and guardrail.floor == 0:
        why = "Without a margin only a version that fails less often could be shown to be safe; an equal one cannot."
        do = "Write `worse_by_at_most: 1.5x`, or a floor such as `0.5pp`."
        where = placed.place(*at("worse_by_at_most"))
        yield error("E204", f"guardrail '{name}' never decides", where, why=why, do=do)
    elif max(guardrail.floor, guardrail.tolerate_floor) >= 1:
        field = "floor" if guardrail.floor >= 1 else "tolerate_floor"
        why = "No version fails more than all of its requests, so this floor lets every one through."
        yield error("E254", "guardrail 'errors' can never fail", placed.place(*at(field)), why=why, do="Write `0.5pp`.")
    elif guardrail.tolerate_floor > guardrail.floor > 0:
        why = "Harm begins beyond `tolerate_floor` and safety ends at `floor`; between them nothing decides."
        do = "Write a smaller `tolerate_floor`, or a larger `floor`."
        yield warning("E253", "guardrail 'errors' has a gap", placed.place(*at("tolerate_floor")), why=why, do=do)


def _name(guardrail: ErrorGuardrail | LatencyGuardrail) -> str:
    return f"latency {guardrail.latency}" if isinstance(guardrail, LatencyGuardrail) else "errors"


def _levels(placed: Placed[Model]) -> Iterator[Finding]:
    wrong = placed.value.spec.rollout.wrong_at_most
    for field, share in (("abort", wrong.abort), ("promote", wrong.promote)):
        if not 0 < share <= 0.5:
            at = placed.place("spec", "rollout", "wrong_at_most", field)
            why = f"It is how often a decision may be wrong; {share:.4g} would decide always, or never."
            yield error("E214", f"'{field}' is no level", at, why=why, do="Write `1%` or `5%`, say.")
