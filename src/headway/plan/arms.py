"""Which versions run with which weights: make before break, so that no request meets a version that is not ready."""

from collections.abc import Sequence

from msgspec import Struct

from headway.evidence.stage import Rollout
from headway.spec.release import Served

__all__ = ["Running", "Share", "shares"]


class Running(Struct, frozen=True, kw_only=True):
    """A version as it runs now: its weight in percent, and whether all its replicas are ready."""

    served: Served
    weight: float
    ready: bool


class Share(Struct, frozen=True, kw_only=True):
    """A version that shall run, and its weight in percent."""

    served: Served
    weight: float


def shares(
    stable: Served | None, candidate: Served | None, rollout: Rollout | None, running: Sequence[Running]
) -> tuple[Share, ...]:
    """The shares of stable and candidate; while one that shall answer is not ready, those that answer now go on.

    >>> old, new = Served(version="1.0.0", bundle="a"), Served(version="1.1.0", bundle="b")
    >>> [(s.served.version, s.weight) for s in shares(new, None, None, [Running(served=old, weight=100, ready=True)])]
    [('1.1.0', 0.0), ('1.0.0', 100)]
    """
    if stable is None:
        return ()
    weight = rollout.weight if candidate and rollout else 0.0
    wanted = [Share(served=stable, weight=100.0 - weight)]
    if candidate:
        wanted.append(Share(served=candidate, weight=weight))
    ready = {run.served for run in running if run.ready}
    answering = [run for run in running if run.weight > 0 and run.ready]
    if not answering or all(share.served in ready for share in wanted if share.weight > 0):
        return tuple(wanted)
    kept = {run.served: run.weight for run in answering}
    held = [Share(served=share.served, weight=kept.pop(share.served, 0.0)) for share in wanted]
    return (*held, *(Share(served=served, weight=weight) for served, weight in kept.items()))
