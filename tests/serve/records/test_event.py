"""What a record says: CloudEvents 1.0, nothing that was to be kept out, and the same share everywhere."""

import hashlib
import hmac
import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.bundles import classifier_manifest

from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import About
from headway.serve.batching.rows import Layout, take
from headway.serve.records.event import Hiding, Prediction, event, pseudonym, sampled

MANIFEST = classifier_manifest()
LAYOUT = Layout(MANIFEST.signature)
KEY = b"0123456789abcdef"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def told(columns: Sequence[list[Any]], hiding: Hiding = Hiding(), trace: str = TRACE) -> dict[str, Any]:  # noqa: B008
    """The event of a request that was the second in its batch."""
    count = len(columns[0])
    odds = np.full((count + 1, 2), 0.5)
    answers = Answers(
        count + 1,
        {"label": [0] + [1] * count, "probabilities": odds.ravel().tolist()},
        {"label": 1, "probabilities": 2},
        {},
    )
    prediction = Prediction(
        id="abc",
        about=About("abc", trace, 10),
        at_s=1.5,
        manifest=MANIFEST,
        layout=LAYOUT,
        rows=take(LAYOUT, list(columns)),
        answers=answers,
        start=1,
        stop=count + 1,
    )
    line = event(prediction, hiding)
    assert b"\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_event_has_what_cloudevents_asks_for_and_the_whole_prediction() -> None:
    found = told([[1400.0, 2.5], [40.0, None], ["UA", "AA\n"]])
    assert (found["specversion"], found["type"], found["id"]) == ("1.0", "dev.headway.prediction", "abc")
    assert found["source"] == "/v2/models/delay/versions/1.2.3"
    assert datetime.fromisoformat(found["time"]).timestamp() == 1.5
    assert (found["datacontenttype"], found["traceparent"]) == ("application/json", TRACE)
    assert found["data"] == {
        "model": "delay",
        "version": "1.2.3",
        "rows": 2,
        "inputs": {"distance": [1400.0, 2.5], "temp": [40.0, None], "carrier": ["UA", "AA\n"]},
        "outputs": {"label": [1, 1], "probabilities": [[0.5, 0.5], [0.5, 0.5]]},
        "omitted": [],
        "hashed": [],
    }


@pytest.mark.parametrize("trace", ["", "x", TRACE.upper(), TRACE + "\n", TRACE[:-1]])
def test_a_trace_that_is_none_is_left_out(trace: str) -> None:
    assert "traceparent" not in told([[1.0], [2.0], ["UA"]], trace=trace)


def test_what_is_to_be_kept_out_is_nowhere_in_the_event() -> None:
    hiding = Hiding(omit=frozenset({"temp", "label"}), hash=frozenset({"carrier", "distance"}), key=KEY)
    found = told([[1234.5], [98765.0], ["Secret Air"]], hiding)
    data = found["data"]
    assert not {"Secret", "1234.5", "98765"} & {word for word in ("Secret", "1234.5", "98765") if word in str(found)}
    assert data["inputs"] == {
        "distance": [hmac.new(KEY, b"distance\x001234.5", hashlib.sha256).hexdigest()],
        "carrier": [hmac.new(KEY, b"carrier\x00Secret Air", hashlib.sha256).hexdigest()],
    }
    assert list(data["outputs"]) == ["probabilities"]
    assert (data["omitted"], data["hashed"]) == (["label", "temp"], ["carrier", "distance"])


@given(st.text(), st.text())
def test_a_pseudonym_is_equal_for_equal_values_of_one_column_and_key_only(left: str, right: str) -> None:
    assert (pseudonym(KEY, "c", left) == pseudonym(KEY, "c", right)) == (left == right)
    assert pseudonym(KEY, "c", left) != pseudonym(KEY, "d", left)
    assert pseudonym(KEY, "c", left) != pseudonym(KEY[::-1], "c", left)


def test_missing_values_have_no_pseudonym() -> None:
    assert pseudonym(KEY, "c", None) is None
    assert pseudonym(KEY, "c", math.nan) is None


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_what_is_sampled_stays_sampled_at_a_larger_share(identity: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert sampled(identity, low) <= sampled(identity, high)
    assert sampled(identity, 1.0)


def test_a_share_of_a_percent_is_a_percent_of_the_ids() -> None:
    found = sum(sampled(f"order-{number}", 0.01) for number in range(100_000))
    assert abs(found - 1000) < 4 * math.sqrt(990)
