"""Which route may be in force now: pure choices of the supervisor, over what is wished and what is ready."""

from collections.abc import Collection, Mapping

from msgspec import structs

from headway.adapters.local.words import Carried, Place, Pod

__all__ = ["candidate_lives", "crowded", "leaving", "next_force", "on_stable", "reset"]

# Envoy takes an inotify instance for every file that it watches: two for itself, then one for a place's route and one
# for each version there, of which there are two while a rollout runs, and more in an experiment of more arms.
_OWN, _A_ROUTE, _VERSIONS = 2, 1, 2


def on_stable(carried: Carried) -> Carried:
    """The same route with every request on stable."""
    first, *others = carried.route.backends
    backends = (
        structs.replace(first, weight=100.0),
        *(structs.replace(back, weight=0.0, returned=0.0) for back in others),
    )
    return structs.replace(carried, route=structs.replace(carried.route, backends=backends))


def candidate_lives(carried: Carried | None) -> bool:
    """Does anything but stable get requests?"""
    return carried is not None and any(back.weight > 0 for back in carried.route.backends[1:])


def reset(place: Place, why: str) -> Place:
    """The place with its switch tripped; nothing to trip without a living candidate."""
    if not (candidate_lives(place.force) or candidate_lives(place.wished)) or place.tripped:
        return place
    return structs.replace(place, tripped=why, generation=place.generation + 1)


def next_force(place: Place, ready: Mapping[str, int]) -> Carried | None:
    """The route to be in force: the wished one as soon as it can be borne, on stable while the switch is tripped.

    A version's weight rises only when all its processes are ready; what is stable already may always take more, so
    that nothing delays a retreat.  `ready` counts processes by work.
    """
    wished = place.wished
    if wished is None:
        return None
    force = place.force
    if place.tripped:
        wished, force = on_stable(wished), force and on_stable(force)
    before = force.route.weights if force else {}
    stable = force.route.backends[0].version if force else None
    wanted = {work.name: work.replicas for work in place.works}
    for back in wished.route.backends:
        rises = back.weight > before.get(back.version, 0.0)
        borne = all(ready.get(name, 0) >= max(1, wanted.get(name, 1)) for name in wished.works[back.version])
        if rises and back.version != stable and not borne:
            return force
    return wished


def leaving(place: Place | None, pods: tuple[Pod, ...], ready: Mapping[str, int]) -> tuple[Pod, ...]:
    """Pods of a place that nothing needs any more: not wished, and not carrying what is in force."""
    if place is None:
        return pods
    wished = {work.name: work for work in place.works}
    carrying = {name for names in place.force.works.values() for name in names} if place.force else set()
    spare: list[Pod] = []
    kept: dict[str, int] = {}
    for pod in sorted(pods, key=lambda pod: (pod.port == 0, pod.began)):
        work = wished.get(pod.work.name)
        if work and structs.replace(pod.work, replicas=work.replicas) == work:
            kept[work.name] = kept.get(work.name, 0) + 1
            if kept[work.name] > work.replicas:
                spare.append(pod)
        elif pod.work.name not in carrying or (work and ready.get(work.name, 0) >= work.replicas):
            spare.append(pod)
    return tuple(spare)


def crowded(places: Collection[int], instances: int) -> str:
    """Why places with so many versions each are too many for a user's inotify instances; empty when they are not.

    Envoy aborts when it gets no further one, and takes the traffic of every place with it.

    >>> crowded([2] * 40, 128)
    ''
    """
    needed = _OWN + sum(_A_ROUTE + max(_VERSIONS, versions) for versions in places)
    if needed <= instances:
        return ""
    return (
        f"{len(places)} models and environments need up to {needed} inotify instances for Envoy, and a user has "
        f"{instances} here. Raise it: sysctl -w fs.inotify.max_user_instances={max(1024, 2 * needed)}"
    )
