"""The open load: on time, whatever became of the requests before."""

import threading
import time
from typing import Any

from tests.adapters.measure.counter import Counter, by_distance

from headway.adapters.measure.load import offer

BODY = b'{"inputs": [{"name": "distance", "shape": [1], "datatype": "FP64", "data": [500.0]}]}'


def test_requests_leave_at_the_rate_asked_for() -> None:
    counter = Counter(by_distance)
    with counter() as told:
        found = offer(told.address, "/v2/models/delay/infer", [BODY], rate=100.0, duration=0.5)
    assert (found.offered, found.requests, found.failures) == (100.0, 50, 0)
    assert 80 < found.answered <= 100
    assert len(counter.asked) == 50


def test_a_stall_is_charged_to_all_that_fell_into_it() -> None:
    gate, asked = threading.Lock(), [0]

    def stalls(inputs: dict[str, list[Any]]) -> tuple[int, Any]:
        with gate:
            asked[0] += 1
            if asked[0] == 10:
                time.sleep(0.4)
        return by_distance(inputs)

    with Counter(stalls)() as told:
        found = offer(told.address, "/x", [BODY], rate=100.0, duration=0.6)
    # 40 of 60 requests were due while nothing was answered; a client that waits would have counted one.
    assert found.quantiles["p50"] > 0.05
    assert found.quantiles["p99"] > 0.3


def test_refused_requests_are_failures() -> None:
    with Counter(lambda _inputs: (503, "no"))() as told:
        found = offer(told.address, "/x", [BODY], rate=50.0, duration=0.2)
    assert (found.requests, found.failures, found.quantiles) == (10, 10, {})


def test_nobody_listening_is_all_failures() -> None:
    found = offer("127.0.0.1:9", "/x", [BODY], rate=50.0, duration=0.1)
    assert (found.requests, found.failures) == (5, 5)
