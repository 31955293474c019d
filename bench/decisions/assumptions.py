"""Where assumptions fail: ramps, drift, bursts and shocks (statistics chapter, 4.4)."""

from functools import partial

from bench.decisions.first import Firsts, at_most, deviations, share
from bench.decisions.rules import ALPHA, GUARDRAIL, LIBRARY, guardrail, library, peers, times_run
from bench.decisions.section import Found, Section
from bench.decisions.tables import Table, level, percent, said, verdict
from bench.decisions.traffic import RAMP, Scenario
from bench.rows import Row

from headway.spec.rollout import Rollout as Wish

__all__ = ["BURSTS", "DRIFT", "SCENARIOS", "section"]

DRIFT = Scenario(name="ramp, base 1 → 2 % in both arms", weights=RAMP, last=0.02)
BURSTS = tuple(Scenario(name=f"5 %, errors in bursts of {burst}", burst=burst) for burst in (3, 10))
FOUND = Scenario(name="ramp, base 2 → 1 %, canary 1.25x: *found*", weights=RAMP, base=0.02, last=0.01, lift=1.25)
PER_REQUEST, BETWEEN = tuple(LIBRARY)[:2], tuple(LIBRARY)[2]
ANY = (*PER_REQUEST, BETWEEN, GUARDRAIL)
# Each with the rules of ours whose assumptions hold there.
SCENARIOS = {
    Scenario(name="ramp 1/5/20/50 %, base flat", weights=RAMP): ANY,
    DRIFT: ANY,
    FOUND: (),
    **dict.fromkeys(BURSTS, (BETWEEN, GUARDRAIL)),
    Scenario(name="5 %, each arm's own shocks, independent", shock="independent"): (BETWEEN, GUARDRAIL),
    Scenario(name="5 %, each arm's own shocks, AR(1) 0.9", shock="slow"): (),
    Scenario(name="5 %, common shocks, AR(1) 0.9", shock="slow", common=True): ANY,
}
THEIRS = {
    "naive z, cumulative, every window": "naive z",
    "Argo, below 2x base, failureLimit 3": "Argo 2x, 3",
    "mSPRT: harm / either side": "mSPRT",
    "GrowthBook's asymptotic sequence: harm / either side": "GrowthBook",
}
ABORT = Wish().wrong_at_most.abort
STATED = {**dict.fromkeys(LIBRARY, ALPHA), GUARDRAIL: ABORT}


def section(part: float) -> Section:
    """4,000 runs of the peers, 1,000 of ours."""
    jobs = {}
    many, some = times_run(4000, part), times_run(1000, part)
    for seed, world in enumerate(SCENARIOS, 100):
        jobs[f"peers {world.name}"] = partial(peers, world, many, seed)
        jobs |= {f"{rule} {world.name}": partial(library, rule, world, some, seed) for rule in LIBRARY}
        jobs[f"{GUARDRAIL} {world.name}"] = partial(guardrail, world, some, seed)
    return Section(jobs=jobs, write=_written)


def _written(found: Found) -> tuple[tuple[Table, ...], tuple[Row, ...]]:
    table = Table(
        title="Ramps, drift, bursts, shocks: how often a harmless canary is aborted",
        text=f"200 requests a second for an hour; asked for is {level(ALPHA)}, of the guardrail {level(ABORT)}. A star"
        " says that what the rule assumes does not hold there, so that nothing is promised; bold, that it aborts more"
        " than is asked for by over three standard errors.",
        head=("scenario", *THEIRS.values(), *ANY),
        rows=tuple(
            (world.name, *(said(found[f"peers {world.name}"][rule][0]) for rule in THEIRS), *_ours(world, found))
            for world in SCENARIOS
        ),
        below=BELOW,
    )
    drifting = [share(found[f"peers {DRIFT.name}"][rule][0]) for rule in THEIRS]
    bursting = [share(found[f"peers {world.name}"][rule][0]) for world in BURSTS for rule in THEIRS]
    claims = (
        _claim("in a ramp while errors double in both versions", (DRIFT,), found, drifting),
        _claim("with errors in bursts, judged between windows", BURSTS, found, bursting),
        _claim("in any scenario in which the assumptions hold", tuple(SCENARIOS), found, [*drifting, *bursting]),
    )
    return (table,), claims


def _ours(world: Scenario, found: Found) -> tuple[str, ...]:
    if world is FOUND:
        return tuple(said(found[f"{rule} {world.name}"]) for rule in ANY)
    return tuple(
        verdict(found[f"{rule} {world.name}"], STATED[rule]) + ("" if rule in SCENARIOS[world] else "*") for rule in ANY
    )


def _claim(where: str, worlds: tuple[Scenario, ...], found: Found, peers_: list[float]) -> Row:
    cells: list[tuple[Firsts, float]] = [
        (found[f"{rule} {world.name}"], STATED[rule]) for world in worlds for rule in SCENARIOS[world]
    ]
    worst, alpha = max(cells, key=lambda cell: deviations([cell[0]], cell[1]))
    return Row(
        what=f"harmless canaries aborted {where}",
        unit="%",
        budget=at_most(alpha, len(worst)),
        measured=100.0 * share(worst),
        how=f"worst of {len(cells)} cells of our rules, stated {level(alpha)}, {len(worst):,} runs; peers"
        f" {percent(min(peers_))} to {percent(max(peers_))}",
    )


BELOW = """\
Every rule that pools the stages of a ramp takes the drift of the traffic for harm of the canary. Every rule that counts
requests one by one is wrong where requests fail together. The rule between windows then holds, and needs ten windows
before it says anything; the guardrail sees by the hour before the start which of the two it needs. Slow shocks of one
arm alone (a bad node under the canary's only copy) break every rule, ours too: nothing in the counts tells them from a
bad version."""
