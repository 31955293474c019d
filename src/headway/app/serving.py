"""Asks this machine's supervisor what it serves.  Starts nothing, and needs no adapter but the local one."""

from collections.abc import Callable

from headway.adapters.local.client import call
from headway.adapters.local.words import Look
from headway.app.repository import Repository
from headway.reconcile.ports import PortError
from headway.spec.release import Served

__all__ = ["serving_here"]


def serving_here(repository: Repository) -> Callable[[str, str], tuple[Served, ...] | None]:
    """What answers for a model in an environment, asked by those two names; None when no supervisor says.

    A version that is kept for a rollback, or on its way out, runs and answers nobody.
    """

    def serving(model: str, environment: str) -> tuple[Served, ...] | None:
        if repository.bare:
            return None
        try:
            answer = call((repository.folder / "run").absolute(), Look(model=model, environment=environment))
        except PortError:
            return None
        if answer is None or answer.view is None:
            return None
        place = answer.view.place
        weights = place.force.route.weights if place.force else {}
        return tuple(
            Served(version=work.version, bundle=work.bundle)
            for work in place.works
            if not place.force or weights.get(work.version, 0.0) > 0
        )

    return serving
