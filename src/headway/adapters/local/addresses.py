"""Which address a route is met at.

Those of others are promised before Envoy listens on them, so asking the system whether one is free is not enough.
"""

import socket
from collections.abc import Mapping
from contextlib import ExitStack

__all__ = ["address"]


def address(
    listen: str, *, held: tuple[str, int] | None, before: int, taken: Mapping[tuple[str, int], str], model: str
) -> tuple[str, int] | str:
    """The wished address; for port 0 the port that was used `before`, or a free one.  A sentence when there is none.

    `held` is the one in use, which stays if it is as wished; `taken` are those of other routes, and whose they are.
    """
    host, _, text = (listen or "127.0.0.1:0").rpartition(":")
    port, problem = int(text), ""
    if held and held[0] == host and port in {0, held[1]}:
        return held
    for wanted in dict.fromkeys((port or before, port)):
        if wanted and (host, wanted) in taken:
            problem = f"{listen} is taken by {taken[host, wanted]}; give {model} another port"
            continue
        try:
            return host, _free(host, wanted, taken)
        except OSError as error:
            problem = f"{listen} cannot be listened on: {error}. End what holds it, or give another port."
    return problem


def _free(host: str, wanted: int, taken: Mapping[tuple[str, int], str]) -> int:
    """A port that can be listened on; OSError when there is none."""
    with ExitStack() as held:  # so that the system names another one each time
        while True:
            probe = held.enter_context(socket.create_server((host, wanted)))
            port = int(probe.getsockname()[1])
            if wanted or (host, port) not in taken:
                return port
