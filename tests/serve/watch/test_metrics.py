"""The counters, as Prometheus reads them, and the page that documents them."""

import math
import os
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.serve.bundles import ROW, request
from tests.serve.running import Server, serving

from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.fault import REASONS, Fault
from headway.serve.watch.block import Block
from headway.serve.watch.drift import WINDOW_S, Drift
from headway.serve.watch.metrics import BUCKETS_S, DROPPED, METRICS, Metrics, page, text

OWN = {"model": "delay", "version": "1.2.3"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(told: str) -> Samples:
    """What Prometheus' own parser understands, by name and labels."""
    found = {}
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    """One sample of the classifier's."""
    return samples[name, frozenset({**OWN, **labels}.items())]


def test_requests_errors_rejects_latencies_and_batches_are_counted(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--max-body", "1000") as server:
        for _ in range(5):
            server.infer(request([ROW]))
        server.infer(request([ROW, ROW, ROW]))
        server.infer({"inputs": []})
        server.infer({"inputs": [], "parameters": {"padding": "x" * 2000}})
        server.client.post("/v2/models/delay/infer", headers={"Content-Encoding": "br"}, content=b"x")
        server.client.get("/v2/health/ready")
        found = read(server.client.get("/metrics").text)
        assert value(found, "ml_prediction_requests_total") == 9
        assert value(found, "ml_prediction_errors_total") == 3
        assert {reason for reason in REASONS if value(found, "ml_prediction_rejects_total", reason=reason)} == {
            "invalid",
            "too_large",
            "unsupported",
        }
        assert value(found, "ml_prediction_latency_seconds_count") == 9
        assert 0 < value(found, "ml_prediction_latency_seconds_sum") < 9
        assert value(found, "ml_prediction_batch_rows_count") == 6
        assert value(found, "ml_prediction_batch_rows_sum") == 8
        assert value(found, "ml_prediction_batch_rows_bucket", le="1") == 5
        assert value(found, "ml_prediction_queue_rows") == 0
        assert value(found, "ml_prediction_qps") > 0


def test_the_row_that_warms_a_model_up_is_counted_nowhere(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path) as server:
        found = read(server.client.get("/metrics").text)
        assert value(found, "ml_prediction_requests_total") == 0
        assert value(found, "ml_prediction_latency_seconds_count") == 0
        assert value(found, "ml_prediction_batch_rows_count") == 0
        assert server.client.get("/v2/models/delay/summary").json()["rows"] == 0


def test_prometheus_parses_every_metric_under_its_declared_type(server: Server) -> None:
    server.infer(request([ROW]))
    answer = server.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.says)
        for sample in family.samples:
            assert {"model", "version", *metric.labels} <= sample.labels.keys()


def test_each_reason_has_its_series_from_the_start() -> None:
    found = read(text([Metrics(Block(), "delay", "1.2.3")]))
    assert all(value(found, "ml_prediction_rejects_total", reason=reason) == 0 for reason in REASONS)
    assert all(value(found, "ml_prediction_records_dropped_total", reason=reason) == 0 for reason in DROPPED)


@pytest.mark.parametrize("status", [400, 404, 405, 408, 411, 413, 415, 422, 431, 500, 503])
def test_every_fault_has_one_of_the_reasons(status: int) -> None:
    assert Fault(status, "why").reason in REASONS


def test_the_histogram_is_cumulative_and_an_edge_belongs_to_its_bucket() -> None:
    metrics = Metrics(Block(), 'a"\\\n', "1")
    for seconds in (0.0, BUCKETS_S[0], 0.3, 99.0):
        metrics.count(seconds)
    found = {
        dict(labels)["le"]: v for (name, labels), v in read(text([metrics])).items() if name.endswith("seconds_bucket")
    }
    assert found["0.0005"] == 2
    assert found["0.5"] == 3
    assert found["+Inf"] == 4
    counts = [found[str(edge)] for edge in (*BUCKETS_S, "+Inf")]
    assert counts == sorted(counts)
    assert {dict(labels)["model"] for _, labels in read(text([metrics]))} == {'a"\\\n'}


def test_the_edges_that_teams_agree_on_are_there() -> None:
    assert {0.005, 0.010, 0.015, 0.025, 0.050, 0.100, 0.250} <= set(BUCKETS_S)


def test_several_versions_share_one_description_of_each_metric() -> None:
    block = Block()
    told = text([Metrics(block, "delay", version) for version in ("1", "2")])
    assert len(re.findall("# TYPE ml_prediction_requests_total counter", told)) == 1
    assert {dict(labels)["version"] for _, labels in read(told)} == {"1", "2"}


def test_any_worker_shows_the_sum_and_a_successor_lets_no_counter_fall() -> None:
    block = Block(2)
    metrics = Metrics(block, "delay", "1.2.3", waiting=lambda: 3)
    metrics.count(0.002)
    metrics.count(0.2, "failed")
    for expected in (1, 2):  # the second one takes the place of the first
        child = os.fork()
        if not child:
            block.mine = 1
            other = Metrics(block, "delay", "1.2.3", waiting=lambda: 4)
            other.count(0.3, "queue_full")
            other.record(count=5)
            other.tick()
            os._exit(0)
        os.waitpid(child, 0)
        found = read(text([metrics]))
        assert value(found, "ml_prediction_requests_total") == 2 + expected
        assert value(found, "ml_prediction_rejects_total", reason="queue_full") == expected
        assert value(found, "ml_prediction_records_total") == 5 * expected
        assert value(found, "ml_prediction_queue_rows") == 7
        assert math.isclose(value(found, "ml_prediction_latency_seconds_sum"), 0.202 + 0.3 * expected)


def test_a_version_that_is_loaded_again_counts_on() -> None:
    block = Block()
    first = Metrics(block, "delay", "1.2.3", waiting=lambda: 9)
    first.count(0.1)
    first.tick()
    first.close()
    again = Metrics(block, "delay", "1.2.3")
    again.count(0.1)
    found = read(text([again]))
    assert value(found, "ml_prediction_requests_total") == 2
    assert value(found, "ml_prediction_queue_rows") == 0


def test_the_drift_score_names_its_column() -> None:
    told = text([Metrics(Block(), "delay", "1.2.3", drift=lambda: {"distance": 0.25})])
    assert value(read(told), "ml_model_drift_score", column="distance") == 0.25


def test_every_metric_and_reason_stands_on_its_page() -> None:
    told = page()
    assert all(f"| `{name}` |" in told for name in (*(metric.name for metric in METRICS), *REASONS, *DROPPED))


def column(counts: tuple[int, ...], missing: int = 0) -> Summary:
    return Summary(
        rows=sum(counts) + missing,
        columns=(ColumnSummary(name="x", edges=(0.0, 1.0), counts=counts, missing=missing),),
    )


def test_the_drift_score_is_that_of_the_rows_of_the_last_hours() -> None:
    live = column((0, 0, 0))
    drift = Drift(column((1000, 1000, 1000)), lambda: live)
    drift.tick(0.0)
    assert drift.scores() == {}
    live = column((0, 0, 5000))
    assert drift.scores()["x"] > 0.5
    drift.tick(WINDOW_S)
    assert drift.scores()["x"] > 0.5  # still among the last two hours
    live = column((5000, 5000, 10000))
    drift.tick(2 * WINDOW_S)
    assert drift.scores()["x"] == 0.0


def test_missing_values_are_drift_too_and_few_rows_say_nothing() -> None:
    live = column((333, 333, 333))
    drift = Drift(column((1000, 1000, 1000)), lambda: live)
    assert drift.scores() == {}
    live = column((300, 300, 300), missing=300)
    assert drift.scores()["x"] > 0.2
