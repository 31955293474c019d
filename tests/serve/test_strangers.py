"""Any bytes on a real socket of a real server: it lives, answers 4xx at worst, and a good request after it is right."""

import json
import re
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.conversation import HEADS, PIECES
from tests.fuzz.seeds import SEEDS
from tests.serve.bundles import ROW, request
from tests.serve.running import Server

BODIES = [seed[1:] for seed in SEEDS if 0 < seed[0] // len(PIECES) < len(HEADS)]
PATHS = ["/v2/models/delay/infer", "/invocations", "/v2/models/delay/feedback", "/v2/repository/index"]
GOOD = json.dumps(request([ROW])).encode()
ASK = b"POST /v2/models/delay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")

changed = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4)


def spoilt(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    """The same bytes but for a few."""
    made = bytearray(data)
    for at, value in changes:
        made[at % len(made)] = value
    return bytes(made)


def answered(server: Server, sent: bytes) -> list[int]:
    """The statuses of all answers to bytes after which nothing more comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        try:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda: sock.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):  # refused, and we went on sending
            return []
    return [int(status) for status in STATUS.findall(told)]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.builds(spoilt, st.sampled_from(SEEDS).map(lambda seed: seed[1:]), changed))
def test_any_bytes_are_answered_with_4xx_at_worst_and_harm_nobody(server: Server, sent: bytes) -> None:
    assert all(status in {100, 200} or 400 <= status < 500 for status in answered(server, sent))
    assert answered(server, ASK) == [200]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.sampled_from(["application/json", "text/csv", "application/octet-stream", "x"]),
    st.sampled_from(["", "gzip", "deflate", "br"]),
    st.binary(max_size=300) | st.builds(spoilt, st.sampled_from(BODIES), changed),
)
def test_any_body_is_answered_with_4xx_at_worst(
    server: Server,
    path: str,
    kind: str,
    encoding: str,
    body: bytes,
) -> None:
    answer = server.client.post(path, content=body, headers={"content-type": kind, "content-encoding": encoding})
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    answer.json()


def test_the_server_is_right_afterwards(server: Server) -> None:
    answer = server.infer(request([ROW]))
    assert answer.status_code == 200
    assert answer.json()["outputs"][0]["data"] == [1]


@pytest.mark.parametrize("head", [b"GET", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"CONNECT", b"TRACE", b"OPTIONS"])
def test_every_method_is_answered(server: Server, head: bytes) -> None:
    target = b"x:1" if head == b"CONNECT" else b"/v2/models/delay/infer"
    (status,) = answered(server, head + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 200 or 400 <= status < 500
