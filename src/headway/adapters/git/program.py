"""Runs the git program: list arguments, no hooks, no prompts, an allow-listed environment, limits on time and output.

Knows nothing of branches or records.  The user's own configuration (credentials, proxies) stays in force, but for
what would change bytes, run programs or ask questions.  Only `speaking` reaches a network (docs/decisions/0194).
"""

import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO

from msgspec import Struct

from headway.reconcile.ports import PortError

__all__ = ["Git", "GitError", "Outcome", "Running"]

OUTPUT_AT_MOST = 512 * 2**20
LOCAL_S = 120.0

_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "SSH_AGENT_PID",
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "NO_PROXY",
    "no_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip
_SET = MappingProxyType({
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "none",  # stronger than protocol.*.allow of any configuration file
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace and grafts would show a history that is not there
    "GIT_GRAFT_FILE": os.devnull,
})  # fmt: skip
_SPOKEN = "https:ssh:file"
_CONFIG = (
    "core.askPass=", "core.alternateRefsCommand=:",
    f"core.hooksPath={os.devnull}", "core.fsmonitor=false", "core.autocrlf=false", "core.quotePath=true",
    "core.fsync=committed,reference", "core.filesRefLockTimeout=2000", "gc.auto=0", "maintenance.auto=false",
    "commit.gpgSign=false", "push.gpgSign=false", "push.followTags=false", "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=false", "submodule.recurse=false", "log.showSignature=false",
)  # fmt: skip
# Settings that run a program when a remote is spoken to; all others are overruled, or belong to other commands.
_RUNS = re.compile(r"core\.(sshcommand|gitproxy)|credential\.(.*\.)?helper")
_OPTIONS = ("--no-pager", "--literal-pathspecs", *(word for pair in _CONFIG for word in ("-c", pair)))


class GitError(PortError):
    """Git ended with an error."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ended: exit status, output, and the last lines of its complaint, fit to show."""

    status: int
    output: bytes
    complaint: str


