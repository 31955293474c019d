"""Coalescing changes how often the model is called, never what anyone is answered."""

import asyncio
import json
import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.bundles import classifier_manifest

from headway.evidence.bundle import Column, Signature
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import Batcher, Job
from headway.serve.batching.rows import Batch, Layout, join, take
from headway.serve.batching.runtime import Done
from headway.serve.fault import Fault
from headway.serve.options import Limits
from headway.serve.protocols import oip, tensors

SIGNATURE = Signature(
    inputs=(
        Column(name="x", type="float64", nullable=True),
        Column(name="name", type="string", nullable=True),
        Column(name="n", type="int64"),
        Column(name="b", type="bool"),
    ),
    outputs=(Column(name="prediction", type="float64"),),
)
LAYOUT = Layout(SIGNATURE)
OUTPUTS = ("prediction", "pair")
DATATYPE = {"x": "FP64", "name": "BYTES", "n": "INT16", "b": "BOOL"}
MANIFEST = classifier_manifest()

Body = tuple[bytes, bytes]  # and the header that says how much of it is JSON


class Doubling:
    """Answers x + n; fails on any batch that holds a negative n, later when told to."""

    platform = "test"
    largest = 1e300

    def __init__(self, *, later: bool = False, takes_s: float = 0.001) -> None:
        self.up = self.free = True
        self.sizes: list[int] = []
        self._later = later
        self._takes_s = takes_s

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to end."""

    def run(self, batch: Batch, done: Done) -> None:
        """Answer, in this turn or a later one."""
        self.sizes.append(batch.count)
        result: Answers | Fault = Fault(500, "negative", shared=True)
        if (batch.numbers[:, 1] >= 0).all():
            found = np.nan_to_num(batch.numbers[:, 0]) + batch.numbers[:, 1] + [len(t or "") for t in batch.texts[0]]
            values = {"prediction": found.tolist(), "pair": np.stack([found, -found], axis=1).ravel().tolist()}
            result = Answers(batch.count, values, {"prediction": 1, "pair": 2}, {})
        if self._later:
            self.free = False
            asyncio.get_running_loop().call_later(self._takes_s, self._tell, done, result)
        else:
            done(result)

    def _tell(self, done: Done, result: Answers | Fault) -> None:
        self.free = True
        done(result)


Request = Sequence[tuple[float | None, str | None, int, bool]]


def answered(requests: Sequence[Request], runtime: Doubling, limits: Limits) -> list[list[float] | int]:
    """What each request got, all sent in one turn: its predictions, or the status of its fault."""
    found: dict[int, list[float] | int] = {}
    done = asyncio.Event()

    def tell(number: int, result: Answers | Fault, start: int, stop: int) -> None:
        found[number] = result.status if isinstance(result, Fault) else result.part("prediction", start, stop)
        if len(found) == len(requests):
            done.set()

    async def run() -> None:
        batcher = Batcher(runtime, LAYOUT, limits, lambda _batch, _answers: None)
        for number, request in enumerate(requests):
            rows = take(LAYOUT, [list(column) for column in zip(*request, strict=True)])
            try:
                batcher.submit(Job(rows, lambda result, a, b, number=number: tell(number, result, a, b)))
            except Fault as fault:
                tell(number, fault, 0, 0)
        await done.wait()

    asyncio.run(run())
    return [found[number] for number in range(len(requests))]


def alone(request: Request) -> list[float] | int:
    if any(n < 0 for _, _, n, _ in request):
        return 500
    return [(x or 0.0) + n + len(name or "") for x, name, n, _ in request]


row = st.tuples(st.none() | st.floats(-1e6, 1e6), st.none() | st.text(max_size=3), st.integers(-1, 20), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(row, min_size=1, max_size=4), min_size=1, max_size=12), st.booleans(), st.integers(1, 9))
def test_each_request_is_answered_as_if_it_were_alone(requests: list[Request], later: bool, cap: int) -> None:  # noqa: FBT001 - drawn
    runtime = Doubling(later=later)
    assert answered(requests, runtime, Limits(batch_rows=cap)) == [alone(request) for request in requests]


def served(bodies: Sequence[Body], runtime: Doubling, limits: Limits) -> list[object]:
    """What each request gets that comes as bytes, all in one turn: the body of its answer, or its fault's status."""
    found: dict[int, object] = {}
    done = asyncio.Event()

    def tell(number: int, asked: oip.Asked | None, result: Answers | Fault, start: int, stop: int) -> None:
        if isinstance(result, Fault) or asked is None:
            found[number] = result.status if isinstance(result, Fault) else 0
        else:
            answer = oip.encode(asked, MANIFEST, result, start, stop)
            found[number] = (answer.body, answer.head) if isinstance(answer, oip.Framed) else answer
        if len(found) == len(bodies):
            done.set()

    async def run() -> None:
        batcher = Batcher(runtime, LAYOUT, limits, lambda _batch, _answers: None)
        for number, (body, head) in enumerate(bodies):
            try:
                asked = oip.parse(body, LAYOUT, OUTPUTS, head)
                batcher.submit(Job(asked.rows, partial(tell, number, asked)))
            except Fault as fault:
                tell(number, None, fault, 0, 0)
        await done.wait()

    asyncio.run(run())
    return [found[number] for number in range(len(bodies))]


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    """A request of any size: columns in JSON or binary, outputs as bytes or not, good or with one thing wrong."""
    rows = draw(st.lists(row, min_size=1, max_size=4))
    columns = dict(zip(("x", "name", "n", "b"), map(list, zip(*rows, strict=True)), strict=True))
    inputs, raw = [], b""
    for name, values in draw(st.permutations(list(columns.items()))):
        told: dict[str, object] = {"name": name, "shape": [len(rows)], "datatype": DATATYPE[name]}
        if draw(st.booleans()) and None not in values:
            part = tensors.encode(DATATYPE[name], values)
            told["parameters"] = {"binary_data_size": len(part)}
            raw += part
        else:
            told["data"] = values
        inputs.append(told)
    wanted = draw(st.lists(st.sampled_from([*OUTPUTS, "odds"] if draw(st.booleans()) else OUTPUTS), max_size=2))
    outputs = [{"name": name, "parameters": {"binary_data": draw(st.booleans())}} for name in wanted]
    match draw(st.sampled_from(["good", "good", "good", "value", "shape", "cut", "missing"])):
        case "value":
            inputs[0] |= {"data": [[]] * len(rows)}
        case "shape":
            inputs[0] |= {"shape": [len(rows) + 1]}
        case "cut":
            raw = raw[:-1]
        case "missing":
            inputs = [told for told in inputs if told["name"] != "n"]
    head = json.dumps({"inputs": inputs, "outputs": outputs, "id": draw(st.text(max_size=3))}).encode()
    return head + raw, str(len(head)).encode() if raw or draw(st.booleans()) else b""


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies(), min_size=1, max_size=10), st.booleans(), st.integers(1, 9))
def test_requests_of_any_kind_are_answered_in_a_batch_as_they_are_alone(
    sent: list[Body],
    later: bool,  # noqa: FBT001 - drawn
    cap: int,
) -> None:
    together = served(sent, Doubling(later=later), Limits(batch_rows=cap))
    assert together == [served([body], Doubling(), Limits())[0] for body in sent]


