"""The counters, as Prometheus reads them, and the page that documents them."""

import re
from pathlib import Path

from tests.serve.bundles import ROW, request
from tests.serve.running import Server, serving

from headway.evidence.summary import ColumnSummary, Summary
from headway.serve.watch.drift import WINDOW_S, Drift
from headway.serve.watch.metrics import BUCKETS_S, METRICS, Metrics, page, text

LINE = re.compile(r'^[a-z_]+\{([a-z]+="[^"]*",?)+\} [-+0-9.e]+$')
OWN = '{model="delay",version="1.2.3"}'


def test_requests_errors_and_latencies_are_counted(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path) as server:
        for _ in range(5):
            server.infer(request([ROW]))
        server.infer({"inputs": []})
        server.infer(request([ROW]), "other")
        server.client.get("/v2/health/ready")
        shown = server.client.get("/metrics").text
        assert f"ml_prediction_requests_total{OWN} 6" in shown  # a model that is not there has no counters
        assert f"ml_prediction_errors_total{OWN} 1" in shown
        assert f"ml_prediction_latency_seconds_count{OWN} 6" in shown
        assert re.search(r"ml_prediction_qps\{[^}]*\} [0-9.]*[1-9]", shown)


def test_every_line_is_prometheus_text(server: Server) -> None:
    answer = server.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in answer.text.splitlines():
        assert line.startswith("# ") or LINE.match(line), line


def test_the_histogram_is_cumulative_and_an_edge_belongs_to_its_bucket() -> None:
    metrics = Metrics('a"\\\n', "1", dict)
    for seconds in (0.0, BUCKETS_S[0], 0.3, 99.0):
        metrics.count(seconds, ok=True)
    found = re.findall(r'le="([^"]+)"\} (\d+)', text([metrics]))
    assert found[0] == ("0.0005", "2")
    assert found[-1] == ("+Inf", "4")
    assert [int(count) for _, count in found] == sorted(int(count) for _, count in found)
    assert r'model="a\"\\\n"' in text([metrics])


def test_the_drift_score_names_its_column() -> None:
    shown = text([Metrics("m", "1", lambda: {"distance": 0.25})])
    assert 'ml_model_drift_score{model="m",version="1",column="distance"} 0.25' in shown


def test_every_metric_stands_on_its_page() -> None:
    assert all(metric.name in page() for metric in METRICS)


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