class Git:
    """The git program in one repository."""

    def __init__(self, repo: Path, environ: Mapping[str, str] | None = None) -> None:
        """`environ` is the caller's environment; a few names of it are handed on."""
        self.repo = repo
        given = environ or {}
        self._environ = {"PATH": os.defpath, **{name: given[name] for name in _PASSED if name in given}, **_SET}

    def at(self, folder: Path) -> "Git":
        """The same program in another work tree of the repository."""
        return Git(folder, self._environ)

    def speaking(self) -> "Git":
        """The same program, for a call to a remote; PortError when the repository's own files would run programs.

        Nothing asks a question: there is no terminal, and ssh is told so where nobody chose another command for it.
        """
        scopes = self.run("config", "--list", "--show-scope", "--name-only", "-z").decode(errors="replace").split("\0")
        found = set(zip(scopes[::2], scopes[1::2], strict=False))
        for scope, key in sorted(found):
            if scope in {"local", "worktree"} and _RUNS.fullmatch(key):
                raise PortError(
                    f"{key} in {self.repo}'s own configuration would run a program. Headway runs none that a "
                    "repository brings: move it to your own (git config --global), then "
                    f"`git config --{scope} --unset-all {key}`."
                )
        spoken = self.at(self.repo)
        spoken._environ["GIT_ALLOW_PROTOCOL"] = _SPOKEN  # noqa: SLF001 - its own kind
        chosen = {"GIT_SSH", "GIT_SSH_COMMAND"} & self._environ.keys() or "core.sshcommand" in {key for _, key in found}
        if not chosen:
            spoken._environ["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"  # noqa: SLF001
        return spoken

    def run(self, *args: str, given: bytes = b"", limit_s: float = LOCAL_S) -> bytes:
        """The output of `git ARGS`; GitError when it fails."""
        outcome = self.ask(*args, given=given, limit_s=limit_s)
        if outcome.status:
            raise GitError(f"git {args[0]} in {self.repo} failed: {outcome.complaint or f'status {outcome.status}'}")
        return outcome.output

    def line(self, *args: str) -> str:
        """The output as one line of text; empty when git answers with an error."""
        outcome = self.ask(*args)
        return "" if outcome.status else outcome.output.decode(errors="replace").strip()

    def start(self, *args: str, limit_s: float) -> "Running":
        """Start `git ARGS` and look at it later; it ends at its limit, or with this process."""
        output, complaints = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by Running
        try:
            process = subprocess.Popen(
                ["git", "-C", str(self.repo), *_OPTIONS, *args],
                stdin=subprocess.DEVNULL, stdout=output, stderr=complaints, env=self._environ, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise PortError(f"git cannot be started: {error.strerror}. {_cure(error)}.") from error
        return Running(process, output, complaints, name=args[0], limit_s=limit_s)

    def ask(self, *args: str, given: bytes = b"", limit_s: float = LOCAL_S) -> Outcome:
        """Run `git ARGS` with `given` as its input; PortError when it cannot start, hangs, or floods."""
        # Files instead of pipes for input and complaints: nothing can block but the output, which is read here.
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as complaints:
            try:
                source.write(given)
                source.seek(0)
                process = subprocess.Popen(
                    ["git", "-C", str(self.repo), *_OPTIONS, *args],
                    stdin=source, stdout=subprocess.PIPE, stderr=complaints, env=self._environ,
                    start_new_session=True,  # a Ctrl-C at the terminal must not cut a commit in two
                )  # fmt: skip
            except OSError as error:
                raise PortError(f"git cannot be started: {error.strerror}. {_cure(error)}.") from error
            try:
                output = _read(process, time.monotonic() + limit_s, args[0])
            finally:
                _end(process)
            return Outcome(status=process.returncode, output=output, complaint=_complaint(complaints))


class Running:
    """A git that was started: `outcome` is there when it has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], output: IO[bytes], complaints: IO[bytes], *, name: str, limit_s: float
    ) -> None:
        self._process, self._output, self._complaints, self._name = process, output, complaints, name
        self.since = time.monotonic()
        self._until = self.since + limit_s
        self._closed = weakref.finalize(self, _close, process, output, complaints)

    def outcome(self, wait_s: float) -> Outcome | None:
        """How it ended, waited for so long at most; None while it runs, PortError when its limit has passed."""
        try:
            self._process.wait(max(0.0, min(wait_s, self._until - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() < self._until:
                return None
            self._closed()
            raise PortError(_late(self._name)) from None
        self._output.seek(0)
        output = self._output.read(OUTPUT_AT_MOST)
        complaint = _complaint(self._complaints)
        self._closed()
        return Outcome(status=self._process.returncode, output=output, complaint=complaint)


def _close(process: subprocess.Popen[bytes], *files: IO[bytes]) -> None:
    _end(process)
    for file in files:
        file.close()


def _cure(error: OSError) -> str:
    return "Install git 2.30 or newer" if isinstance(error, FileNotFoundError) else "See the disk"


def _late(name: str) -> str:
    return f"git {name} did not end in time and was stopped. See whether its remote or disk answers."


def _complaint(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
    return _shown(file.read())


def _read(process: subprocess.Popen[bytes], deadline: float, name: str) -> bytes:
    """Everything the process says until it closes its output, within limits; waits for its end."""
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    output = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while ready.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(process.stdout.fileno(), 1 << 18)
            if not chunk:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(1.0, deadline - time.monotonic()))
                    return bytes(output)
                break
            output += chunk
            if len(output) > OUTPUT_AT_MOST:
                raise PortError(f"git {name} answers more than {OUTPUT_AT_MOST >> 20} MiB, too much to read.")
    raise PortError(_late(name))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: politely first, so that git removes its lock files."""
    if process.stdout:
        process.stdout.close()
    if process.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        # The second goes to the group even when git itself has ended: a transport may have ignored the first.
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, sign)
            process.wait(5.0)


def _shown(complaint: bytes) -> str:
    """The last lines on one, without control characters and without passwords in addresses."""
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines()]
    text = "; ".join(line for line in lines if line and not line.startswith("hint:"))[-1000:]
    return re.sub(r"://[^/@\s]+@", "://***@", re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", text))
