"""One look at a rollout: the window folded in, the next state, weight and reason.  Moves no traffic, writes nothing.

The caller drops windows in which the weight or the observer changed, stores the rollout that comes back, and only then
moves the weight.  From `promoting` and `aborting` it acts, writes the release, and calls `finish`.
"""

import math
from collections.abc import Collection, Mapping

from msgspec import structs

from headway.decide.rollout.agreement import agreement_asked, agreement_weighed, folded, in_words
from headway.decide.rollout.approval import PROMOTION, command, lacking
from headway.decide.rollout.experiment import looked
from headway.decide.rollout.guardrails.evidence import opened, stage_of, unheard
from headway.decide.rollout.machine import ENDED, LIVE, Event, follow
from headway.decide.rollout.strategy import SPLIT_WRONG_AT_MOST, Sight, Strategy, counted_s, limits
from headway.decide.rollout.table import STRATEGIES
from headway.evidence.stage import Rollout, State, Tally
from headway.evidence.window import Window
from headway.spec.digest import digest_of
from headway.spec.freeze import frozen
from headway.spec.guardrail import matures
from headway.spec.rollout import Rollout as Wish
from headway.stats.ratio import mismatch

__all__ = ["coming", "decide", "finish", "give_up"]

Drawn = tuple[Event, str]
# What gives a weight: a pause, say, leaves it as it is, also where main asks for other stages meanwhile.
RISES: frozenset[Event] = frozenset({"ready", "advance"})
# Weight zero; while promoting the weight stays, and the release that follows makes the candidate the stable version.
OFF: frozenset[State] = frozenset({"waiting", "parked", "aborting", "aborted"})


def decide(  # noqa: PLR0913 - what is wanted, what stands, and everything seen since the last look
    rollout: Rollout,
    wish: Wish,
    window: Window | None,
    *,
    ready: bool,
    now: float,
    paused: bool = False,
    doubt: str = "",
    approved: Mapping[str, Collection[float]] = {},
) -> Rollout:
    """The rollout after this look, at `now` (Unix seconds); the same one when nothing changed.

    `ready`: the candidate is ready at its share of replicas; `doubt`: why the data cannot be trusted now (empty: they
    can); `approved`: by bundle, the weights that a person has approved, 100 for the promotion.  Harm aborts also while
    paused; a window seen in doubt is not counted.  A split of the requests that is not the weights' is a doubt too.
    """
    strategy = STRATEGIES.get(wish.strategy)
    if rollout.state in ENDED or rollout.state in {"promoting", "aborting"}:
        return rollout
    stages = strategy.stages(wish) if strategy else ()
    rollout = _staged(rollout, wish, stages)
    drawn, doubt = None, doubt or _other_way(rollout, wish, strategy)
    if strategy and rollout.state in LIVE and not doubt:
        rollout, drawn = _looked(rollout, wish, strategy, window)
    doubt, cold = doubt or _split_wrong(rollout), frozen(wish.freeze, now)
    if cold and drawn and drawn[0] in {"advance", "safe"}:
        drawn = "window", f"{drawn[1]}; {cold}"
    following = (
        _lost(rollout)
        or _decisive(rollout, drawn, held=paused or bool(doubt))
        or _of_time(rollout, now)
        or _of_state(rollout, strategy, ready=ready and not cold, paused=paused, doubt=doubt)
        or (drawn if drawn and drawn[0] == "window" and rollout.state == "running" else None)
    )
    if following is None:
        return rollout
    moved = _moved(rollout, following, stages)
    risen = PROMOTION if moved.state == "promoting" else moved.weight
    awaits = lacking(wish, approved.get(moved.heir.bundle, ()), risen) if risen > rollout.weight else 0.0
    return _held_back(rollout, moved.why, awaits, now) if awaits else moved


def _held_back(rollout: Rollout, why: str, awaits: float, now: float) -> Rollout:
    """It stays as it is until a person approves its next step, or its deadline comes."""
    held = structs.replace(rollout, why=f"{why}; waits for `{command(rollout, awaits)}`", awaits=awaits)
    late = _of_time(held, now)
    return _moved(held, late, ()) if late else held


