"""Prometheus' interface, by a server that speaks what is documented, and by the real one where it is installed."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from headway.adapters.prometheus.client import MOST_BYTES, MOST_SERIES, REST_S, Prometheus
from headway.reconcile.ports import PortError, UnreachableError
from headway.stats.counters import Sample, increment


class Handler(BaseHTTPRequestHandler):
    """Answers with what the test put there, and keeps what it was asked."""

    answers: list[tuple[int, bytes]]
    asked: list[tuple[str, dict[str, list[str]], str | None]]
    slow_s = 0.0

    def do_GET(self) -> None:
        """One query."""
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parse_qs(parts.query), self.headers.get("Authorization")))
        status, body = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, type[Handler]]]:
    kind = type("Kind", (Handler,), {"answers": list(answers), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", kind
    finally:
        server.shutdown()
        server.server_close()


def matrix(*series: tuple[dict[str, str], list[tuple[float, str]]], **more: object) -> bytes:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}, **more}).encode()


def ask(address: str, token: Path | None = None) -> dict[str, list[Sample]]:
    found = Prometheus(token).samples(address, 'orders_total{version="1"}', at=1000.0, over_s=360.0)
    return {name: list(samples) for name, samples in found.items()}


def test_raw_samples_come_by_series_and_the_question_is_a_plain_range() -> None:
    body = matrix(
        ({"pod": "b", "job": "shop"}, [(1.0, "3"), (2.0, "5")]), ({"pod": "a", "job": "shop"}, [(1.5, "NaN")])
    )
    with answering((200, body)) as (address, kind):
        found = ask(address)
    assert kind.asked == [("/api/v1/query", {"query": ['orders_total{version="1"}[360s]'], "time": ["1000.000"]}, None)]
    one, other = found.values()
    assert one == [Sample(at=1.0, value=3.0), Sample(at=2.0, value=5.0)]
    assert other[0].value != other[0].value
    assert next(iter(found)) == '[["job","shop"],["pod","b"]]'


VECTOR = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"<html>a proxy</html>"), "none of its answers"),
        ((200, b'{"status": "success"}'), "refuses: success"),
        ((400, b'{"status": "error", "errorType": "bad_data", "error": "parse error"}'), "refuses: parse error"),
        ((200, VECTOR), "answers a vector"),
        ((200, matrix(warnings=["one store did not answer"])), "answers in part"),
        ((200, matrix(*[({"pod": str(n)}, []) for n in range(MOST_SERIES + 1)])), "select at most"),
        ((200, matrix(({"pod": "a"}, []), ({"pod": "a"}, []))), "one series twice"),
        ((200, b" " * (MOST_BYTES + 1)), "select fewer series"),
        ((302, b""), "none of its answers"),
    ],
)
def test_what_is_not_wholly_an_answer_is_none(answer: tuple[int, bytes], said: str) -> None:
    with answering(answer) as (address, _), pytest.raises(PortError, match=said):
        ask(address)


def test_one_that_does_not_answer_rests_for_all_who_ask_it() -> None:
    now = [0.0]
    with answering((503, b""), (200, matrix())) as (address, kind):
        client = Prometheus(clock=lambda: now[0])
        for _ in range(3):
            with pytest.raises(UnreachableError, match="does not answer"):
                client.samples(address, "a", at=1.0, over_s=1.0)
        assert len(kind.asked) == 1
        now[0] += REST_S
        assert client.samples(address, "a", at=1.0, over_s=1.0) == {}


def test_an_answer_that_drips_is_given_up() -> None:
    ticks = iter(range(0, 1000, 2))
    with answering((200, b" " * 2**20)) as (address, _), pytest.raises(UnreachableError, match="TimeoutError"):
        Prometheus(clock=lambda: float(next(ticks))).samples(address, "a", at=1.0, over_s=1.0)


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="does not answer"):
            ask(f"http://127.0.0.1:{taken.getsockname()[1]}")


def test_the_token_is_read_anew_sent_within_this_machine_and_never_in_the_clear(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    with answering((200, matrix())) as (address, kind):
        ask(address, token)
        token.write_text("second")
        ask(address, token)
        token.write_text("two\nlines")
        with pytest.raises(PortError, match="no token of one line") as told:
            ask(address, token)
    assert [authorization for _, _, authorization in kind.asked] == ["Bearer first", "Bearer second"]
    assert "lines" not in str(told.value)
    assert "Authorization" not in Prometheus(token)._headers(urlsplit("http://prometheus.example"))


# -- the real one

PROMETHEUS = shutil.which("prometheus")


class Exposed(Handler):
    """Counters as a program exposes them."""

    values: dict[str, int]

    def do_GET(self) -> None:
        """One scrape."""
        body = "".join(f"{name} {value}\n" for name, value in self.values.items()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prometheus(target: str, place: Path) -> Iterator[str]:
    assert PROMETHEUS
    config, port = place / "prometheus.yml", free_port()
    config.write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={place / 'data'}"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def until(address: str, selector: str, value: float) -> dict[str, list[Sample]]:
    """The samples once a value was scraped."""
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        try:
            found = Prometheus().samples(address, selector, at=time.time(), over_s=300.0)
        except PortError:
            found = {}
        if any(samples and samples[-1].value == value for samples in found.values()):
            return {name: list(samples) for name, samples in found.items()}
        time.sleep(0.1)
    raise AssertionError(f"{selector} never showed {value}")


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is not installed here (Debian: apt install prometheus)")
@pytest.mark.timeout(120)
def test_a_real_prometheus_tells_what_was_really_counted_also_over_a_reset(tmp_path: Path) -> None:
    bad, of = 'declined_total{version="1"}', 'orders_total{version="1"}'
    kind = type("Kind", (Exposed,), {"values": {bad: 5, of: 100}, "asked": [], "answers": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with prometheus(f"127.0.0.1:{server.server_address[1]}", tmp_path) as address:
            state, first = increment(None, until(address, of, 100.0))
            kind.values = {bad: 9, of: 130}
            state, second = increment(state, until(address, of, 130.0))
            kind.values = {bad: 1, of: 20}  # it began again
            _, third = increment(state, until(address, of, 20.0))
            with pytest.raises(PortError, match="refuses"):
                Prometheus().samples(address, "no selector {", at=time.time(), over_s=60.0)
            assert until(address, bad, 1.0)
    finally:
        server.shutdown()
        server.server_close()
    assert (first.value, second.value, third.value) == (0.0, 30.0, 20.0)
    assert (second.resets, third.resets) == (0, 1)
