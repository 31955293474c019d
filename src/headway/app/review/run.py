"""Makes a review: reads both sides, trains and measures as the loop would, and writes nothing to the record.

Steps, measurements and bundles land in the caches and the store, so what is merged need not be made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import structs

from headway.app.checking import wish_of_work_tree
from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.review.changes import field_changes, file_changes, findings_since, repository_changes
from headway.app.review.model import review_model
from headway.app.review.view import ModelReview, Review
from headway.app.wiring import open_memory, open_world
from headway.reconcile.declared import declared
from headway.reconcile.gather import gather
from headway.reconcile.memory import Memory
from headway.reconcile.once import refresh
from headway.reconcile.ports import PortError, Source
from headway.reconcile.world import World
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.wish import Wish, allowed_classes, effective_gates

__all__ = ["Side", "review", "review_sides"]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a change: where it is read, at which commit (empty: the work tree), and its wish."""

    name: str
    source: Source
    commit: str
    wish: Wish


def review(repo: Path, ref: str | None) -> Review:
    """Review a branch, a commit, or (None) the work tree against main; RefusedError when either cannot be read."""
    repository = open_repository(repo)
    try:
        world, memory = open_world(repository), open_memory(repository)
        refresh(world, memory)
        if not memory.main:
            raise RefusedError("There is no main to compare with. Commit it, or fetch it from the remote.")
        after = _side(repository, repository.source.resolve(ref) if ref else "")
        fork = repository.source.merge_base(memory.main, after.commit or repository.source.resolve("HEAD"))
        return review_sides(world, memory, before=_side(repository, fork or memory.main), after=after)
    except PortError as error:
        raise RefusedError(str(error)) from error


def review_sides(world: World, memory: Memory, *, before: Side, after: Side) -> Review:
    """Compare two sides; every model that the change touches is made and judged as the loop would do it."""
    names = sorted({*before.wish.models, *after.wish.models, *after.wish.held})
    there = replace(memory, read_wish=lambda _commit: after.wish, main=after.commit, wishes={}, older={}, recipes={})
    models: list[ModelReview] = []
    untouched: list[str] = []
    for name in names:
        compared = _compared(name, before, after)
        if compared is None:
            untouched.append(name)
        elif compared.outcome != "unjudged" or not _asks(name, before, after, compared):
            models.append(compared)
        else:
            models.append(_judged(replace(world, source=after.source), there, name, compared))
    behind = before.commit != memory.main
    note = f"main has moved on since {before.name}: rebase, and review again what a merge will make"
    return Review(
        change=after.name,
        base=before.name,
        models=tuple(models),
        untouched=tuple(untouched),
        changes=repository_changes(before.wish, after.wish),
        findings=findings_since(before.wish, after.wish),
        notes=(note,) if behind else (),
    )


def _side(repository: Repository, commit: str) -> Side:
    if commit:
        return Side(name=commit, source=repository.source, commit=commit, wish=repository.wish_at(commit))
    wish, tree = wish_of_work_tree(repository)
    return Side(name="the work tree", source=tree, commit="", wish=wish)


def _compared(name: str, before: Side, after: Side) -> ModelReview | None:
    """What differs in the texts; None when nothing of the model does."""
    old, new = before.wish.models.get(name), after.wish.models.get(name)
    if new is None:
        if name in after.wish.held and name not in before.wish.held:
            why = "its model.yaml cannot be used; the findings say why. What is served goes on as it is"
            return ModelReview(model=name, outcome="failed", reason=why)
        gone = "deleting its file stops nothing: what is served goes on until `headway retire`"
        return ModelReview(model=name, outcome="gone", reason=gone) if old else None
    files = file_changes(_files(before, old), _files(after, new))
    changes = field_changes(old.value if old else None, new.value)
    if not files and not changes and old and not _asks_otherwise(old.value, new.value, before.wish, after.wish):
        return None
    return ModelReview(model=name, outcome="unjudged", files=files, changes=changes)


def _files(side: Side, placed: Placed[Model] | None) -> Mapping[str, bytes]:
    """The declared files by their path in the model's folder, those that are there."""
    if placed is None:
        return {}
    return declared(side.source, side.commit, placed.folder, placed.value)


# Parts of a wish that make no version and ask for no judgement: they hold from the merge on.
_AT_ONCE = frozenset({"serve", "rollout", "monitor", "retrain"})


def _asks(name: str, before: Side, after: Side, compared: ModelReview) -> bool:
    """Does the change make a version, or judge one anew?"""
    old, new = before.wish.models.get(name), after.wish.models[name]
    return (
        old is None
        or bool(compared.files)
        or any(change.field.partition(".")[0] not in _AT_ONCE for change in compared.changes)
        or _asks_otherwise(old.value, new.value, before.wish, after.wish)
    )


def _asks_otherwise(old: Model, new: Model, before: Wish, after: Wish) -> bool:
    """Do the policies ask something else of the model?"""
    gates = effective_gates(before, old) != effective_gates(after, new)
    return gates or allowed_classes(before, old) != allowed_classes(after, new)


def _judged(world: World, memory: Memory, name: str, compared: ModelReview) -> ModelReview:
    """The review of a model that must be made or judged; whatever fails is told in it."""
    try:
        return review_model(gather(world, memory, name), compared)
    except PortError as error:
        return structs.replace(compared, outcome="failed", reason=str(error))
