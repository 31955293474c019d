"""The objects that shall run for one model in one environment, and where what runs differs from them."""

from headway.evidence.stage import Rollout
from headway.plan.arms import Running, shares
from headway.plan.diff import differences
from headway.plan.facts import Place
from headway.reconcile.ports import Observed
from headway.reconcile.scene import Scene
from headway.render.manifest import Object
from headway.render.objects import ServedArm, objects
from headway.spec.release import Served

__all__ = ["act", "stale", "wanted_objects"]


def wanted_objects(
    scene: Scene, environment: str, stable: Served | None, candidate: Served | None, rollout: Rollout | None
) -> tuple[Object, ...]:
    """What shall run: the versions with their weights, handed over only when ready."""
    env, model = scene.wish.environments[environment], scene.model
    if model is None or stable is None:
        return ()
    replicas = model.spec.serve.replicas.min
    arms = [
        ServedArm(served=share.served, weight=share.weight, replicas=replicas)
        for share in shares(stable, candidate, rollout, running(scene.observed[environment]))
    ]
    return objects(model, env, arms)


def running(observed: Observed) -> tuple[Running, ...]:
    """The versions that run, with their weights."""
    return tuple(
        Running(
            served=Served(version=work.version, bundle=work.bundle),
            weight=observed.weights.get(work.version, 0.0),
            ready=work.ready >= max(work.wanted, 1),
        )
        for work in observed.workloads
    )


def stale(scene: Scene, place: Place) -> tuple[str, ...]:
    """What runs otherwise than wished, in sentences; empty when nothing does."""
    wanted = wanted_objects(scene, place.environment, place.stable, place.candidate, place.rollout)
    return tuple(differences(wanted, scene.observed[place.environment].objects))


def act(
    scene: Scene, environment: str, stable: Served | None, candidate: Served | None, rollout: Rollout | None
) -> None:
    """Have the runtime bring this about; it returns at once."""
    wanted = wanted_objects(scene, environment, stable, candidate, rollout)
    scene.world.runtime.apply(scene.facts.model, environment, wanted)
