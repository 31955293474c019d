"""A small inference server in a thread, which answers as a test tells it and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from msgspec import Struct

Inputs = dict[str, list[Any]]


class Told(Struct, frozen=True, kw_only=True):
    """What `serving` yields."""

    address: str
    isolation: str = "a thread"


class Counter:
    """`answer` maps the columns of a request to a status and the outputs (or an error's text)."""

    def __init__(self, answer: Callable[[Inputs], tuple[int, Any]]) -> None:
        self.answer = answer
        self.asked: list[Inputs] = []

    @contextmanager
    def __call__(self, _folder: Path = Path(), _digest: str = "") -> Iterator[Told]:
        """Serve until the block ends."""
        counter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or each answer waits 40 ms for an acknowledgement

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inputs = {item["name"]: item["data"] for item in body["inputs"]}
                counter.asked.append(inputs)
                status, said = counter.answer(inputs)
                data = json.dumps(outputs(said) if status == 200 else {"error": said}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Told(address=f"127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def outputs(said: dict[str, list[Any]]) -> dict[str, Any]:
    """An answer in the Open Inference Protocol."""
    found = []
    for name, values in said.items():
        wide = bool(values) and isinstance(values[0], list)
        data = [item for value in values for item in value] if wide else values
        shape = [len(values), len(values[0])] if wide else [len(values)]
        found.append({"name": name, "shape": shape, "datatype": "FP64", "data": data})
    return {"outputs": found}


def by_distance(inputs: Inputs) -> tuple[int, Any]:
    """A model that knows one thing: far is late."""
    values = inputs.get("distance") or inputs["temp"]
    chances = [min(0.99, max(0.01, value / 3000)) for value in values]
    return 200, {
        "label": [int(chance > 0.5) for chance in chances],
        "probabilities": [[1 - chance, chance] for chance in chances],
    }
