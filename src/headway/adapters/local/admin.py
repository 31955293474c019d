"""One question to Envoy's admin interface on its Unix socket, or to a model on loopback; bounded in time and size."""

import http.client
import socket
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ask", "ask_model"]

_MOST = 64 * 2**20


class _Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("envoy", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the path instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(path: Path, target: str, *, timeout_s: float = 1.0) -> bytes | None:
    """The body of a 200 answer; None when Envoy does not answer in time, or otherwise."""
    return _get(_Unix(path, timeout_s), target)


def ask_model(port: int, target: str, *, timeout_s: float = 1.0, nonce: str = "") -> bytes | None:
    """The same of a model's process; with its `nonce`, what it tells its supervisor alone."""
    headers = {"Headway-Nonce": nonce} if nonce else {}
    return _get(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s), target, headers)


def _get(connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str] | None = None) -> bytes | None:
    try:
        connection.request("GET", target, headers={"Connection": "close", **(headers or {})})
        answer = connection.getresponse()
        body = answer.read(_MOST + 1)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == http.client.OK and len(body) <= _MOST else None
