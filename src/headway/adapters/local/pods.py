"""One model process: started with a nonce, ready when it says so in its file, ended gently and then not."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from headway.adapters.local.process import Identity, identify_child
from headway.adapters.local.words import Pod

__all__ = ["Folders", "environment", "log_of", "ready_port", "spawn", "tail", "trim"]

_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TAIL = 8192
_LINE = 500


class Folders:
    """Where the supervisor keeps things below its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pods = root / "pods"
        self.logs = root / "logs"
        self.envoy = root / "envoy"
        for folder in (self.pods, self.logs, self.envoy):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


class _Ready(msgspec.Struct, frozen=True):
    port: int
    pid: int
    nonce: str
    digest: str


def environment(extra: dict[str, str]) -> dict[str, str]:
    """The environment of a process: no secret of whoever started the supervisor gets in."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ} | extra


def log_of(folders: Folders, place: str, work: str) -> Path:
    """The log of a work's processes."""
    return folders.logs / f"{place}.{work}.log"


def spawn(folders: Folders, pod: Pod) -> tuple[Identity | None, subprocess.Popen[bytes]]:
    """Start the process in a session of its own, so that it outlives the supervisor; OSError when it cannot start."""
    file = folders.pods / f"{pod.nonce}.json"
    command = [*pod.work.command, "--ready-file", str(file), "--nonce", pod.nonce]
    with log_of(folders, pod.place, pod.work.name).open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folders.pods,
            env=environment(pod.work.env),
            start_new_session=True,
        )
    return identify_child(child, pod.nonce), child


def ready_port(folders: Folders, pod: Pod) -> int:
    """The port that a loaded and warmed process reports, or 0; a file that is not this process's own says nothing."""
    try:
        data = (folders.pods / f"{pod.nonce}.json").read_bytes()
        ready = msgspec.json.decode(data, type=_Ready)
    except (OSError, msgspec.DecodeError):
        return 0
    own = pod.who and (ready.nonce, ready.pid, ready.digest) == (pod.nonce, pod.who.pid, pod.work.bundle)
    return ready.port if own and 0 < ready.port < 65536 else 0


def trim(log: Path, most: int) -> None:
    """Begin a log of more than `most` bytes anew; what it held is kept beside it.  Its writers append, and go on."""
    if log.stat().st_size > most:
        shutil.copyfile(log, log.with_suffix(".old"))
        os.truncate(log, 0)


def tail(log: Path) -> str:
    """The last line that says anything, fit for a terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read(_TAIL).decode(errors="replace").splitlines()
    except OSError:
        return ""
    told = [clean for line in lines if (clean := _CONTROL.sub("", line).strip())]
    return told[-1][:_LINE] if told else ""
