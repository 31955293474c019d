"""What each path answers: health, metadata, inference, MLflow's invocations, metrics, summary."""

import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from headway import __version__
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import Job
from headway.serve.fault import Fault
from headway.serve.models.model import Model
from headway.serve.protocols import invocations, oip
from headway.serve.wire.connection import Exchange

__all__ = ["Routes"]

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"

# An answer's header stays small, whatever a request names.
_MOST, _LONGEST = 20, 60

Encode = Callable[[Answers, int, int], bytes]


class Routes:
    """The table of paths of one model; `draining` says whether the server is on its way out."""

    def __init__(self, model: Model, *, draining: Callable[[], bool]) -> None:
        self._model = model
        self._draining = draining
        self._platform = model.runtime.platform
        name, version = model.manifest.model, model.manifest.version
        gets: dict[str, Callable[[Exchange], None]] = {
            "/v2": self._server,
            "/v2/health/live": self._live,
            "/v2/health/ready": self._ready,
            "/metrics": self._metrics,
            "/headway/summary": self._summary,
            "/headway/info": self._info,
            "/ping": self._ready,  # MLflow's health path
        }
        posts: dict[str, Callable[[Exchange], None]] = {"/invocations": self._invocations}
        for base in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
            gets[base] = self._metadata
            gets[f"{base}/ready"] = self._model_ready
            posts[f"{base}/infer"] = self._infer
        self._table = _table("GET", gets) | _table("POST", posts)
        self._allowed = dict.fromkeys(gets, "GET") | dict.fromkeys(posts, "POST")

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or when the model has."""
        exchange.start = time.perf_counter()
        route = self._table.get((exchange.method, exchange.path))
        try:
            if route is None:
                route = self._find(exchange)
            route(exchange)
        except Fault as fault:
            self._fail(exchange, fault)
        except Exception:  # noqa: BLE001 - the outer border of a request: it becomes an answer and a line in the log
            traceback.print_exc(file=sys.stderr)
            self._fail(exchange, Fault(500, "the server failed on this request; its log says more"))

    def refused(self, exchange: Exchange) -> None:
        """A request was refused before it was read whole."""
        if exchange.method == b"POST":
            self._model.metrics.count(0.0, ok=False)

    def _fail(self, exchange: Exchange, fault: Fault) -> None:
        extra = b"Retry-After: %d\r\n" % fault.retry_s if fault.retry_s else b""
        if fault.status == 405:
            extra = b"Allow: %b\r\n" % self._allowed[_path(exchange)].encode()
        exchange.answer(fault.status, msgspec.json.encode({"error": fault.message}), extra=extra)
        if exchange.method == b"POST":
            self._model.metrics.count(time.perf_counter() - exchange.start, ok=False)

    def _find(self, exchange: Exchange) -> Callable[[Exchange], None]:
        path = _path(exchange)
        if route := self._table.get((exchange.method, path.encode())):
            return route
        if path in self._allowed:
            raise Fault(405, f"{path} is asked with {self._allowed[path]}")
        manifest = self._model.manifest
        if path.startswith("/v2/models/"):
            raise Fault(404, f"there is model {manifest.model!r}, version {manifest.version!r} here, and no {path}")
        raise Fault(404, f"there is no {path} here")

    # Predictions.

    def _infer(self, exchange: Exchange) -> None:
        if exchange.tensors:
            raise Fault(415, "binary tensors are not supported; send the data as JSON")
        _identity(exchange)
        asked = oip.parse(exchange.body, self._model.layout, self._model.outputs)
        encode = partial(oip.encode, asked, self._model.manifest)
        self._model.submit(Job(asked.rows, partial(self._done, exchange, encode, _told(asked.ignored))))

    def _invocations(self, exchange: Exchange) -> None:
        _identity(exchange)
        kind = exchange.kind.lower().partition(b";")[0].strip()
        match kind:
            case b"text/csv":
                read = invocations.parse_csv(exchange.body, self._model.layout)
            case b"application/json" | b"":
                read = invocations.parse(exchange.body, self._model.layout)
            case _:
                raise Fault(415, f"content type {kind.decode('latin-1')!r}; expected application/json or text/csv")
        done = partial(self._done, exchange, invocations.encode, _told(read.ignored))
        self._model.submit(Job(read.rows, done))

    def _done(
        self, exchange: Exchange, encode: Encode, extra: bytes, result: Answers | Fault, start: int, stop: int
    ) -> None:
        if isinstance(result, Fault):
            self._fail(exchange, result)
            return
        exchange.answer(200, encode(result, start, stop), extra=extra)
        self._model.metrics.count(time.perf_counter() - exchange.start, ok=True)

    # What is known of the server and its model.

    def _server(self, exchange: Exchange) -> None:
        _json(exchange, {"name": "headway", "version": __version__, "extensions": []})

    def _live(self, exchange: Exchange) -> None:
        _json(exchange, {"live": True})

    def _ready(self, exchange: Exchange) -> None:
        ready = self._is_ready()
        _json(exchange, {"ready": ready}, 200 if ready else 503)

    def _model_ready(self, exchange: Exchange) -> None:
        ready = self._is_ready()
        _json(exchange, {"name": self._model.manifest.model, "ready": ready}, 200 if ready else 503)

    def _is_ready(self) -> bool:
        return self._model.ready and not self._draining()

    def _metadata(self, exchange: Exchange) -> None:
        _json(exchange, oip.metadata(self._model.manifest, self._platform))

    def _metrics(self, exchange: Exchange) -> None:
        exchange.answer(200, self._model.metrics.text().encode(), _TEXT)

    def _summary(self, exchange: Exchange) -> None:
        _json(exchange, self._model.binner.summary())

    def _info(self, exchange: Exchange) -> None:
        manifest = self._model.manifest
        _json(
            exchange,
            {
                "model": manifest.model,
                "version": manifest.version,
                "digest": self._model.digest,
                "task": manifest.task,
                "classes": manifest.classes,
                "runtime": manifest.runtime,
                "reason": manifest.reason,
                "signature": manifest.signature,
                "ready": self._is_ready(),
                "draining": self._draining(),
                "server": __version__,
            },
        )


def _told(ignored: Sequence[str]) -> bytes:
    """The header that names columns which were sent and not taken, encoded as in a URL; none where all were."""
    if not ignored:
        return b""
    names = ",".join(quote(name[:_LONGEST], safe="", errors="replace") for name in ignored[:_MOST])
    return b"Headway-Ignored: %b\r\n" % names.encode()


def _table(
    method: str, routes: Mapping[str, Callable[[Exchange], None]]
) -> dict[tuple[bytes, bytes], Callable[[Exchange], None]]:
    return {(method.encode(), path.encode()): route for path, route in routes.items()}


def _path(exchange: Exchange) -> str:
    path = unquote(exchange.path.partition(b"?")[0].decode("latin-1"))
    return path.rstrip("/") or "/"


def _identity(exchange: Exchange) -> None:
    if exchange.encoding.lower() not in {b"", b"identity"}:
        raise Fault(415, f"content encoding {exchange.encoding.decode('latin-1')!r} is not supported; send it plain")


def _json(exchange: Exchange, value: Any, status: int = 200) -> None:  # noqa: ANN401 - anything that msgspec encodes
    exchange.answer(status, msgspec.json.encode(value))
