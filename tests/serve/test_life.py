"""From start to the end of a drain: what the supervisor and the clients of a server see."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from bench.serving.sigterm import Crowd, restarts
from tests.serve.bundles import ROW, python_classifier, request
from tests.serve.running import command, serving

BODY = json.dumps(request([ROW])).encode()
SENT = b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_sixty_four_busy_clients_lose_nothing_over_three_sigterms(classifier: Path) -> None:
    port = free_port()
    asked = command(classifier, "--port", str(port), "--drain", "1", "--quiet", "0.1")
    seen = asyncio.run(restarts(asked, port, [SENT], clients=64, rounds=3))
    assert (seen["broken"], seen["failed"]) == (0, 0), seen
    assert seen["200"] > 3 * 200
    assert seen["closed"] >= 3 * 64  # each was asked to go


@pytest.mark.parametrize("begin_s", [0.1, 0.7])
def test_a_server_that_stood_still_while_it_drains_loses_nothing(
    classifier: Path, tmp_path: Path, begin_s: float
) -> None:
    async def run() -> Counter[str]:
        crowd = Crowd(server.port, [SENT], 8)
        crowd.open.set()
        await crowd.answers(100)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(begin_s)  # before the door is shut, and after
        server.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.8)  # longer than an idle client is kept
        server.process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(server.process.wait, 20) == 0
        return await crowd.end()

    with serving(classifier, tmp_path, "--drain", "1") as server:
        seen = asyncio.run(asyncio.wait_for(run(), 60))
    assert seen["broken"] == 0, seen
    assert seen["closed"] >= 8


def test_an_answer_that_is_owed_is_given_beyond_the_time_of_a_drain(tmp_path: Path) -> None:
    slow = (
        "import time, numpy as np\n"
        "def load(folder): return None\n"
        "def predict(model, frame):\n"
        "    time.sleep(1.5 * (frame['distance'].iloc[0] == 1400.0))\n"
        "    return np.full(len(frame), 0.5)\n"
    )
    bundle = python_classifier(tmp_path / "bundle", slow)
    with serving(bundle, tmp_path, "--drain", "0.2") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
            client.sendall(SENT)
            assert server.client.get("/v2/health/live").status_code == 200  # it has read what was sent before
            server.process.send_signal(signal.SIGTERM)
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 200")
        assert server.process.wait(timeout=20) == 0


def test_a_drain_turns_not_ready_at_once_serves_on_and_ends_when_nobody_is_left(
    classifier: Path, tmp_path: Path
) -> None:
    with serving(classifier, tmp_path, "--drain", "20", "--quiet", "1") as server:
        url = f"http://127.0.0.1:{server.port}"
        assert httpx.get(f"{url}/v2/health/ready").status_code == 200
        idle = socket.create_connection(("127.0.0.1", server.port))
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        while httpx.get(f"{url}/v2/health/ready").status_code != 503:
            assert time.monotonic() - begin < 5
        answer = httpx.post(f"{url}/v2/models/delay/infer", content=BODY)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert server.process.wait(timeout=15) == 0
        assert time.monotonic() - begin < 10
        assert idle.recv(1) == b""  # closed, not reset
        idle.close()


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_ctrl_c_or_a_second_signal_ends_it_soon(
    classifier: Path, tmp_path: Path, signals: list[signal.Signals]
) -> None:
    with serving(classifier, tmp_path, "--drain", "25", "--quiet", "25") as server:
        for number in signals:
            server.process.send_signal(number)
            time.sleep(0.2)
        assert server.process.wait(timeout=15) == 0


def test_a_client_that_never_leaves_does_not_hold_the_server_beyond_its_time(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--drain", "0.6", "--quiet", "30") as server:
        stuck = socket.create_connection(("127.0.0.1", server.port))
        stuck.sendall(b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=10) == 0
        stuck.close()


def test_a_server_is_live_but_not_ready_while_its_model_loads(tmp_path: Path) -> None:
    slow = "import time\ndef load(folder): time.sleep(60)\ndef predict(model, frame): return None"
    bundle = python_classifier(tmp_path / "bundle", slow)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        command(bundle, "--port", str(port), "--ready-file", str(ready)),
        stderr=subprocess.DEVNULL,
    )
    try:
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + 30
        while True:
            try:
                assert httpx.get(f"{url}/v2/health/live").status_code == 200
                break
            except httpx.ConnectError:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert httpx.get(f"{url}/v2/health/ready").status_code == 503
        assert httpx.get(f"{url}/v2/models/delay/ready").status_code == 503
        answer = httpx.post(f"{url}/v2/models/delay/infer", content=BODY)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert not ready.exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert not ready.exists()
    finally:
        process.kill()
        process.wait()


def test_a_port_that_is_taken_is_told(classifier: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            command(classifier, "--port", str(port)), capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_it_serves_without_uvloop_too(classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('not here')")
    with serving(classifier, tmp_path, env={"PYTHONPATH": str(tmp_path)}) as server:
        assert server.infer(request([ROW])).status_code == 200


@pytest.mark.parametrize("runtime", ["headway.serve.runtimes.onnx", "headway.serve.runtimes.process"])
def test_the_server_loads_nothing_of_the_control_plane(runtime: str) -> None:
    program = f"import sys, headway.serve.run, {runtime}; print(*sorted(m for m in sys.modules if m[:8] == 'headway.'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert rooms <= {"serve", "stats", "evidence", "spec"}
    heavy = "{'click', 'rich', 'cryptography', 'onnxruntime', 'yaml'}"
    program = f"import sys, headway.serve.run; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_nothing_is_written_to_a_users_home_and_nobody_is_called(classifier: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(classifier, tmp_path, env={"HOME": str(home), "XDG_CACHE_HOME": str(home)}) as server:
        server.infer(request([ROW]))
        sockets = {line.split()[9] for line in Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()[1:]}
        held = {str(path.readlink()) for path in Path(f"/proc/{server.process.pid}/fd").iterdir()}
    assert list(home.iterdir()) == []
    assert len(held & {f"socket:[{number}]" for number in sockets}) <= 2  # where it listens, and its one client
