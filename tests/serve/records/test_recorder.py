"""Records on their way: to a file that is bounded, to a receiver that comes and goes, and never in the way."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from tests.serve.bundles import ROW, request
from tests.serve.running import refusal, serving
from tests.serve.workers.test_workers import counted, until

from headway.serve.fault import RefusedError
from headway.serve.records.event import pseudonym
from headway.serve.records.sink import FileSink, HttpSink, SinkError, sink_of

KEY = "0123456789abcdef0123456789abcdef"


class Receiver(ThreadingHTTPServer):
    """Keeps the events of batches that it is sent, or answers with the status that it is told."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.events: list[dict[str, Any]] = []
        self.kinds: set[str | None] = set()
        self.status = 202


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status < 300:
            self.server.kinds.add(self.headers["Content-Type"])
            self.server.events += json.loads(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    with Receiver(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_each_prediction_is_a_line_with_its_id_and_its_trace(classifier: Path, tmp_path: Path) -> None:
    path, trace = tmp_path / "records.jsonl", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with serving(classifier, tmp_path, "--records", str(path)) as server:
        server.client.headers["traceparent"] = trace
        server.infer(request([ROW, ROW], id="order-7"))
        server.infer({"inputs": []})
        named = server.client.post("/invocations", json={"dataframe_records": [{**ROW, "not of the model": "private"}]})
        assert server.end() == 0  # what waits is written first
    first, second = lines(path)
    assert (first["id"], first["data"]["rows"], first["traceparent"]) == ("order-7", 2, trace)
    assert second["id"] == named.headers["headway-prediction-id"]
    assert "private" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_named_columns_are_left_out_or_hashed_from_the_command_line(classifier: Path, tmp_path: Path) -> None:
    path, key = tmp_path / "records.jsonl", tmp_path / "key"
    key.write_text(KEY)
    options = ("--records-omit", "distance", "--records-hash", "carrier", "--records-key", str(key))
    with serving(classifier, tmp_path, "--records", str(path), *options) as server:
        server.infer(request([ROW]))
        server.end()
    (found,) = lines(path)
    assert list(found["data"]["inputs"]) == ["temp", "carrier"]
    assert "UA" not in str(found)


def test_a_label_is_recorded_where_its_prediction_is_and_hidden_as_its_output_is(
    classifier: Path, tmp_path: Path
) -> None:
    path, key = tmp_path / "records.jsonl", tmp_path / "key"
    key.write_text(KEY)
    hidden = ("--records-hash", "label", "--records-key", str(key), "--records-sample", "50%")
    names = [f"order-{number}" for number in range(20)]
    with serving(classifier, tmp_path, "--records", str(path), *hidden) as server:
        for name in names:
            server.infer(request([ROW], id=name))
        came = {"feedback": [{"id": name, "label": 1} for name in names]}
        answers = [server.client.post("/v2/models/delay/feedback", json=came).json() for _ in range(2)]
        server.end()
    found = lines(path)
    predictions = {line["id"] for line in found if line["type"] == "dev.headway.prediction"}
    labels = [line for line in found if line["type"] == "dev.headway.label"]
    assert {line["data"]["prediction"] for line in labels} == predictions
    assert [answer["recorded"] for answer in answers] == [len(labels), 0]
    assert {line["data"]["label"] for line in labels} == {pseudonym(KEY.encode(), "label", 1)}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--records", "r", "--records-omit", "distanc"), "'distanc'"),
        (("--records", "r", "--records-hash", "carrier"), "--records-key"),
        (("--records", "r", "--records-hash", "carrier", "--records-key", "/dev/null"), "0 bytes"),
        (("--records", "r", "--records-hash", "carrier", "--records-key", "/nowhere"), "cannot be read"),
        (("--records-omit", "carrier"), "no --records"),
        (("--records", "kafka://there"), "neither a file nor an address"),
    ],
)
def test_what_would_leak_or_cannot_work_is_refused_at_the_start(
    classifier: Path, options: tuple[str, ...], why: str
) -> None:
    assert why in refusal(classifier, *options)


