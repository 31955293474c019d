"""A retreat that a person asked for at once: obeyed now, and written as a request as soon as the record can be.

It waits beside the traffic, so that it survives whoever asked and whoever obeys.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from headway.evidence.record import Requested, Subject
from headway.plan.action import Wait
from headway.reconcile.book import Draft
from headway.reconcile.objects import act
from headway.reconcile.ports import PortError, Runtime
from headway.reconcile.scene import Scene
from headway.spec.release import Served

__all__ = ["Urgent", "forget", "in_words", "keep", "obey", "waiting"]

# Who asked writes the request.  If it has not after this time, it died, and whoever obeys writes it.
OURS_AFTER_S = 180.0


class Urgent(Struct, frozen=True, kw_only=True):
    """A request that is obeyed before it is written; `left` when who asked could not write it, at Unix seconds `at`."""

    model: str
    environment: str
    request: Requested
    at: float
    state: Literal["writing", "left"] = "writing"


def keep(runtime: Runtime, asked: Urgent) -> None:
    """Let it wait; a later one about the same model takes its place."""
    runtime.remember(_key(asked.model), msgspec.json.encode(asked))


def forget(runtime: Runtime, model: str) -> None:
    """It is written."""
    runtime.remember(_key(model), b"")


def waiting(runtime: Runtime, model: str) -> Urgent | None:
    """What waits for a model."""
    kept = runtime.recall(_key(model))
    return msgspec.json.decode(kept, type=Urgent) if kept else None


def obey(scene: Scene) -> tuple[str, tuple[Wait, ...]]:
    """Write what waits, if it is ours to write: then its line.  Until it is written, obey it: then a wait.

    PortError when it could not be written; it is obeyed all the same.
    """
    asked = waiting(scene.world.runtime, scene.facts.model)
    if asked is None:
        return "", ()
    line = f"Ask to {asked.request.action} {asked.model}" + (f" {asked.request.to}" if asked.request.to else "")
    # Act first: that is what it was asked at once for.
    act(scene, scene.place(asked.environment), _stable(scene, asked))
    if asked.state == "writing" and scene.now - asked.at < OURS_AFTER_S:
        why = f"the {asked.request.action} is in force; its request is being written"
        return "", (Wait(model=asked.model, environment=asked.environment, why=why),)
    named = scene.memory.book.ledger.model(asked.model).version(asked.request.to)
    subject = Subject(
        model=asked.model,
        environment=asked.environment,
        version=asked.request.to,
        bundle=named.bundle if named else "",
    )
    try:
        scene.memory.book.write([Draft(subject=subject, seen=asked.request)], main=scene.facts.main, subject=line)
    except PortError as error:
        raise PortError(f"{_standing(asked)}: {error}") from error
    forget(scene.world.runtime, asked.model)
    return line, ()


def in_words(asked: Urgent) -> str:
    """What waits, in a sentence for people."""
    return f"{_standing(asked)}; `headway up` writes it as soon as the record can be written"


def _standing(asked: Urgent) -> str:
    return f"the {asked.request.action} in {asked.environment} is obeyed and not written yet"


def _stable(scene: Scene, asked: Urgent) -> Served | None:
    """What shall answer: the version asked for, else stable before its candidate, else the one before."""
    place = scene.place(asked.environment)
    if asked.request.to:
        return place.known.get(asked.request.to, place.stable)
    return place.stable if place.candidate else place.previous or place.stable


def _key(model: str) -> str:
    return f"urgent/{model}"
