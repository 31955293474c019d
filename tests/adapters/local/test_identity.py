"""Processes are known by more than a pid, and what is written down outlives its writer."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from tests.adapters.local.kit import until

from headway.adapters.local import lease, seat
from headway.adapters.local.ledger import Ledger
from headway.adapters.local.memory import Memory
from headway.adapters.local.process import Identity, alive, boot_id, end_session, find, identify_child, send
from headway.adapters.local.words import Engine, Place, Pod, Work
from headway.reconcile.ports import PortError

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[bytes], Identity]]:
    nonce = secrets.token_hex(16)
    with subprocess.Popen([sys.executable, "-c", SLEEP, nonce], start_new_session=True) as made:
        who = identify_child(made, nonce)
        assert who
        try:
            yield made, who
        finally:
            made.kill()


Child = tuple[subprocess.Popen[bytes], Identity]


def test_a_process_is_itself_until_it_ends(child: Child) -> None:
    made, who = child
    assert alive(who)
    assert find(who.nonce) == who
    made.kill()
    until(lambda: not alive(who))  # not yet reaped, and yet no longer alive
    made.wait(10)
    assert not alive(who)
    assert find(who.nonce) is None


@pytest.mark.parametrize("other", [{"started": "1"}, {"boot": "another"}, {"nonce": "f" * 32}])
def test_a_process_that_only_shares_the_pid_is_never_signalled(child: Child, other: dict[str, str]) -> None:
    made, who = child
    stranger = structs.replace(who, **other)
    assert not alive(stranger)
    assert not send(stranger, signal.SIGKILL)
    assert made.poll() is None
    assert send(who, signal.SIGKILL)
    assert made.wait(10) == -signal.SIGKILL
    assert not send(who, signal.SIGKILL)


def test_what_a_process_left_in_its_session_is_ended() -> None:
    nonce = secrets.token_hex(16)
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}, 'left-{nonce}'])\n{SLEEP}"
    with subprocess.Popen([sys.executable, "-c", program, nonce], start_new_session=True) as made:
        who = identify_child(made, nonce)
        assert who
        until(lambda: find(f"left-{nonce}") is not None)
        end_session(who)
        assert alive(who)  # while the process itself runs, its children are its own matter
        made.kill()
        made.wait(10)
        end_session(who)
    until(lambda: find(f"left-{nonce}") is None)


def pod(who: Identity | None, nonce: str) -> Pod:
    work = Work(name="delay", version="1.0.0", bundle="b", command=("serve",))
    return Pod(place="production.delay", work=work, nonce=nonce, began=1.0, who=who)


def test_a_process_whose_start_was_not_written_down_is_found_again(tmp_path: Path, child: Child) -> None:
    _, who = child
    first = Ledger(tmp_path / "db")
    first.put_pod(pod(None, who.nonce))
    assert Ledger(tmp_path / "db").pods[who.nonce].who == who


def test_a_dead_process_and_one_with_a_reused_pid_are_not_taken_over(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "db")
    mine = Identity(pid=os.getpid(), started="1", boot=boot_id(), nonce="n")
    first.put_pod(pod(mine, "n"))
    first.put_engine(Engine(nonce="n", began=1.0, who=mine))
    again = Ledger(tmp_path / "db")
    assert again.pods["n"].who is None
    assert again.engine is not None
    assert again.engine.who is None


def test_after_a_start_of_the_machine_only_addresses_are_kept(tmp_path: Path, child: Child) -> None:
    _, who = child
    first = Ledger(tmp_path / "db")
    first.put_pod(pod(who, who.nonce))
    first.put_engine(Engine(nonce=who.nonce, began=1.0, who=who))
    work = pod(who, who.nonce).work
    first.put_place("k", Place(model="delay", environment="production", works=(work,), host="127.0.0.1", port=8080))
    Memory(tmp_path / "db").write({"boot": b"the start before"})
    again = Ledger(tmp_path / "db")
    assert (again.pods, again.engine) == ({}, None)
    assert again.places == {"k": Place(model="delay", environment="production", host="127.0.0.1", port=8080)}
    assert alive(who)
    assert Ledger(tmp_path / "db").places == again.places


def test_values_are_written_all_or_nothing_and_read_by_another(tmp_path: Path) -> None:
    Memory(tmp_path / "db").write({"a": b"1", "b": b"2"})
    Memory(tmp_path / "db").write({"a": None, "b": b"3"})
    assert Memory(tmp_path / "db").all() == {"b": b"3"}


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"not a database" * 100)
    with pytest.raises(PortError, match="cannot be opened"):
        Memory(tmp_path / "db").read("a")


def test_a_second_up_is_told_who_holds_the_lease(tmp_path: Path) -> None:
    with lease.acquire(tmp_path / "run"):
        program = "import sys; from pathlib import Path; from headway.adapters.local import lease; "
        program += "lease.acquire(Path(sys.argv[1]))"
        command = [sys.executable, "-c", program, str(tmp_path / "run")]
        other = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert other.returncode == 1
        assert f"held by process {os.getpid()} on " in other.stderr
    lease.acquire(tmp_path / "run").release()


def test_a_lease_ends_with_its_holder(tmp_path: Path) -> None:
    program = "import sys, time; from pathlib import Path; from headway.adapters.local import lease; "
    program += "held = lease.acquire(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(PortError, match=f"process {holder.pid} "):
            lease.acquire(tmp_path)
        holder.kill()
        holder.wait(10)
    lease.acquire(tmp_path).release()


def test_a_long_path_gets_a_short_private_folder_for_its_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    folder = seat.run_folder(deep)
    assert len(os.fsencode(folder)) < 90
    assert folder == seat.run_folder(deep)
    assert folder.stat().st_mode & 0o077 == 0
    (folder / "supervisor").touch()
    seat.leave(deep)
    assert not folder.exists()


def test_a_folder_that_somebody_else_laid_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    if len(os.fsencode(tmp_path / "sockets")) > 90:
        pytest.skip("the temporary folder's own path is too long")
    with pytest.raises(PortError, match="not a folder of yours"):
        seat.run_folder(tmp_path)
