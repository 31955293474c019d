"""Speaks to the supervisor of a folder, and starts it when there is none."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from headway.adapters.local import seat
from headway.adapters.local.pods import environment, tail
from headway.adapters.local.words import Answer, Request
from headway.reconcile.ports import PortError, UnreachableError

__all__ = ["call", "start"]

_START_S = 20.0
_ANSWER = 16 * 2**20
_LOG = "supervisor.log"


def call(root: Path, request: Request, *, timeout_s: float = 10.0) -> Answer | None:
    """The supervisor's answer; None when there is none or it just died, PortError when it refuses."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(timeout_s)
            line.connect(str(seat.socket_path(root)))
            line.sendall(msgspec.json.encode(request) + b"\n")
            data = _read(line)
    except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
        return None
    except OSError as error:
        raise UnreachableError(
            f"the supervisor of {root} did not answer: {error}. See {root / _LOG}; what it serves goes on."
        ) from error
    if not data:
        return None
    try:
        answer = msgspec.json.decode(data, type=Answer)
    except msgspec.DecodeError as error:
        raise UnreachableError(f"the supervisor of {root} ended while it answered. See {root / _LOG}.") from error
    if answer.error:
        raise PortError(answer.error)
    return answer


def _read(line: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) <= _ANSWER:
        part = line.recv(65536)
        if not part:
            break
        data += part
    return data


def start(root: Path) -> None:
    """Start a supervisor and wait until it can be spoken to; PortError with its last words when it cannot."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = seat.socket_path(root)
    log = root / _LOG
    with log.open("ab") as out:
        # It leaves this process at once (it forks), so that nobody here has to wait for its end.
        command = [sys.executable, "-m", "headway.adapters.local.supervisor", str(root)]
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment({}),
            cwd=root,
            check=False,
            timeout=_START_S,
        )
    limit = time.monotonic() + _START_S
    while time.monotonic() < limit:
        if seat.taken(path):
            return
        time.sleep(0.02)
    raise PortError(f"the supervisor of {root} did not start within {_START_S:g} s: {tail(log)}. See {log}.")
