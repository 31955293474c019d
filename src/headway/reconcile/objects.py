"""The objects that shall run for one model in one environment, and where what runs differs from them."""

from collections.abc import Sequence

from headway.decide.rollout.decision import coming
from headway.evidence.stage import Rollout
from headway.plan.arms import Running, Share, dealt, part, shares, wished
from headway.plan.diff import differences
from headway.plan.facts import Place
from headway.reconcile.documents import statement_path
from headway.reconcile.ports import Observed, PortError
from headway.reconcile.scene import Scene
from headway.render.manifest import Object
from headway.render.objects import ServedArm, objects
from headway.spec.environment import Environment
from headway.spec.model import Model
from headway.spec.release import Served

__all__ = ["act", "beside", "ready", "replicas", "stale"]


def replicas(model: Model, place: Place) -> int:
    """How many replicas all of the traffic needs: those of today's spec, and never fewer than a rollout began with."""
    return max(1, model.spec.serve.replicas.min, place.floor)


def beside(model: Model, place: Place, rollout: Rollout) -> tuple[Share, ...]:
    """The versions that are compared with stable: their weights, and replicas for what they have, or get when ready.

    One that was dropped from an experiment runs on with one replica, for no user, so that the route keeps its place.
    """
    arms, most = rollout.arms, replicas(model, place)
    now, soon = (dealt(percent, len(arms)) for percent in (rollout.weight, coming(rollout, model.spec.rollout)))
    return tuple(
        Share(served=arm, weight=0.0, replicas=1, returned=weight)
        if arm.version in rollout.dropped
        else Share(served=arm, weight=weight, replicas=part(then, most))
        for arm, weight, then in zip(arms, now, soon, strict=True)
    )


def ready(observed: Observed, shares: Sequence[Share]) -> bool:
    """Are all of these versions ready with their replicas?"""
    found = {run.served: run.ready for run in _running(observed)}
    return all(found.get(share.served, 0) >= share.replicas for share in shares)


def _wanted(
    scene: Scene, place: Place, stable: Served | None, candidate: Served | None, rollout: Rollout | None
) -> tuple[Object, ...]:
    """What shall run: the versions with their weights, handed over only when ready."""
    env, model = scene.wish.environments[place.environment], scene.model
    if stable is None:
        return ()
    if model is None:
        raise PortError(
            f"{scene.facts.model} has no spec that can be read, today or when it was released; what runs goes on. "
            "Mend its model.yaml on main."
        )
    others: tuple[Share, ...] = ()
    if candidate and rollout:
        others = beside(model, place, rollout)
    elif candidate:
        others = tuple(Share(served=arm, weight=0.0, replicas=1) for arm in (candidate, *place.also))
    kept = place.kept if stable == place.stable else None
    wanted = wished(stable, others, kept, replicas=replicas(model, place))
    arms = [
        ServedArm(
            served=found.served,
            weight=found.weight,
            returned=found.returned,
            replicas=found.replicas,
            statement=_statement(scene, env, found.served),
        )
        for found in shares(wanted, _running(scene.observed[place.environment]))
    ]
    return objects(model, env, arms, rollout.split if candidate and rollout else "answers")


def _statement(scene: Scene, environment: Environment, served: Served) -> str:
    """The release statement that a cluster's pods demand; a machine's own processes have the record beside them."""
    if environment.spec.target != "kubernetes":
        return ""
    path = statement_path(scene.facts.model, environment.metadata.name, served.version)
    return scene.world.journal.files("releases").get(path, b"").decode()


def _running(observed: Observed) -> tuple[Running, ...]:
    """The versions that run, with their weights; the first of a route's backends is the stable one."""
    first = next(iter(observed.weights), "")
    return tuple(
        Running(
            served=Served(version=work.version, bundle=work.bundle),
            weight=observed.weights.get(work.version, 0.0),
            wanted=work.wanted,
            ready=work.ready,
            stable=work.version == first,
        )
        for work in observed.workloads
    )


def stale(scene: Scene, place: Place) -> tuple[str, ...]:
    """What runs otherwise than wished, in sentences; empty when nothing does, or when nothing can be known of it."""
    observed = scene.observed[place.environment]
    if observed.unseen or (scene.model is None and place.stable is not None):
        return ()
    found = tuple(differences(_wanted(scene, place, place.stable, place.candidate, place.rollout), observed.objects))
    if found or place.stable is None or place.candidate:
        return found
    # What runs is as it should be for now; the requests still go to the version before.
    answers = observed.weights.get(place.stable.version, 0.0) == 100.0
    return () if answers else (f"{place.stable.version} gets the requests once it is ready",)


def act(
    scene: Scene, place: Place, stable: Served | None, candidate: Served | None = None, rollout: Rollout | None = None
) -> None:
    """Have the runtime bring this about; it returns at once."""
    wanted = _wanted(scene, place, stable, candidate, rollout)
    scene.world.runtime.apply(scene.facts.model, place.environment, wanted)