def test_requests_of_one_turn_make_one_call() -> None:
    runtime = Doubling()
    answered([[(1.0, "a", 2, True)]] * 50, runtime, Limits())
    assert runtime.sizes == [50]


def test_a_call_has_no_more_rows_than_the_cap_but_a_larger_request_goes_alone() -> None:
    runtime = Doubling()
    answered([[(1.0, "a", 2, True)]] * 10 + [[(1.0, "a", 2, True)] * 9], runtime, Limits(batch_rows=4))
    assert runtime.sizes == [4, 4, 2, 9]


def test_what_comes_while_the_model_is_busy_goes_together() -> None:
    runtime = Doubling(later=True)
    answered([[(1.0, "a", 2, True)]] * 10, runtime, Limits(batch_rows=4))
    assert runtime.sizes == [4, 4, 2]


def test_a_full_queue_refuses_with_503_and_goes_on() -> None:
    found = answered([[(1.0, "", 1, True)] * 3] * 4, Doubling(), Limits(queued_rows=6))
    assert found == [[2.0] * 3, [2.0] * 3, 503, 503]


def test_one_bad_request_spoils_no_other() -> None:
    good, bad = [(1.0, "", 1, True)], [(1.0, "", -1, True)]
    assert answered([good, bad, good], Doubling(), Limits()) == [[2.0], 500, [2.0]]


def test_a_model_that_is_down_is_503_at_once() -> None:
    runtime = Doubling()
    runtime.up = False
    assert answered([[(1.0, "", 1, True)]], runtime, Limits()) == [503]


@pytest.mark.parametrize(
    ("value", "kept"), [(3, 3.0), (3.0, 3.0), (2**53, 2.0**53), (2**53 + 1, None), (2.5, None), (True, None)]
)
def test_integers_are_kept_exactly_or_refused(value: object, kept: float | None) -> None:
    columns = [[1.0], ["a"], [value], [True]]
    if kept is None:
        with pytest.raises(Fault, match="'n'"):
            take(LAYOUT, columns)
    else:
        assert join(LAYOUT, [take(LAYOUT, columns)]).numbers[0, 1] == kept


@pytest.mark.parametrize("value", [2, "true", 0.5, None])
def test_only_booleans_are_booleans(value: object) -> None:
    with pytest.raises(Fault, match="'b'"):
        take(LAYOUT, [[1.0], ["a"], [1], [value]])


def test_null_and_nan_are_missing_where_that_is_allowed() -> None:
    batch = join(LAYOUT, [take(LAYOUT, [[None, math.nan, 1], [None, "a", "b"], [1, 2, 3], [True, False, True]])])
    assert np.isnan(batch.numbers[:, 0]).tolist() == [True, True, False]
    assert batch.texts == [[None, "a", "b"]]


def test_who_waited_too_long_is_turned_away_and_who_is_asked_at_once_is_not() -> None:
    runtime = Doubling(later=True, takes_s=0.3)
    requests = [[(1.0, "a", 2, True)]] * 3
    limits = Limits(batch_rows=1, queued_s=0.2)
    assert answered(requests, runtime, limits) == [[4.0], 503, 503]
    assert runtime.sizes == [1]
