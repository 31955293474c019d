"""What every Metrics does: the fake, the real one before a server that answers as is documented, and Prometheus."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.adapters.monitor import INSTALLED, Quiet, monitored, served
from tests.fakes.metrics import FakeMetrics

from headway.adapters.prometheus.client import Prometheus
from headway.reconcile.ports import PortError, UnreachableError
from headway.stats.counters import Sample

Found = Mapping[str, Sequence[Sample]]


class Shop(Protocol):
    """Counters, and a port through which they are read."""

    def show(self, values: Mapping[str, float]) -> None:
        """Counters stand at these values now."""

    def read(self, selector: str) -> Found:
        """What the port says, of the last five minutes."""

    def fail(self) -> None:
        """Whoever keeps the counters answers no more."""


class Remembered:
    """In memory; a second passes with each scrape."""

    def __init__(self) -> None:
        self.metrics, self.now = FakeMetrics(), 1_800_000_000.0

    def show(self, values: Mapping[str, float]) -> None:
        """As above."""
        self.now += 1.0
        for series, value in values.items():
            self.metrics.add(series, self.now, value)

    def read(self, selector: str) -> Found:
        """As above."""
        return self.metrics.samples("", selector, at=self.now, over_s=300.0)

    def fail(self) -> None:
        """As above."""
        self.metrics.fault = UnreachableError("Prometheus does not answer")


class Spoken(Remembered):
    """The same by HTTP, in the form of https://prometheus.io/docs/prometheus/latest/querying/api/."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.port = address, Prometheus()

    def read(self, selector: str) -> Found:
        """As above."""
        return self.port.samples(f"http://{self.address}", selector, at=self.now, over_s=300.0)

    def answer(self, query: str, at: float) -> tuple[int, object]:
        """What Prometheus says to an instant query for a range of samples."""
        if self.metrics.fault:
            return 503, {"status": "error", "errorType": "unavailable", "error": str(self.metrics.fault)}
        asked = re.fullmatch(r"(.*)\[(\d+)s\]", query)
        selector, over_s = (asked[1], float(asked[2])) if asked else (query, 0.0)
        try:
            found = self.metrics.samples("", selector, at=at, over_s=over_s)
        except PortError as error:
            return 400, {"status": "error", "errorType": "bad_data", "error": str(error)}
        result = [
            {"metric": dict(json.loads(name)), "values": [[one.at, f"{one.value:g}"] for one in samples]}
            for name, samples in found.items()
        ]
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}


class Scraped:
    """A real Prometheus; a value is there once it was scraped."""

    def __init__(self, address: str, values: dict[str, float]) -> None:
        self.address, self.values, self.port = address, values, Prometheus()

    def show(self, values: Mapping[str, float]) -> None:
        """As above."""
        self.values |= values
        end = time.monotonic() + 60.0
        while time.monotonic() < end:
            try:
                shown = {series: Prometheus().samples(self.address, series, at=time.time(), over_s=300.0)
                         for series in values}  # fmt: skip
            except PortError:
                shown = {}
            if all(
                any(samples[-1].value == value for samples in shown.get(series, {}).values())
                for series, value in values.items()
            ):
                return
            time.sleep(0.1)
        raise AssertionError(f"{values} were never scraped")

    def read(self, selector: str) -> Found:
        """As above."""
        return self.port.samples(self.address, selector, at=time.time(), over_s=300.0)

    def fail(self) -> None:
        """As above."""
        self.address = "http://127.0.0.1:9"


@pytest.fixture(
    params=["memory", "documented", pytest.param("prometheus", marks=[INSTALLED, pytest.mark.timeout(120)])]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    match request.param:
        case "memory":
            yield Remembered()
        case "documented":

            class Documented(Quiet):
                def get(self) -> None:
                    """One query."""
                    asked = parse_qs(urlsplit(self.path).query)
                    status, told = spoken.answer(asked["query"][0], float(asked["time"][0]))
                    self.answer(status, json.dumps(told).encode())

            with served(Documented) as address:
                spoken = Spoken(address)
                yield spoken
        case _:
            values: dict[str, float] = {}
            with monitored(values, tmp_path) as address:
                yield Scraped(address, values)


def last(found: Found, label: str) -> dict[str, float]:
    """The last value of each series, by one of its labels."""
    return {dict(json.loads(name))[label]: samples[-1].value for name, samples in found.items()}


def test_each_scrape_is_a_sample_and_they_come_in_order(shop: Shop) -> None:
    for value in (1.0, 4.0, 2.0):
        shop.show({'orders_total{pod="a"}': value})
    (samples,) = shop.read('orders_total{pod="a"}').values()
    assert [one.value for at, one in enumerate(samples) if not at or one.value != samples[at - 1].value] == [1, 4, 2]
    assert all(early.at < late.at for early, late in pairwise(samples))


def test_series_are_told_apart_and_named_by_all_of_their_labels_in_order(shop: Shop) -> None:
    shop.show({'orders_total{pod="a",app="x"}': 1.0, 'orders_total{pod="b",app="x"}': 2.0, "visits_total": 9.0})
    found = shop.read("orders_total")
    assert last(found, "pod") == {"a": 1.0, "b": 2.0}
    for name in found:
        labels = json.loads(name)
        assert labels == sorted(labels)
        assert {"__name__": "orders_total", "app": "x"}.items() <= dict(labels).items()
        assert name == json.dumps(labels, separators=(",", ":"))


def test_labels_select_by_the_whole_text_or_by_an_expression_for_the_whole(shop: Shop) -> None:
    shop.show({f'orders_total{{group="{group}"}}': float(at) for at, group in enumerate(("1.0/1", "1.0/2", "1x0/1"))})
    assert last(shop.read('orders_total{group="1.0/2"}'), "group") == {"1.0/2": 1.0}
    assert last(shop.read(r'orders_total{group=~"1\\.0/[0-9]+"}'), "group") == {"1.0/1": 0.0, "1.0/2": 1.0}
    assert shop.read('orders_total{group=~"1"}') == {}


def test_a_counter_that_nobody_keeps_has_no_series(shop: Shop) -> None:
    shop.show({"orders_total": 1.0})
    assert shop.read("declined_total") == {}


def test_what_is_no_selector_is_refused(shop: Shop) -> None:
    shop.show({"orders_total": 1.0})
    with pytest.raises(PortError):
        shop.read("no selector {")


def test_who_does_not_answer_is_unreachable(shop: Shop) -> None:
    shop.show({"orders_total": 1.0})
    shop.fail()
    with pytest.raises(UnreachableError):
        shop.read("orders_total")
