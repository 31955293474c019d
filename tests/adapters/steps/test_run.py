"""The cage.  Tests that need Landlock say that they were skipped where the kernel has none."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from headway.adapters.steps.log import Log
from headway.adapters.steps.run import Outcome, Step, isolated, python_paths, run
from headway.serve.cage.landlock import landlock_abi

ABI = landlock_abi()
landlocked = pytest.mark.skipif(ABI == 0, reason="this kernel has no Landlock")
PYTHON = Path(sys.executable)


def step(folder: Path, code: str, **changes: Any) -> Step:
    command = (str(PYTHON), "-I", "-S", "-c", textwrap.dedent(code))
    told: dict[str, Any] = {"environ": {"PATH": "/usr/bin:/bin"}, "readable": python_paths(PYTHON), "timeout_s": 30.0}
    return Step(command=command, folder=folder, **{**told, **changes})


def ran(folder: Path, code: str, **changes: Any) -> Outcome:
    return run(step(folder, code, **changes))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_for_end(pid: int) -> bool:
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def test_a_program_that_goes_well_has_no_reason(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "print('hello'); open('made', 'w').write('1')")
    assert (outcome.reason, outcome.note, outcome.log) == ("", "", b"hello\n")
    assert (tmp_path / "made").read_text() == "1"


def test_the_isolation_is_said_as_it_is(tmp_path: Path) -> None:
    with_it, without = ran(tmp_path, "pass"), ran(tmp_path, "pass", landlock=False)
    assert with_it.isolation.startswith(f"landlock {ABI} (files" if ABI else "process group only")
    assert without.isolation.startswith("process group only")


@pytest.mark.parametrize(
    ("words", "required", "enough"),
    [
        ("landlock 7 (files, signals); no TCP; process group", "landlock", True),
        ("process group only: this kernel has no Landlock", "landlock", False),
        ("process group only: this kernel has no Landlock", "any", True),
        ("", "landlock", False),
    ],
)
def test_a_cage_is_as_strict_as_required_or_not(words: str, required: Any, *, enough: bool) -> None:
    assert isolated(words, required) == enough


def test_a_failure_ends_with_its_last_line(tmp_path: Path) -> None:
    assert ran(tmp_path, "raise SystemExit('no rain data')").reason == "it ended with 1: no rain data"


def test_a_crash_names_its_signal(tmp_path: Path) -> None:
    assert ran(tmp_path, "import os; os.kill(os.getpid(), 11)").reason == "it was ended by signal 11"


def test_a_program_that_is_not_there_is_an_outcome(tmp_path: Path) -> None:
    outcome = run(Step(command=("no-such-program",), folder=tmp_path, environ={"PATH": "/usr/bin"}))
    assert "no-such-program cannot be started" in outcome.reason


@pytest.mark.parametrize("landlock", [True, False])
def test_a_program_gets_the_environment_it_is_given_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, landlock: bool
) -> None:
    monkeypatch.setenv("HEADWAY_TEST_TOKEN", "1")
    code = "import os, json; print(json.dumps(sorted(set(os.environ) - {'LC_CTYPE'})))"
    assert json.loads(ran(tmp_path, code, environ={"A": "b"}, landlock=landlock).log) == ["A"]


def test_nothing_is_read_from_the_terminal(tmp_path: Path) -> None:
    assert ran(tmp_path, "import sys; print(repr(sys.stdin.read()))").log == b"''\n"


def test_it_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "import time; time.sleep(60)", timeout_s=0.3)
    assert outcome.reason == "it ran longer than its 0.3 s (train.timeout)"
    assert outcome.seconds < 20


def test_it_is_ended_when_it_holds_too_much_memory(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "held = bytearray(200 << 20); import time; time.sleep(60)", memory=100 << 20)
    assert "more than its 100 MiB (train.memory)" in outcome.reason


def test_memory_is_watched_over_all_its_processes(tmp_path: Path) -> None:
    code = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                held = bytearray(os.urandom(1 << 20) * 60)
                time.sleep(60)
        time.sleep(60)
    """
    assert "more than its 150 MiB" in ran(tmp_path, code, memory=150 << 20).reason


def test_memory_shared_by_its_processes_counts_once(tmp_path: Path) -> None:
    code = """
        import os, time
        held = bytearray(os.urandom(1 << 20) * 60)
        children = []
        for _ in range(4):
            children.append(os.fork())
            if not children[-1]:
                time.sleep(0.6)
                os._exit(0)
        for child in children:
            os.waitpid(child, 0)
    """
    assert ran(tmp_path, code, memory=200 << 20).reason == ""


def test_a_fork_bomb_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    # Every process forks on; it bounds itself too, so that a cage that fails this test does no harm.
    code = """
        import os, time
        for _ in range(10):
            os.fork()
            with open("pids", "a") as file:
                file.write(f"{os.getpid()}\\n")
            time.sleep(0.05)
        time.sleep(600)
    """
    outcome = ran(tmp_path, code, processes=60)
    assert outcome.reason == "it started more than 60 processes"
    started = {int(line) for line in (tmp_path / "pids").read_text().split()}
    assert len(started) > 30
    assert not [pid for pid in started if alive(pid)]


