"""How a model stands, as a value: Ready, Reconciling or Stalled, with the reason and the command that helps."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from headway.decide.rollout.approval import command
from headway.decide.rollout.reach import false_aborts
from headway.evidence.state import ModelState
from headway.evidence.weights import Split
from headway.plan.action import Action, Assess, Lock, NotAgain, Nothing, Release, Train, Wait
from headway.plan.facts import Facts, Place
from headway.reconcile.ports import Observed
from headway.reconcile.progress import Progress
from headway.spec.release import Served
from headway.spec.rollout import Rollout

Standing = tuple[Literal["Ready", "Reconciling", "Stalled"], str, str]

__all__ = ["Alarm", "ModelStatus", "PlaceStatus", "alarms", "expected_false_aborts", "status_of"]

YEAR_S = 365 * 86_400.0


class PlaceStatus(Struct, frozen=True, kw_only=True):
    """One model in one environment; weights in percent, `ready` as `ready/wanted` replicas by version.

    `also` are versions beside the candidate, `split` is what the weight of each means; `progress` says how a rollout
    goes on, where one does.
    """

    environment: str
    live: bool
    address: str = ""
    stable: str = ""
    candidate: str = ""
    also: tuple[str, ...] = ()
    weights: dict[str, float] = {}
    ready: dict[str, str] = {}
    rollout: str = ""
    split: Split = "answers"
    stage: int = 0
    windows: int = 0
    why: str = ""
    kept: str = ""
    trouble: tuple[str, ...] = ()
    gates: str = ""
    progress: Progress | None = None


class Alarm(Struct, frozen=True, kw_only=True):
    """An alert in a sentence, and the command that helps against it."""

    said: str
    help: str = ""


class ModelStatus(Struct, frozen=True, kw_only=True):
    """One model; `generation` is the commit of main that this speaks of.

    `false_aborts` are those of harmless candidates to expect in a year at most, at the pace of the last one.
    """

    model: str
    state: Literal["Ready", "Reconciling", "Stalled"]
    reason: str
    message: str
    generation: str
    version: str = ""
    hold: str = ""
    alerts: tuple[str, ...] = ()
    false_aborts: float = 0.0
    help: str = ""
    places: tuple[PlaceStatus, ...] = ()


def status_of(  # noqa: PLR0913 - everything that a model's status is about
    facts: Facts,
    actions: Sequence[Action],
    observed: dict[str, Observed],
    *,
    alerts: Sequence[Alarm] = (),
    trouble: str = "",
    expected: float = 0.0,
    progress: Mapping[str, Progress] | None = None,
) -> ModelStatus:
    """Sum up one model from the facts, the next actions, what runs by environment, and the loop's last trouble.

    `progress` is by environment.
    """
    failed: Standing = ("Stalled", "Failed", trouble)
    state, reason, message = failed if trouble else _standing(facts, actions)
    return ModelStatus(
        model=facts.model,
        state=state,
        reason=reason,
        message=message,
        generation=facts.main,
        version=facts.version.version if facts.version else "",
        hold=facts.hold,
        alerts=tuple(alarm.said for alarm in alerts),
        false_aborts=expected,
        help=_help(facts, actions) or next((alarm.help for alarm in alerts if alarm.help), ""),
        places=tuple(
            _place(place, observed.get(place.environment, Observed()), (progress or {}).get(place.environment))
            for place in facts.places
        ),
    )


def alarms(facts: Facts, state: ModelState) -> tuple[Alarm, ...]:
    """The alerts of a model where it serves, and a retraining that is due and held."""
    found = []
    for alert in state.alerts.values():
        place = next((known for known in facts.places if known.environment == alert.environment), None)
        if place and place.stable and not place.retired:
            why = "; ".join(verdict.why for verdict in alert.verdicts)
            said = f"{alert.alerted.monitor} in {alert.environment}: {why}"
            found.append(Alarm(said=said, help=_against(facts.model, place, alert.alerted.monitor)))
    if facts.retraining.state == "held":
        found.append(Alarm(said=f"retraining is held: {facts.retraining.why}"))
    return tuple(found)


def expected_false_aborts(state: ModelState, wish: Rollout, now: float) -> float:
    """How many harmless candidates a year are aborted at most, at the pace of the last one."""
    return false_aborts(
        wish, sum(known.replicas > 0 and now - known.started < YEAR_S for known in state.tries.values())
    )


def _against(model: str, place: Place, monitor: str) -> str:
    """Drift is met by a retraining, which comes by itself or by new data; the others by the version before."""
    if monitor == "drift":
        return f"headway data update {model}"
    return f"headway rollback {model} --env {place.environment}" if place.previous else f"headway logs {model}"


def _standing(facts: Facts, actions: Sequence[Action]) -> Standing:
    """The first that applies: what is under way, what stalls, what is waited for; else ready."""
    moving = [step for step in map(_moving, actions) if step]
    # Whoever decides there: a reader without a key sees the same rollout.
    moving += [_going(place.candidate, place) for place in facts.places if place.candidate]
    stalls: list[Standing] = [
        ("Stalled", reason, why)
        for reason, why in (("SpecRefused", facts.problem), ("TrainingFailed", facts.failed), ("Held", facts.hold))
        if why
    ]
    waits: list[Standing] = [("Reconciling", "Waiting", action.why) for action in actions if isinstance(action, Wait)]
    idle = "; ".join(action.why for action in actions if isinstance(action, Nothing))
    return (moving + stalls + waits + [("Ready", "Converged", idle)])[0]


def _moving(action: Action) -> Standing | None:
    match action:
        case Lock() | NotAgain() | Train() | Release():
            return "Reconciling", type(action).__name__, action.why
        case Assess():
            return "Reconciling", "Assess", f"measuring {action.served.version} for {action.environment}"
        case _:
            return None


def _going(candidate: Served, place: Place) -> Standing:
    return "Reconciling", "Rollout", f"{candidate.version} is on its way in {place.environment}"


def _help(facts: Facts, actions: Sequence[Action]) -> str:
    """The command that a person needs next, or nothing."""
    if facts.problem:
        return "headway check"
    if facts.failed:
        return f"headway logs {facts.model}"
    for place in facts.places:
        if place.rollout and place.awaits:
            return command(place.rollout, place.awaits)
        number = _unapproved(facts, place)
        if number and any(isinstance(action, Wait) for action in actions):
            return f"headway approve {facts.model}@{number} --to {place.environment}"
    return f"headway resume {facts.model}" if facts.hold else ""


def _unapproved(facts: Facts, place: Place) -> str:
    """The first version that waits for a person here: the newest, or one beside it."""
    if not place.approval or facts.version is None:
        return ""
    wanted = ((facts.version.version, place.approved), *((arm.version, arm.approved) for arm in place.arms))
    return next((number for number, approved in wanted if not approved), "")


def _place(place: Place, observed: Observed, progress: Progress | None) -> PlaceStatus:
    rollout = place.rollout
    return PlaceStatus(
        environment=place.environment,
        live=place.live,
        address=observed.address,
        stable=place.stable.version if place.stable else "",
        candidate=place.candidate.version if place.candidate else "",
        also=tuple(served.version for served in place.also),
        weights=dict(observed.weights),
        ready={work.version: f"{work.ready}/{work.wanted}" for work in observed.workloads},
        rollout=rollout.state if rollout else "",
        split=rollout.split if rollout else "answers",
        stage=rollout.stage if rollout else 0,
        windows=len(rollout.windows) if rollout else 0,
        why=rollout.why if rollout else "",
        kept=place.kept.version if place.kept else "",
        trouble=tuple(
            text for text in (observed.unseen, observed.tripped, *(work.trouble for work in observed.workloads)) if text
        ),
        gates=place.gates if place.gates in {"refused", "undecided"} else "",
        progress=progress,
    )
