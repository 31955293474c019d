"""Writes a person's decision as a signed request, and asks the local supervisor at once where that was wished."""

import time
from pathlib import Path
from typing import Literal

from msgspec import Struct, structs

from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.show import show
from headway.evidence.record import Requested, Subject
from headway.evidence.state import ModelState
from headway.reconcile.book import Draft
from headway.reconcile.known import were_stable
from headway.reconcile.ports import PortError
from headway.reconcile.urgent import Urgent, forget, keep
from headway.spec.wish import Wish

__all__ = ["Asked", "Asking", "ask"]


class Asking(Struct, frozen=True, kw_only=True):
    """What a person asks for; an empty environment means the one with live traffic.

    `weight` is the step of a rollout that is approved, in percent of live traffic; 0 is its start.
    """

    repo: Path
    action: Literal["promote", "approve", "rollback", "pause", "resume", "abort", "retire"]
    model: str
    environment: str = ""
    to: str = ""
    weight: float = 0.0
    now: bool = False
    why: str = ""


class Asked(Struct, frozen=True, kw_only=True):
    """What became of it: the commit that holds the request (empty: not written yet), and what comes next."""

    action: str
    model: str
    environment: str
    commit: str
    message: str


def ask(asking: Asking, output: str) -> None:
    """Check that the request can be carried out, write it, and show what comes next.

    RefusedError when the model, the version or the environment is not known, or nothing could be written.
    """
    # As last seen here: a retreat at once waits neither for a remote nor for the record.
    near = open_repository(asking.repo, patience_s=0)
    environment = asking.environment or _live(near.wish_at(near.source.seen()), asking.model)
    asking = structs.replace(asking, environment=environment)
    show(_at_once(near, asking) if asking.now else _in_turn(asking), output, _text)


def _in_turn(asking: Asking) -> Asked:
    try:
        return _asked(asking, *_write(asking))
    except PortError as error:
        raise RefusedError(str(error)) from error


def _at_once(near: Repository, asking: Asking) -> Asked:
    """Have the supervisor set the traffic to stable and `up` obey; then write, now or as soon as it can be."""
    from headway.app.wiring import open_book, open_runtime

    runtime = open_runtime(near)
    done = "traffic is on stable; " if runtime.reset_now(asking.model, asking.environment) else ""
    try:
        state = open_book(near).ledger.model(asking.model)
        _check(asking, near.wish_at(near.source.seen()), state)
        asking = structs.replace(asking, to=asking.to or _back_to(asking, state))
        urgent = Urgent(model=asking.model, environment=asking.environment, request=_request(asking), at=time.time())
        keep(runtime, urgent)
    except (PortError, RefusedError) as error:
        raise RefusedError(f"{done}nothing was written: {error}" if done else str(error)) from error
    try:
        asked = _asked(asking, *_write(asking), done=done)
    except (PortError, RefusedError) as error:
        keep(runtime, structs.replace(urgent, state="left"))
        return _asked(asking, "", f"{done}`headway up` obeys it now, and writes it when it can: {error}")
    forget(runtime, asking.model)
    return asked


def _asked(asking: Asking, commit: str, said: str, done: str = "") -> Asked:
    return Asked(
        action=asking.action, model=asking.model, environment=asking.environment, commit=commit, message=done + said
    )


def _request(asking: Asking) -> Requested:
    return Requested(action=asking.action, to=asking.to, weight=asking.weight, now=asking.now, why=asking.why)


