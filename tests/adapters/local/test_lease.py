"""The lease of `headway up`: who holds it, and how its holder is asked to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.local.kit import until

from headway.adapters.local import seat
from headway.adapters.local.lease import acquire, end_holder, holder
from headway.reconcile.ports import PortError

HOLDING = """
import signal, sys
from pathlib import Path
from headway.adapters.local.lease import acquire
with acquire(Path(sys.argv[1])):
    print("ready", flush=True)
    signal.sigwait([signal.SIGTERM])
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds the lease until it is told to end."""
    code = HOLDING.replace("import signal", "import signal; signal.pthread_sigmask(0, [15]); import os", 1)
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        try:
            yield child
        finally:
            child.kill()


def test_a_lease_has_one_holder_who_is_named(tmp_path: Path, other: "subprocess.Popen[bytes]") -> None:
    assert f"process {other.pid} on" in holder(tmp_path)
    with pytest.raises(PortError, match=f"held by process {other.pid} on"):
        acquire(tmp_path)


def test_the_holder_ends_itself_when_asked(tmp_path: Path, other: "subprocess.Popen[bytes]") -> None:
    assert end_holder(tmp_path, 30)
    assert other.wait(30) == 0
    assert not end_holder(tmp_path, 30)


def test_a_lease_ends_with_its_holder_however_that_ends(tmp_path: Path, other: "subprocess.Popen[bytes]") -> None:
    os.kill(other.pid, signal.SIGKILL)
    until(lambda: not holder(tmp_path))
    acquire(tmp_path).release()


def test_who_only_looks_is_not_taken_for_a_former_holder(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "up.lock").write_text(f"process {bystander.pid} on here since long ago\n")
    looking = seat.lock(tmp_path / "up.lock")
    assert looking
    with looking, pytest.raises(PortError, match="has not ended"):
        end_holder(tmp_path, 0.2)
    assert bystander.poll() is None
    bystander.communicate(b"\n", timeout=30)
    assert bystander.returncode == 0