def coming(rollout: Rollout, wish: Wish) -> float:
    """The candidate's percent of the traffic: what it has, or gets as soon as it is ready for it.

    >>> from headway.spec.release import Served
    >>> one, two = Served(version="1", bundle="a"), Served(version="2", bundle="b")
    >>> waiting = Rollout(model="m", environment="e", candidate=two, over=one, started=0.0, deadline=1.0)
    >>> coming(waiting, Wish(stages=(5.0, 20.0)))
    5.0
    """
    strategy = STRATEGIES.get(wish.strategy)
    stages = strategy.stages(wish) if strategy else ()
    if rollout.state not in {"waiting", "parked"}:
        return rollout.weight
    return stages[min(rollout.stage, len(stages) - 1)] if stages else 100.0


def give_up(rollout: Rollout, why: str) -> Rollout:
    """A person aborts or rolls back, or a newer candidate takes its place; IllegalMoveError once it has ended."""
    return _moved(rollout, ("given up", why), ())


def finish(rollout: Rollout) -> Rollout:
    """Traffic and Git both say what was decided; IllegalMoveError unless it is promoting or aborting."""
    return structs.replace(_moved(rollout, ("done", rollout.why), ()), weight=100.0 if _promoting(rollout) else 0.0)


def _promoting(rollout: Rollout) -> bool:
    return rollout.state == "promoting"


def _looked(rollout: Rollout, wish: Wish, strategy: Strategy, window: Window | None) -> tuple[Rollout, Drawn | None]:
    """Fold the window in, and what the strategy draws from it; only a window with the stage's weight moves it on."""
    stages = strategy.stages(wish)
    if not stages:
        return rollout, strategy.event(None)
    at = stage_of(stages, window.weight) if window else None
    if window is None or at is None:
        return rollout, None
    if strategy.SPLIT == "users":
        rollout, seen = looked(rollout, wish, window)
        return rollout, _long_enough(_told(seen, wish, strategy, None), rollout, wish)
    tally = folded(_tally(rollout, wish, stages), wish, stages, window)
    rollout = structs.replace(rollout, windows=(*rollout.windows, window), tally=tally)
    drawn = strategy.event(
        Sight(
            tally=tally,
            guardrails=wish.guardrails,
            stage=at,
            stages=len(stages),
            limits=limits(wish, rollout.restarts),
            beside=agreement_weighed(wish, tally),
        )
    )
    if drawn and drawn[0] in {"advance", "safe"}:
        drawn = _now(drawn, wish, window)
    drawn = _long_enough(_told(drawn, wish, strategy, tally), rollout, wish)
    return rollout, drawn if at == rollout.stage or (drawn and drawn[0] == "harm") else None


def _long_enough(drawn: Drawn | None, rollout: Rollout, wish: Wish) -> Drawn | None:
    """No promotion before the least time; harm and stages are not kept waiting."""
    counted = counted_s(rollout.windows)
    if drawn is None or drawn[0] != "safe" or counted >= wish.at_least:
        return drawn
    return "window", f"{drawn[1]}; counted for {counted:.0f} s of at least {wish.at_least:.0f} s"


def _told(drawn: Drawn | None, wish: Wish, strategy: Strategy, tally: Tally | None) -> Drawn | None:
    """With how answers compare where there are two to a request, and what a promotion does not rest on."""
    if drawn is None:
        return None
    what, why = drawn
    pairs = in_words(wish, tally.pairs) if tally and strategy.SPLIT == "copies" else ""
    return what, "; ".join(filter(None, (why, pairs, strategy.REST if what == "safe" else "")))


def _now(drawn: Drawn, wish: Wish, window: Window) -> Drawn:
    """Evidence of earlier windows moves nothing on in one that says nothing: that all went silent may be the harm."""
    asked = [guardrail for guardrail in wish.guardrails if drawn[0] == "safe" or not matures(guardrail)]
    silent = unheard(asked, window)
    return ("window", f"nothing was seen of {silent} in the last window") if silent else drawn


def _tally(rollout: Rollout, wish: Wish, stages: tuple[float, ...]) -> Tally:
    """What was kept; computed again from all windows when the wish has changed since."""
    asked = _asked(wish, stages)
    if rollout.tally and rollout.tally.wish == asked:
        return rollout.tally
    tally = opened(asked, wish.guardrails, rollout.before)
    for window in rollout.windows:
        tally = folded(tally, wish, stages, window)
    return tally