def _write(asking: Asking) -> tuple[str, str]:
    """Check the request against the record and commit it; the commit, and what comes next."""
    from headway.app.wiring import open_book

    repository = open_repository(asking.repo)
    head = repository.source.refresh()
    wish, book = repository.wish_at(head.commit), open_book(repository)
    state = book.ledger.model(asking.model)
    _check(asking, wish, state)
    named = state.version(asking.to)
    # The bytes are bound, not only the number: should another machine have given it away meanwhile, this does not hold.
    subject = Subject(
        model=asking.model, environment=asking.environment, version=asking.to, bundle=named.bundle if named else ""
    )
    book.write(
        [Draft(subject=subject, seen=_request(asking))],
        main=head.commit,
        subject=" ".join(filter(None, (f"Ask to {asking.action} {asking.model}", asking.to, _at(asking)))),
    )
    stands = book.publish()
    if book.dropped:
        raise RefusedError(f"{book.dropped[0]}. Look at `headway history {asking.model}`, and ask again.")
    carried = f"the decider of {asking.environment} carries it out"
    if asking.weight:
        carried += ", at the rollout's next look and with its evidence"
    waits = f"; it waits here to be pushed: {stands.problem}" if stands.ahead else ""
    return stands.commit, ("the hold is lifted" if asking.action == "resume" else carried) + waits


def _back_to(asking: Asking, state: ModelState) -> str:
    """Where a retreat at once leads, by name: obeyed twice, it must not lead further back."""
    standing = state.standing.get(asking.environment)
    if standing is None:
        return ""
    back = standing.stable if standing.candidate else standing.previous
    return back.version if back else ""


def _at(asking: Asking) -> str:
    return f"at {asking.weight:.12g} %" if asking.weight else ""


def _text(view: Asked) -> str:
    record = f" (record {view.commit[:8]})" if view.commit else ""
    return f"{view.action} {view.model}: {view.message}{record}"


def _live(wish: Wish, model: str) -> str:
    """The environment that is meant when none is named."""
    for name in wish.project.spec.environments:
        if name in wish.environments and wish.environments[name].spec.traffic == "live":
            return name
    raise RefusedError(f"No environment has live traffic: say which one is meant for {model} with --env.")


def _check(asking: Asking, wish: Wish, state: ModelState) -> None:
    environment = asking.environment
    if asking.model not in wish.models and not state.standing:
        known = ", ".join(sorted(wish.models)) or "none"
        raise RefusedError(f"There is no model {asking.model!r}; there are: {known}.")
    if environment not in wish.environments:
        known = ", ".join(wish.environments)
        raise RefusedError(f"There is no environment {environment!r}; there are: {known}.")
    if asking.to and state.version(asking.to) is None:
        known = ", ".join(made.version for made in state.versions[-8:]) or "none yet"
        raise RefusedError(f"{asking.model} has no version {asking.to}; the last ones are: {known}.")
    if asking.action == "approve":
        _check_approval(asking, wish)
    standing = state.standing.get(environment)
    if asking.action == "rollback" and not asking.to and not (standing and (standing.candidate or standing.previous)):
        raise RefusedError(f"{asking.model} has no earlier version in {environment} to go back to.")
    before = were_stable(state, environment)
    if asking.action == "rollback" and asking.to and asking.to not in before:
        there = ", ".join(before) or "none"
        raise RefusedError(
            f"{asking.model} {asking.to} was never stable in {environment}, so nothing can be rolled back to it; those "
            f"that were: {there}. `headway promote {asking.model}@{asking.to} --to {environment}` tries it."
        )
    if asking.action == "promote" and standing and standing.stable and standing.stable.version == asking.to:
        raise RefusedError(f"{asking.model} {asking.to} is stable in {environment} already.")
    if asking.action in {"abort", "pause"} and not (standing and standing.candidate):
        raise RefusedError(f"No candidate of {asking.model} is on its way in {environment}.")


def _check_approval(asking: Asking, wish: Wish) -> None:
    """An approval of a step that nobody asks for would lie there for nothing, and the right one be missing."""
    placed, name = wish.models.get(asking.model), asking.environment
    if placed is None:  # its spec cannot be read now; the one before may ask for it
        return
    place, steps = wish.environments[name].spec, placed.value.spec.rollout.approve_at
    asked = steps if place.traffic == "live" else ()
    there = ", ".join(f"`--at {step:.12g}`" for step in asked) or "none"
    if asking.weight and asking.weight not in asked:
        raise RefusedError(
            f"No approval of {asking.model} is asked for at {asking.weight:.12g} % in {name}; those: {there}."
        )
    if not asking.weight and asked and place.approval == "none":
        raise RefusedError(f"{name} asks for no approval of a start; {asking.model} asks for these: {there}.")
