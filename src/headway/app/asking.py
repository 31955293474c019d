"""Writes a person's decision as a signed request, and asks the local supervisor at once where that was wished."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.show import show
from headway.evidence.record import Requested, Subject
from headway.evidence.state import ModelState
from headway.reconcile.book import Draft
from headway.reconcile.ports import Head, PortError
from headway.spec.wish import Wish

__all__ = ["Asked", "Asking", "ask"]


class Asking(Struct, frozen=True, kw_only=True):
    """What a person asks for; an empty environment means the one with live traffic."""

    repo: Path
    action: Literal["promote", "approve", "rollback", "pause", "resume", "abort", "retire"]
    model: str
    environment: str = ""
    to: str = ""
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
    repository = open_repository(asking.repo)
    # Neither a remote nor the record is asked before the supervisor is: a retreat does not wait for them.
    environment = asking.environment or _live(repository.wish_at(repository.source.seen()), asking.model)
    done = "traffic is on stable; " if asking.now and _reset(repository, asking.model, environment) else ""
    try:
        commit, head = _write(repository, asking, environment)
    except (PortError, RefusedError) as error:
        raise RefusedError(f"{done}nothing was written: {error}" if done else str(error)) from error
    carried = "the hold is lifted" if asking.action == "resume" else f"the decider of {environment} carries it out"
    waits = f"; it waits here to be pushed: {head.problem}" if head.ahead else ""
    asked = Asked(
        action=asking.action,
        model=asking.model,
        environment=environment,
        commit=commit,
        message=f"{done}{carried}{waits}",
    )
    show(asked, output, lambda view: f"{view.action} {view.model}: {view.message} (record {view.commit[:8]})")


def _reset(repository: Repository, model: str, environment: str) -> bool:
    from headway.app.wiring import open_runtime

    return open_runtime(repository).reset_now(model, environment)


def _write(repository: Repository, asking: Asking, environment: str) -> tuple[str, Head]:
    """Check the request against the record and commit it; the commit, and how the record stands at the remote."""
    from headway.app.wiring import open_book

    head = repository.source.refresh()
    wish, book = repository.wish_at(head.commit), open_book(repository)
    state = book.ledger.model(asking.model)
    _check(asking, environment, wish, state)
    named = state.version(asking.to)
    # The bytes are bound, not only the number: should another machine have given it away meanwhile, this does not hold.
    subject = Subject(
        model=asking.model, environment=environment, version=asking.to, bundle=named.bundle if named else ""
    )
    book.write(
        [Draft(subject=subject, seen=Requested(action=asking.action, to=asking.to, now=asking.now, why=asking.why))],
        main=head.commit,
        subject=f"Ask to {asking.action} {asking.model}" + (f" {asking.to}" if asking.to else ""),
    )
    stands = book.publish()
    if book.dropped:
        raise RefusedError(f"{book.dropped[0]}. Look at `headway history {asking.model}`, and ask again.")
    return stands.commit, stands


def _live(wish: Wish, model: str) -> str:
    """The environment that is meant when none is named."""
    for name in wish.project.spec.environments:
        if name in wish.environments and wish.environments[name].spec.traffic == "live":
            return name
    raise RefusedError(f"No environment has live traffic: say which one is meant for {model} with --env.")


def _check(asking: Asking, environment: str, wish: Wish, state: ModelState) -> None:
    if asking.model not in wish.models and not state.standing:
        known = ", ".join(sorted(wish.models)) or "none"
        raise RefusedError(f"There is no model {asking.model!r}; there are: {known}.")
    if environment not in wish.environments:
        known = ", ".join(wish.environments)
        raise RefusedError(f"There is no environment {environment!r}; there are: {known}.")
    if asking.to and state.version(asking.to) is None:
        known = ", ".join(made.version for made in state.versions[-8:]) or "none yet"
        raise RefusedError(f"{asking.model} has no version {asking.to}; the last ones are: {known}.")
    standing = state.standing.get(environment)
    if asking.action == "rollback" and not asking.to and not (standing and (standing.candidate or standing.previous)):
        raise RefusedError(f"{asking.model} has no earlier version in {environment} to go back to.")
    if asking.action in {"abort", "pause"} and not (standing and standing.candidate):
        raise RefusedError(f"No candidate of {asking.model} is on its way in {environment}.")
