"""Which versions run, with how many replicas and which weights: make before break, so that no request waits for one."""

import math
from collections.abc import Sequence

from msgspec import Struct, structs

from headway.spec.release import Served

__all__ = ["Running", "Share", "dealt", "part", "shares", "wished"]


class Running(Struct, frozen=True, kw_only=True):
    """A version as it runs now: its weight in percent, replicas wanted and ready, and whether it is stable in force."""

    served: Served
    weight: float
    wanted: int
    ready: int
    stable: bool = False


class Share(Struct, frozen=True, kw_only=True):
    """A version that shall run: its weight in percent, and its replicas.

    `returned` is the percent of users that it had in an experiment and whom stable answers now.
    """

    served: Served
    weight: float
    replicas: int
    returned: float = 0.0


def part(percent: float, replicas: int) -> int:
    """The replicas that so much of the traffic needs, of those that all of it needs; one at least.

    >>> part(5.0, 10), part(20.0, 10), part(0.0, 10)
    (1, 2, 1)
    """
    return max(1, math.ceil(percent / 100.0 * replicas - 1e-9))


def dealt(percent: float, arms: int) -> tuple[float, ...]:
    """A percent dealt to so many arms, as evenly as thousandths are, which is what routers take.

    >>> dealt(50.0, 3)
    (16.667, 16.667, 16.666)
    """
    thousandths = round(1000.0 * percent)
    return tuple((thousandths // arms + (arm < thousandths % arms)) / 1000.0 for arm in range(arms))


def wished(
    stable: Served, candidates: Sequence[Share] = (), kept: Served | None = None, *, replicas: int = 1
) -> tuple[Share, ...]:
    """What shall run in the end: stable with all its replicas, candidates beside it, and who was replaced at zero.

    `replicas` are those that all of the traffic needs; `kept` has them too, so that a rollback to it is instant.
    """
    weight = round(100.0 - sum(candidate.weight for candidate in candidates), 3)
    found = [Share(served=stable, weight=weight, replicas=replicas), *candidates]
    if kept and kept not in {share.served for share in found}:
        found.append(Share(served=kept, weight=0.0, replicas=replicas))
    return tuple(found)


def shares(wanted: Sequence[Share], running: Sequence[Running]) -> tuple[Share, ...]:
    """The wanted shares once what shall get more requests is ready for them; until then those in force go on.

    What is stable in force may always take more, so that nothing delays a retreat, also of one version of several.

    >>> old, new = Served(version="1.0.0", bundle="a"), Served(version="1.1.0", bundle="b")
    >>> going = [Running(served=old, weight=100, wanted=1, ready=1, stable=True)]
    >>> [(share.served.version, share.weight) for share in shares(wished(new), going)]
    [('1.0.0', 100.0), ('1.1.0', 0.0)]
    """
    now = {run.served: run for run in running}
    answering = [run for run in sorted(running, key=lambda run: not run.stable) if run.weight > 0]
    if not answering or all(_borne(share, now.get(share.served)) for share in wanted):
        return tuple(wanted)
    first = answering[0].served
    held = {run.served: run.weight for run in answering[1:]}
    others = [structs.replace(share, weight=held.get(share.served, 0.0)) for share in wanted if share.served != first]
    replicas = next((share.replicas for share in wanted if share.served == first), now[first].wanted)
    rest = round(100.0 - sum(share.weight for share in others), 3)
    return (Share(served=first, weight=rest, replicas=replicas), *others)


def _borne(share: Share, run: Running | None) -> bool:
    if share.weight <= (run.weight if run else 0.0):
        return True
    return run is not None and (run.stable or run.ready >= share.replicas)