def test_workers_sample_the_same_ids_and_write_one_file(classifier: Path, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with serving(classifier, tmp_path, "--records", str(path), "--records-sample", "50%", "--workers", "2") as server:
        for _ in range(2):
            for number in range(40):
                server.infer(request([ROW], id=f"order-{number}"))
            server.client.close()  # the next connection is the other worker's
            server.client = type(server.client)(base_url=f"http://127.0.0.1:{server.port}")
        until(lambda: counted(server.port, "ml_prediction_records_total") == len(lines(path)) > 0)
        server.end()
    found = [line["id"] for line in lines(path)]
    assert 10 < len(set(found)) < 30
    assert sorted(found) == sorted([*set(found)] * 2)


def test_a_receiver_gets_batches_and_those_of_the_time_it_was_away(classifier: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        port = receiver.server_port
    with serving(classifier, tmp_path, "--records", f"http://127.0.0.1:{port}/events?x=1") as server:
        for number in range(5):
            assert server.infer(request([ROW], id=str(number))).status_code == 200
        log = next(tmp_path.glob("*.log"))
        until(lambda: "does not answer" in log.read_text())
        with receiving(port) as receiver:
            until(lambda: counted(server.port, "ml_prediction_records_total") == 5)
            assert {event["id"] for event in receiver.events} == {"0", "1", "2", "3", "4"}
            assert receiver.kinds == {"application/cloudevents-batch+json"}
            receiver.status = 400
            server.infer(request([ROW]))
            until(lambda: counted(server.port, "ml_prediction_records_dropped_total") == 1)
        assert server.end() == 0
    said = log.read_text()
    assert said.count("lost or kept waiting") == 2  # once each time that it changed
    assert said.count("written again") == 1


def test_a_server_goes_on_when_its_file_cannot_be_written(classifier: Path, tmp_path: Path) -> None:
    with serving(classifier, tmp_path, "--records", str(tmp_path / "nowhere" / "records")) as server:
        for expected in (1, 2):
            assert server.infer(request([ROW])).status_code == 200
            until(lambda expected=expected: counted(server.port, "ml_prediction_records_dropped_total") == expected)  # type: ignore[misc]
        assert server.end() == 0
    assert next(tmp_path.glob("*.log")).read_text().count("cannot be written") == 1


def test_a_sink_that_never_answers_keeps_no_request_waiting_and_no_server_alive(
    classifier: Path, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # to open it waits for a reader
    with serving(classifier, tmp_path, "--records", str(fifo)) as server:
        large = request([{**ROW, "carrier": "x" * 900_000}])

        def dropped() -> bool:
            assert server.infer(large).status_code == 200
            return counted(server.port, "ml_prediction_records_dropped_total") > 0

        until(dropped)
        assert server.end() == 0


def test_a_full_disk_leaves_whole_lines_only() -> None:
    with pytest.raises(SinkError, match="No space left") as told:
        FileSink(Path("/dev/full")).write([b"{}"])
    assert told.value.reason == "unwritable"


def test_a_file_and_the_one_before_it_are_all_that_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "records"
    sink = FileSink(path, most_bytes=100)
    for number in range(50):
        sink.write([b'{"number": %d}' % number])
    assert sorted(item.name for item in tmp_path.iterdir()) == ["records", "records.1"]
    assert path.stat().st_size <= 100
    kept = [line["number"] for line in (*lines(tmp_path / "records.1"), *lines(path))]
    assert kept == list(range(kept[0], 50))
    sink.write([b'"%b"' % (b"x" * 300)])  # one that is larger than a file has one of its own
    assert path.stat().st_size == 303


def _append(path: Path, writer: int) -> None:
    sink = FileSink(path, most_bytes=4000)
    for number in range(150):
        sink.write([b'{"writer": %d, "number": %d}' % (writer, number)])


def test_writers_who_share_a_file_that_turns_lose_no_line_to_each_other(tmp_path: Path) -> None:
    path = tmp_path / "records"
    processes = [get_context("spawn").Process(target=_append, args=(path, writer)) for writer in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    found = [(line["writer"], line["number"]) for line in (*lines(tmp_path / "records.1"), *lines(path))]
    assert len(found) == len(set(found)) > 150
    for writer in range(3):  # in each writer's order, to its last, without a gap
        own = [number for who, number in found if who == writer]
        assert own == list(range(150 - len(own), 150))


@pytest.mark.parametrize("where", ["https://h:1/p", "http://h", "http://[::1]:80/x"])
def test_addresses_are_told_from_files(where: str) -> None:
    assert isinstance(sink_of(where), HttpSink)


@pytest.mark.parametrize("where", ["http://", "http://h:0", "http://h:x", "ftp://h/x", "http://[::1"])
def test_no_address_is_no_sink(where: str) -> None:
    with pytest.raises(RefusedError):
        sink_of(where)


def test_a_sandboxed_server_with_workers_writes_its_records_and_sends_none(classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "records"
    with serving(classifier, tmp_path, "--sandbox", "best", "--workers", "2", "--records", str(path)) as server:
        assert server.infer(request([ROW], id="one")).status_code == 200
        until(lambda: [line["id"] for line in lines(path)] == ["one"])
        assert server.end() == 0
    assert "no network" in refusal(classifier, "--sandbox", "best", "--records", "http://127.0.0.1:1")
