"""Servers as processes: started in a session of their own, asked until they answer, measured, ended by their ids."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.serving.environments import CannotRunError
from bench.serving.forest import Forest
from bench.serving.forms import FORMS, request

__all__ = ["Server", "cpu_s", "end", "files_open", "free_port", "memory_mb", "started"]

READY_S = 90.0
END_S = 5.0
CHECKED = 50


class Server:
    """A running server: its process, which leads a session, its port, and the form in which it is asked."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, form: str, log: Path) -> None:
        self.process = process
        self.port = port
        self.form = form
        self.log = log
        self.ready_s = 0.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


@contextmanager
def started(command: Sequence[str], *, port: int, form: str, forest: Forest, place: Path) -> Iterator[Server]:
    """A server that answers rightly; CannotRunError says why there is none.  At the end no process of it is left."""
    place.mkdir(parents=True)
    log = place / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=place,
            start_new_session=True,
        )
    server = Server(process, port, form, log)
    try:
        begin = time.perf_counter()
        _await(server, forest, begin + READY_S)
        server.ready_s = time.perf_counter() - begin
        right(server, forest, begin + READY_S)
        yield server
    finally:
        end(server)


def _await(server: Server, forest: Forest, until: float) -> None:
    """Ask until the first answer of 200."""
    while True:
        try:
            if _ask(server, forest, 1)[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        if server.process.poll() is not None:
            raise CannotRunError(f"it ended with code {server.process.returncode}: {_complaint(server.log)}")
        if time.perf_counter() > until:
            raise CannotRunError(f"no answer within {READY_S:g} s: {_complaint(server.log)}")
        time.sleep(0.005)


def right(server: Server, forest: Forest, until: float) -> None:
    """Is every label the one that scikit-learn gives?  CannotRunError when one is not.

    A server of several processes may ask for a moment's patience after one of them has answered.
    """
    for at in range(CHECKED):
        status, body = _ask(server, forest, at)
        while status == 503 and time.perf_counter() < until:
            time.sleep(0.05)
            status, body = _ask(server, forest, at)
        if status != 200:
            raise CannotRunError(f"answered {status}: {body[:200].decode(errors='replace')}")
        labels = _flat(FORMS[server.form].labels(json.loads(body)))
        if labels != [forest.labels[at]]:
            raise CannotRunError(f"answered {labels} for row {at}, and scikit-learn says {forest.labels[at]}")


def _ask(server: Server, forest: Forest, at: int) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as own:
        own.sendall(request(FORMS[server.form], forest.rows[at : at + 1]))
        answer = http.client.HTTPResponse(own)
        answer.begin()
        return answer.status, answer.read()


def _flat(labels: object) -> list[object]:
    """Some servers answer a list of a list."""
    while isinstance(labels, list) and labels and isinstance(labels[0], list):
        labels = labels[0]
    return labels if isinstance(labels, list) else [labels]


def _complaint(log: Path) -> str:
    """The line of the log that says most: the last that names an error, else the last."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error:" in line]
    return ((errors or lines) or ["its log is empty"])[-1][:200]


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def end(server: Server) -> None:
    """SIGTERM, and SIGKILL to whatever of it is left: its group, and what descends from it."""
    known = {each: _born(each) for each in family(server.process.pid)[1:]}
    with suppress(ProcessLookupError):
        server.process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        server.process.wait(END_S)
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    for each, born in known.items():
        if born and _born(each) == born:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
    server.process.wait()


def _born(pid: int) -> str:
    """When a process began, in ticks, so that a number that is used again is not mistaken for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def cpu_s(pid: int) -> float:
    """CPU seconds of a server so far, by the scheduler's own clock (ticks are too coarse)."""
    total = 0
    for each in family(pid):
        with suppress(OSError):
            for thread in Path(f"/proc/{each}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mb(pid: int, kinds: tuple[str, ...] = ("Pss",)) -> float:
    """Memory of a server, MiB: proportional, or of the `kinds` that /proc/PID/smaps_rollup names."""
    total = 0
    for each in family(pid):
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.partition(":")[0] in kinds)
    return total / 1024


def files_open(pid: int) -> int:
    """How many descriptors a server holds."""
    return sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in family(pid))
