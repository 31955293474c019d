"""Thousands of clients that are slow, idle or dead cost the others nothing."""

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from tests.serve.bundles import ROW, request
from tests.serve.running import Server, serving

BODY = json.dumps(request([ROW])).encode()
BEGUN = (
    b"",
    b"POST /v2/models/delay/inf",
    b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Le",
    b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + BODY,
    b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n{",
)


@contextmanager
def many(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connections that each have begun something, or nothing, and do not go on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * count), hard), hard))
    with ExitStack() as stack:
        made = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(count)]
        for number, sock in enumerate(made):
            sock.sendall(BEGUN[number % len(BEGUN)])
        yield made
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 5000, reason="needs descriptors")
def test_two_thousand_connections_that_do_not_go_on_cost_a_busy_client_nothing(server: Server) -> None:
    truth = server.infer(request([ROW])).json()
    with many(server, 2000) as others:
        for _ in range(200):
            answer = server.infer(request([ROW]))
            assert (answer.status_code, answer.json()) == (200, truth)
        # They are still there, and are answered once they do go on.
        others[3].sendall(b" " * (5000 - len(BODY)))
        assert others[3].recv(65536).startswith(b"HTTP/1.1 200 ")
        for sock in others[::7]:  # a reset rather than a polite end
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        assert server.infer(request([ROW])).status_code == 200
    assert server.infer(request([ROW])).status_code == 200


def test_clients_that_ask_and_never_read_cost_a_busy_client_nothing(server: Server) -> None:
    asked = b"GET /v2/models/delay/summary HTTP/1.1\r\nHost: x\r\n\r\n" * 60
    with many(server, 50) as others:
        for sock in others[::5]:
            sock.settimeout(0)
            for _ in range(40):
                try:
                    sock.send(asked)
                except BlockingIOError:
                    break
        for _ in range(50):
            assert server.infer(request([ROW])).status_code == 200


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_server_out_of_descriptors_answers_who_is_there_and_goes_on(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path) as server:
        assert server.infer(request([ROW])).status_code == 200
        there = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (there + 20, there + 20))
        with many(server, 100):
            for _ in range(100):
                assert server.infer(request([ROW])).status_code == 200
        answer = httpx.post(f"http://127.0.0.1:{server.port}/v2/models/delay/infer", content=BODY, timeout=20)
        assert answer.status_code == 200