DAEMON = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("pid", "w").write(str(os.getpid()))
            os.closerange(0, 3)
            time.sleep(600)
        os._exit(0)
    while not os.path.exists("pid") or not open("pid").read():
        time.sleep(0.01)
"""


@pytest.mark.parametrize("end", ["", "time.sleep(600)"])
def test_no_daemon_is_left_behind(tmp_path: Path, end: str) -> None:
    outcome = ran(tmp_path, textwrap.dedent(DAEMON) + end, timeout_s=1.0 if end else 30.0)
    assert not alive(int((tmp_path / "pid").read_text()))
    if not end:
        assert (outcome.reason, outcome.note) == ("", "1 processes that it left running were ended")


def test_helpers_that_leave_by_themselves_are_no_daemons(tmp_path: Path) -> None:
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(0.3)\n    os._exit(0)"
    assert ran(tmp_path, code).note == ""


def test_nothing_outlives_whoever_started_it(tmp_path: Path) -> None:
    code = textwrap.dedent(DAEMON) + "open('own', 'w').write(str(os.getpid())); time.sleep(600)"
    program = f"""
        import sys
        from pathlib import Path
        from headway.adapters.steps.run import Step, run, python_paths
        python = Path(sys.executable)
        run(Step(command=(sys.executable, "-I", "-S", "-c", {code!r}), folder=Path({str(tmp_path)!r}),
                 environ={{}}, readable=python_paths(python), timeout_s=60.0))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    try:
        end = time.monotonic() + 30
        while not ((tmp_path / "own").exists() and (tmp_path / "own").read_text()):
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert wait_for_end(int((tmp_path / "own").read_text()))
    assert wait_for_end(int((tmp_path / "pid").read_text()))


def test_a_file_without_end_is_cut_off(tmp_path: Path) -> None:
    code = "file = open('big', 'wb')\nwhile True: file.write(bytes(1 << 20)); file.flush()"
    outcome = ran(tmp_path, code, file=8 << 20)
    assert "File too large" in outcome.reason
    assert (tmp_path / "big").stat().st_size <= 8 << 20


def test_a_full_disk_is_an_outcome(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "open('/dev/full', 'w').write('x' * 9000)")
    assert "No space left on device" in outcome.reason


def test_endless_output_is_kept_in_part(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "for at in range(1200000): print('line', at)")
    assert outcome.log.startswith(b"line 0\n")
    assert outcome.log.endswith(b"line 1199999\n")
    assert b"bytes are left out here" in outcome.log
    assert len(outcome.log) < 5 * 2**20


def test_secrets_are_masked_and_lines_followed() -> None:
    lines: list[bytes] = []
    log = Log(("hunter22",), lines.append)
    for part in (b"dsn: hun", b"ter22 ok\nnext", b" line\n", b"\x1b[31mhunter22\x1b[0m"):
        log.add(part)
    assert lines == [b"dsn: *** ok\n", b"next line\n"]
    assert log.last() == "[31m***[0m"
    assert b"hunter22" not in log.text()


@landlocked
@pytest.mark.parametrize("path", ["/etc/shadow", "/root/.bashrc", "{outside}", "/proc/{parent}/environ"])
def test_nothing_beyond_the_system_and_the_folder_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("test rows")
    (tmp_path / "cage").mkdir()
    wanted = path.format(outside=tmp_path / "outside", parent=os.getpid())
    outcome = ran(tmp_path / "cage", f"import os\nif os.path.exists({wanted!r}): open({wanted!r}).read()\nelse: 1 / 0")
    assert "PermissionError" in outcome.reason or "ZeroDivisionError" in outcome.reason


@landlocked
def test_nothing_outside_the_folder_is_written(tmp_path: Path) -> None:
    (tmp_path / "cage").mkdir()
    outcome = ran(tmp_path / "cage", f"open({str(tmp_path / 'new')!r}, 'w')")
    assert "PermissionError" in outcome.reason
    assert not (tmp_path / "new").exists()


@landlocked
@pytest.mark.skipif(ABI < 6, reason=f"Landlock {ABI} does not scope signals")
def test_no_other_process_can_be_signalled(tmp_path: Path) -> None:
    assert "PermissionError" in ran(tmp_path, f"import os; os.kill({os.getpid()}, 0)").reason


@landlocked
@pytest.mark.skipif(ABI < 4, reason=f"Landlock {ABI} does not know TCP")
@pytest.mark.parametrize(("network", "bind", "connect"), [("none", 0, 0), ("serve", 1, 0), ("open", 1, 1)])
def test_tcp_is_closed_as_far_as_said(tmp_path: Path, network: Any, bind: int, connect: int) -> None:
    code = """
        import socket
        def tries(act):
            try: act()
            except PermissionError: return 0
            except OSError: return 1
            return 1
        print(tries(lambda: socket.socket().bind(("127.0.0.1", 0))),
              tries(lambda: socket.socket().connect(("127.0.0.1", 9))))
    """
    assert ran(tmp_path, code, network=network).log == f"{bind} {connect}\n".encode()
