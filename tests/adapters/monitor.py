"""A real Prometheus that scrapes counters which a test sets, where one is installed."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headway.adapters.prometheus.client import Prometheus
from headway.reconcile.ports import PortError
from headway.stats.counters import Sample

__all__ = ["INSTALLED", "Quiet", "monitored", "served", "until"]

PROMETHEUS = shutil.which("prometheus")
INSTALLED = pytest.mark.skipif(
    PROMETHEUS is None, reason="Prometheus is not installed here (Debian: apt install prometheus)"
)


class Quiet(BaseHTTPRequestHandler):
    """Says nothing of what it was asked."""

    def do_GET(self) -> None:
        """One request."""
        self.get()

    def get(self) -> None:
        """What is answered to it."""
        raise NotImplementedError

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        """One whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on this machine; its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def monitored(values: Mapping[str, float], place: Path) -> Iterator[str]:
    """Where a Prometheus answers that scrapes these series, which may change meanwhile, five times a second."""

    class Exposed(Quiet):
        def get(self) -> None:
            """One scrape."""
            text = "".join(f"{series} {value:g}\n" for series, value in values.items())
            self.answer(200, text.encode(), "text/plain; version=0.0.4")

    assert PROMETHEUS
    config, port = place / "prometheus.yml", _free_port()
    with served(Exposed) as target:
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


def until(address: str, selector: str, value: float) -> dict[str, Sequence[Sample]]:
    """The samples once a value was scraped."""
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        try:
            found = Prometheus().samples(address, selector, at=time.time(), over_s=300.0)
        except PortError:
            found = {}
        if any(samples and samples[-1].value == value for samples in found.values()):
            return dict(found)
        time.sleep(0.1)
    raise AssertionError(f"{selector} never showed {value}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
