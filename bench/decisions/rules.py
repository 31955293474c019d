"""The rules about errors, by name: the peers' on arrays, and ours, window after window."""

from collections.abc import Callable, Mapping

from bench.decisions import ours
from bench.decisions.first import Firsts
from bench.decisions.peers import argo, fixed, kayenta, mixtures
from bench.decisions.tables import level
from bench.decisions.traffic import Scenario, Traffic, simulate

from headway.spec.rollout import Rollout as Wish

__all__ = ["ALPHA", "DAY", "GUARDRAIL", "LIBRARY", "guardrail", "library", "peers", "times_run"]

# What the peers' rules are asked for, where they can be asked; and the spread of effects that mSPRT expects.
ALPHA, TAU = 0.05, 0.005
DAY = 1440
GUARDRAIL = f"**Headway: guardrail `errors` at its defaults, {level(Wish().wrong_at_most.abort)}**"
# What `headway.stats` offers, asked as the peers are: nothing tolerated, the same level.
LIBRARY: Mapping[str, Callable[[Traffic, float], Firsts]] = {
    "Headway: 2x2 e-process, nothing tolerated": lambda seen, _: ours.e_process(seen, ALPHA),
    "Headway: window score": lambda seen, base: ours.window_score(seen, ALPHA, base, robust=False),
    "Headway: window score, between windows": lambda seen, base: ours.window_score(seen, ALPHA, base, robust=True),
}


def times_run(runs: int, part: float) -> int:
    """A part of so many runs, though never so few that nothing could be seen."""
    return max(20, round(runs * part))


def peers(world: Scenario, runs: int, seed: int) -> dict[str, tuple[Firsts, ...]]:
    """When each peer's rule speaks; two numbers are the harm side and either side, none: not run for so long."""
    seen = simulate(world, runs, seed)
    z, together, values = fixed.z_so_far(seen), mixtures.pooled(seen), seen.bad / seen.of
    short = world.windows < DAY
    return {
        "naive z, cumulative, every window": (fixed.every_window(z, ALPHA),),
        "naive z, last window": (fixed.last_window(seen, ALPHA),),
        "one look at the end": (fixed.one_look(z, ALPHA),),
        "group sequential, 12 looks": (fixed.group_sequential(z, ALPHA),) if short else (),
        **{
            f"Argo, below {times:g}x base, failureLimit {limit}": (argo.aborts(values, times * world.base, limit),)
            for times, limit in ((1.5, 3), (2, 0), (2, 3), (5, 0), (5, 3))
        },
        "Kayenta Mann-Whitney, every 10 min": (kayenta.judges(values, seen.baseline_bad / seen.of),) if short else (),
        "mSPRT: harm / either side": mixtures.msprt(together, ALPHA, TAU),
        "Statsig's formula: harm / either side": mixtures.statsig(together, ALPHA, world.weights[0] / 100.0),
        "GrowthBook's asymptotic sequence: harm / either side": mixtures.growthbook(together, ALPHA),
        "asymptotic sequence, one-sided, tuned to a quarter": (mixtures.asymptotic(together, ALPHA, 0.25),),
    }


def library(rule: str, world: Scenario, runs: int, seed: int) -> Firsts:
    """When one of the rules of `headway.stats` speaks."""
    return LIBRARY[rule](simulate(world, runs, seed), world.base)


def guardrail(world: Scenario, runs: int, seed: int) -> Firsts:
    """When the guardrail `errors` shows harm at its defaults, with the scenario's stages."""
    weights = tuple(world.weight(at) for at in range(world.windows))
    return ours.guarded(Wish(stages=world.weights), simulate(world, runs, seed), weights)