def _asked(wish: Wish, stages: tuple[float, ...]) -> str:
    agreement = agreement_asked(wish)
    return digest_of([wish.guardrails, stages, *([agreement] if agreement else [])])


def _staged(rollout: Rollout, wish: Wish, stages: tuple[float, ...]) -> Rollout:
    """With its place among the stages that main asks for now.

    With traffic its weight says which that is; one that is no stage any more leads to the first (`_other_way`).
    Without traffic the weight that its evidence bought is not known, so other stages begin with the first, too.
    """
    stage = rollout.stage
    if rollout.state in LIVE:
        stage = stage_of(stages, rollout.weight) or 0
    elif stage and rollout.tally and rollout.tally.wish != _asked(wish, stages):
        stage = 0
    return rollout if stage == rollout.stage else structs.replace(rollout, stage=stage)


def _lost(rollout: Rollout) -> Drawn | None:
    if rollout.lost < 2:
        return None
    return "lost", "its state was lost twice, so the test cannot go on"


def _other_way(rollout: Rollout, wish: Wish, strategy: Strategy | None) -> str:
    """Why the test cannot go on as it began: evidence from copies is none for a share of the users, nor the reverse."""
    if strategy is None or not strategy.stages(wish):
        return ""
    if rollout.state in LIVE and stage_of(strategy.stages(wish), rollout.weight) is None:
        return f"main asks for other stages than {rollout.weight:g} % now; it goes on at the first of them"
    if rollout.split == strategy.SPLIT:
        return ""
    ways = {
        "answers": "answering requests",
        "copies": "answering copies of requests",
        "users": "answering a share of the users",
    }
    return f"it began {ways[rollout.split]}, and main asks for {ways[strategy.SPLIT]} now; a new start takes it up"


def _split_wrong(rollout: Rollout) -> str:
    """Why the counts cannot be compared: the requests were not split by chance as the weights say.

    Nothing cures it by itself, for what was counted stays in doubt; so it ends at the deadline, or by a person.
    """
    if rollout.experiment and rollout.experiment.uneven:
        return "users are not split as intended, so the versions cannot be compared"
    evidence = mismatch(rollout.tally.ratio) if rollout.tally else 0.0
    if evidence < math.log(1.0 / SPLIT_WRONG_AT_MOST):
        return ""
    times = f"{math.exp(min(evidence, 700.0)):.3g}x"
    return f"requests are not split as the weights say (evidence of {times}), so the versions cannot be compared"


def _decisive(rollout: Rollout, drawn: Drawn | None, *, held: bool) -> Drawn | None:
    """Harm counts in every state with traffic; progress only while running, and not under a pause or a doubt."""
    if drawn is None or drawn[0] == "window":
        return None
    return drawn if drawn[0] == "harm" or (rollout.state == "running" and not held) else None


def _of_time(rollout: Rollout, now: float) -> Drawn | None:
    if now < rollout.deadline:
        return None
    return "deadline", f"not decided by its deadline; last: {rollout.why or 'nothing was seen'}"


def _of_state(rollout: Rollout, strategy: Strategy | None, *, ready: bool, paused: bool, doubt: str) -> Drawn | None:
    match rollout.state:
        case "waiting" if strategy and ready and not (paused or doubt):
            return "ready", "the candidate is ready"
        case "running" | "paused" if doubt:
            return "doubt", doubt
        case "running" if paused:
            return "pause", "paused by a person"
        case "paused" if not paused:
            return "resume", "resumed by a person"
        case "parked" if not doubt:
            return "cured", "the doubt is cured"
        case _:
            return None


def _moved(rollout: Rollout, drawn: Drawn, stages: tuple[float, ...]) -> Rollout:
    event, why = drawn
    state = follow(rollout.state, event)
    stage = rollout.stage + 1 if event == "advance" else rollout.stage
    weight = rollout.weight
    if state in OFF:
        weight = 0.0
    elif event in RISES and stages:
        weight = stages[min(stage, len(stages) - 1)]
    # A window that said nothing new leaves what is waited for.
    awaits = rollout.awaits if (state, why) == (rollout.state, rollout.why) else 0.0
    expired = rollout.expired or event == "deadline"
    return structs.replace(rollout, state=state, stage=stage, weight=weight, why=why, awaits=awaits, expired=expired)
