"""`--sandbox`: a model that does what it likes reaches nothing, and one that only predicts notices nothing."""

import json
import os
import platform
import socket
import subprocess
from pathlib import Path

import pytest
from tests.serve.bundles import ROW, python_classifier, request
from tests.serve.running import command, serving

from headway.serve.cage.landlock import landlock_abi
from headway.serve.cage.seccomp import ARCHITECTURES, program

pytestmark = pytest.mark.skipif(not landlock_abi(), reason="this kernel has no Landlock")

# Tries each in turn, and tells by an exception, the one way out of a predict, which of them the kernel let it do.
HOSTILE = """
import ctypes, json, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def udp(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {port}))
def tcp(): socket.create_connection(("127.0.0.1", {port}), 1)
def unix(): socket.socket(socket.AF_UNIX).connect("{place}/socket")
def server(): socket.create_server(("127.0.0.1", 0))
def read(): open("{place}/secret").read()
def write(): open("{place}/written", "w")
def bundle(): open("model.joblib", "ab")
def environment(): open("/proc/{pid}/environ", "rb").read()
def end(): os.kill({pid}, 0)
def trace():
    if libc.ptrace(16, {pid}, 0, 0): raise OSError(ctypes.get_errno(), "ptrace")
def mount():
    if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None): raise OSError(ctypes.get_errno(), "mount")
def namespace():
    if libc.unshare(0x10000000): raise OSError(ctypes.get_errno(), "unshare")
def child():  # what it starts is held as it is
    tried = "import socket; socket.socket()"
    if subprocess.run([sys.executable, "-c", tried], stderr=subprocess.DEVNULL).returncode: raise OSError("socket")
HARMLESS = [udp, tcp, unix, server, read, write, bundle, environment, end, child]
TRIES = [*HARMLESS, *([trace, mount, namespace] if {harmful} else [])]
def predict(model, frame):
    if len(frame) == 1:
        return model.predict_proba(frame)
    done = []
    for attempt in TRIES:
        try:
            attempt()
        except OSError:
            continue
        done.append(attempt.__name__)
    raise ValueError("let: " + ",".join(done))
"""


def allowed(place: Path, *options: str) -> set[str]:
    """Which of its attempts a hostile model was let do; without options only those that harm nobody."""
    (place / "secret").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(place / "socket"))
        local.listen()
        text = HOSTILE.format(port=other.getsockname()[1], place=place, pid=os.getpid(), harmful=bool(options))
        bundle = python_classifier(place / "bundle", text)
        told = place / "told"
        told.mkdir()
        with serving(bundle, told, *options) as server:
            assert server.infer(request([ROW])).status_code == 200
            answer = server.infer(request([ROW, ROW]))
    assert answer.status_code == 422
    return set(answer.json()["error"].partition("let: ")[2].split(",")) - {""}


@pytest.mark.parametrize("options", [(), ("--grpc-port", "0")])
def test_a_hostile_model_in_the_sandbox_reaches_nothing(options: tuple[str, ...], tmp_path: Path) -> None:
    assert allowed(tmp_path, "--sandbox", *options) == set()


def test_the_attempts_are_real_without_the_sandbox(tmp_path: Path) -> None:
    assert allowed(tmp_path) == {
        "udp",
        "tcp",
        "unix",
        "server",
        "read",
        "write",
        "bundle",
        "environment",
        "end",
        "child",
    }


def test_a_model_that_predicts_notices_nothing(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path) as plain, serving(classifier, tmp_path, "--sandbox") as server:
        assert server.said["isolation"] == f"landlock {landlock_abi()}, seccomp"
        assert server.infer(request([ROW])).json() == plain.infer(request([ROW])).json()
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


def test_it_serves_without_write_access_anywhere_as_a_user_whom_nobody_knows(classifier: Path) -> None:
    stranger = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]
    if subprocess.run([*stranger, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody be somebody else")
    process = subprocess.Popen(
        [*stranger, *command(classifier, "--sandbox")],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "is ready on 127.0.0.1:" in said, said + process.stderr.read()
        with socket.create_connection(("127.0.0.1", int(said.rpartition(":")[2])), 5) as client:
            body = json.dumps(request([ROW])).encode()
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            assert client.recv(12) == b"HTTP/1.1 400"
            head = b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            client.sendall(head % len(body) + body)
            with client.makefile("rb") as answers:
                assert b"HTTP/1.1 200" in answers.read()
    finally:
        process.terminate()
        assert process.wait(20) == 0
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_program_fits_what_the_kernel_takes_and_jumps_no_further_than_it_may(machine: str) -> None:
    for execute in (True, False):
        code = program(machine, execute=execute)
        assert len(code) // 8 < 4096
        steps = [code[at : at + 8] for at in range(0, len(code), 8)]
        assert all(at + 1 + max(step[2:4]) < len(steps) for at, step in enumerate(steps) if step[0] & 7 == 5)
        assert steps[-1] == b"\x06\x00\x00\x00\x00\x00\xff\x7f"


def test_the_filter_knows_this_machine() -> None:
    assert platform.machine() in ARCHITECTURES
