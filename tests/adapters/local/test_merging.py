"""Histograms that Envoy has not merged yet, while its counters are those of now."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.adapters.local.counts import counted, read
from headway.render.traffic.envoy.server import EDGES_MS, TOP


def answer(done: int, timed: int) -> bytes:
    """So many requests of one cluster have ended, and of so many the time is known: more than any edge."""

    def histogram(what: str) -> dict[str, object]:
        buckets = [*({"upper_bound": edge, "cumulative": 0} for edge in EDGES_MS)]
        return {
            "name": f"cluster.a.upstream_rq_{what}",
            "buckets": [*buckets, {"upper_bound": TOP, "cumulative": timed}],
        }

    counters = [{"name": f"cluster.a.upstream_rq_{what}", "value": done} for what in ("completed", "2xx")]
    return json.dumps({"stats": [*counters, {"histograms": [histogram("time"), histogram("headers_count")]}]}).encode()


@contextmanager
def admin(path: Path, bodies: Sequence[bytes]) -> Iterator[list[bytes]]:
    """An admin interface that gives these answers in turn, the last one for ever; what it was asked."""
    asked: list[bytes] = []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536).split(b"\r\n")[0])
                body = bodies[min(len(asked), len(bodies)) - 1]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("seen", "starts", "slow", "questions"),
    [
        ([(30, 30)], 30, 30, 2),  # all is known
        ([(30, 20), (31, 31)], 31, 31, 2),  # merged at once
        ([(30, 20), (31, 20), (32, 20), (33, 32)], 33, 32, 4),  # merged late
        ([(30, 20), (31, 25)], 31, 25, 2),  # merged, and meanwhile others ended
        ([(0, 0)], 0, 0, 2),
    ],
)
def test_a_look_waits_for_the_latencies_of_what_was_counted_before_it(
    tmp_path: Path, seen: Sequence[tuple[int, int]], starts: int, slow: int, questions: int
) -> None:
    with admin(tmp_path / "admin", [answer(*one) for one in seen]) as asked:
        found = counted(tmp_path / "admin", {"a": "a"})
    assert found
    assert (found["a"].starts, set(found["a"].slower)) == (starts, {slow})
    assert len(asked) == questions


def test_a_look_does_not_wait_for_ever(tmp_path: Path) -> None:
    with admin(tmp_path / "admin", [answer(30, 20)]) as asked:
        found = counted(tmp_path / "admin", {"a": "a"})
    assert found
    assert (found["a"].starts, set(found["a"].slower)) == (30, {20})
    assert len(asked) < 10


def test_without_an_answer_nothing_is_counted(tmp_path: Path) -> None:
    assert counted(tmp_path / "admin", {"a": "a"}) is None


@pytest.mark.parametrize(
    "nonsense", [b"", b"{}", b"[]", b'{"stats": [1]}', b'{"stats": [{"name": "a"}]}', b'{"stats": 1}']
)
def test_nonsense_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read(nonsense)
