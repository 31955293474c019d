"""Prometheus' interface, by a server that speaks what is documented, and by the real one where it is installed."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.adapters.monitor import INSTALLED, Quiet, monitored, served, until

from headway.adapters.prometheus.client import MOST_BYTES, MOST_SERIES, REST_S, Prometheus
from headway.reconcile.ports import PortError, UnreachableError
from headway.stats.counters import Sample, increment


class Handler(Quiet):
    """Answers with what the test put there, and keeps what it was asked."""

    answers: list[tuple[int, bytes]]
    asked: list[tuple[str, dict[str, list[str]], str | None]]
    slow_s = 0.0

    def get(self) -> None:
        """One query."""
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parse_qs(parts.query), self.headers.get("Authorization")))
        status, body = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.answer(status, body)


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, type[Handler]]]:
    kind = type("Kind", (Handler,), {"answers": list(answers), "asked": []})
    with served(kind) as address:
        yield f"http://{address}", kind


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


@INSTALLED
@pytest.mark.timeout(120)
def test_a_real_prometheus_tells_what_was_really_counted_also_over_a_reset(tmp_path: Path) -> None:
    bad, of = 'declined_total{version="1"}', 'orders_total{version="1"}'
    values = {bad: 5.0, of: 100.0}
    with monitored(values, tmp_path) as address:
        state, first = increment(None, until(address, of, 100.0))
        values |= {bad: 9.0, of: 130.0}
        state, second = increment(state, until(address, of, 130.0))
        values |= {bad: 1.0, of: 20.0}  # it began again
        _, third = increment(state, until(address, of, 20.0))
        assert until(address, bad, 1.0)
    assert (first.value, second.value, third.value) == (0.0, 30.0, 20.0)
    assert (second.resets, third.resets) == (0, 1)
