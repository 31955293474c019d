"""One short function an action, and one match that the type checker proves complete."""

from typing import assert_never

from headway.plan.action import Action, Apply, Assess, Lock, NotAgain, Nothing, Release, Roll, Train, Wait
from headway.reconcile.making import assess, lock, train
from headway.reconcile.releasing import apply, release
from headway.reconcile.retraining import not_again
from headway.reconcile.rolling import roll
from headway.reconcile.scene import Effect, Scene

__all__ = ["perform"]


def perform(scene: Scene, action: Action) -> Effect:  # noqa: PLR0911 - one return an action
    """Carry one action out; PortError when the world refused."""
    match action:
        case Lock():
            return lock(scene, action)
        case NotAgain():
            return not_again(scene, action)
        case Train():
            return train(scene, action)
        case Assess():
            return assess(scene, action)
        case Release():
            return release(scene, action)
        case Roll():
            return roll(scene, action)
        case Apply():
            return apply(scene, action)
        case Wait() | Nothing():
            return Effect()
        case _:
            assert_never(action)
