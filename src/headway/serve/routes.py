"""Which path is answered by what: the server's own paths, and those of each model that is loaded now."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import unquote

from headway import __version__
from headway.serve.answering import Answering, Handler, fail, tell
from headway.serve.control import Control
from headway.serve.fault import Fault, unforeseen
from headway.serve.feedback import take
from headway.serve.models.shelf import Shelf
from headway.serve.protocols.metadata import EXTENSIONS
from headway.serve.protocols.openapi import document
from headway.serve.watch import metrics
from headway.serve.watch.recent import Recent
from headway.serve.wire.exchange import Exchange

__all__ = ["Routes"]

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"

Table = dict[tuple[bytes, bytes], Handler]


class Routes:
    """The table of paths.

    `recent` knows the predictions made lately; `draining` says whether the server is on its way out; `nonce` is that of
    the supervisor who started it.
    """

    def __init__(
        self,
        shelf: Shelf,
        control: Control,
        *,
        recent: Recent,
        draining: Callable[[], bool],
        nonce: str = "",
    ) -> None:
        self._shelf = shelf
        self._control = control
        self._recent = recent
        self._draining = draining
        self._nonce = nonce
        self._table: Table = {}
        self._allowed: Mapping[str, str] = {}
        self._counted: Mapping[str, Answering] = {}
        self._newest: Sequence[Answering] = ()
        self.renew()

    def renew(self) -> None:
        """Make the table for the models that are loaded now."""
        gets: dict[str, Handler] = {
            "/v2": self._server,
            "/v2/health/live": self._live,
            "/v2/health/ready": self._ready,
            "/metrics": self._metrics,
            "/ping": self._ready,  # MLflow's paths: `ping` and `health` are one there too
            "/health": self._ready,
            "/version": self._version,
            "/openapi.json": self._openapi,
        }
        posts: dict[str, Handler] = {"/v2/repository/index": self._control.index}
        counted: dict[str, Answering] = {}
        newest, bases = self._shelf.newest(), dict[str, Answering]()
        for model in self._shelf:
            name, version = model.manifest.model, model.manifest.version
            each = Answering(model, self._shelf.versions(name), self._recent, self._draining, self._nonce)
            bases[f"/v2/models/{name}/versions/{version}"] = each
            if model is newest[name]:
                bases[f"/v2/models/{name}"] = each
        for base, each in bases.items():
            gets |= {base + end: handler for end, handler in each.gets().items()}
            posts |= {base + end: handler for end, handler in each.posts().items()}
            posts[f"{base}/feedback"] = partial(take, model=each.model, recent=self._recent)
            counted |= dict.fromkeys((base + end for end in each.posts()), each)
        if len(newest) == 1:  # MLflow's servers have one model, and its clients name none
            only = bases[f"/v2/models/{next(iter(newest))}"]
            posts["/invocations"], counted["/invocations"] = only.invocations, only
        self._table = _table("GET", gets) | _table("POST", posts)
        self._allowed = dict.fromkeys(gets, "GET") | dict.fromkeys(posts, "POST")
        self._counted = counted
        self._newest = [bases[f"/v2/models/{name}"] for name in newest]

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or when the model has."""
        exchange.start = time.perf_counter()
        try:
            route = self._table.get((exchange.method, exchange.path)) or self._find(exchange)
            route(exchange)
        except Fault as fault:
            fail(exchange, fault, self._allow(exchange) if fault.status == 405 else b"")
        except Exception:  # noqa: BLE001 - the outer border of a request: it becomes an answer and a line in the log
            fail(exchange, unforeseen())

    def refused(self, exchange: Exchange, status: int, why: str) -> None:
        """Answer a request that is not read to its end."""
        exchange.start = time.perf_counter()
        if exchange.method == b"POST" and (each := self._counted.get(_path(exchange))):
            exchange.noted = each.noted
        fail(exchange, Fault(status, why, retry_s=1 if status == 503 else 0))

    def _find(self, exchange: Exchange) -> Handler:
        path = _path(exchange)
        method = b"GET" if exchange.method == b"HEAD" else exchange.method
        if route := self._table.get((method, path.encode())):
            return route
        if exchange.method == b"OPTIONS" and path in {"*", *self._allowed}:
            return self._options
        if path in self._allowed:
            raise Fault(405, f"{path} is asked with {self._allowed[path]}")
        if exchange.method == b"POST" and (change := self._control.change(path)):
            return change
        if path == "/invocations" and any(self._shelf):
            raise Fault(404, "there are several models here; ask /v2/models/NAME/invocations")
        if path.startswith("/v2/models/"):
            raise Fault(404, f"there is {self._there()} here, and no {path}")
        raise Fault(404, f"there is no {path} here")

    def _there(self) -> str:
        named = [f"model {m.manifest.model!r}, version {m.manifest.version!r}" for m in self._shelf]
        return "; ".join(named[:10]) + (f" and {len(named) - 10} more" if len(named) > 10 else "") or "no model"

    def _allow(self, exchange: Exchange) -> bytes:
        asked = self._allowed.get(_path(exchange), "GET, POST")
        return b"Allow: %b, OPTIONS\r\n" % ("GET, HEAD" if asked == "GET" else asked).encode()

    def _options(self, exchange: Exchange) -> None:
        exchange.answer(200, b"", extra=self._allow(exchange))

    def _version(self, exchange: Exchange) -> None:
        exchange.answer(200, __version__.encode(), b"text/plain; charset=utf-8")

    def _openapi(self, exchange: Exchange) -> None:
        described = [each.described() for each in self._newest]
        tell(exchange, document(described, __version__))

    def _server(self, exchange: Exchange) -> None:
        tell(exchange, {"name": "headway", "version": __version__, "extensions": EXTENSIONS})

    def _live(self, exchange: Exchange) -> None:
        tell(exchange, {"live": True})

    def _ready(self, exchange: Exchange) -> None:
        ready = self._shelf.ready and not self._draining()
        tell(exchange, {"ready": ready}, 200 if ready else 503)

    def _metrics(self, exchange: Exchange) -> None:
        exchange.answer(200, metrics.text(model.metrics for model in self._shelf).encode(), _TEXT)


def _table(method: str, routes: Mapping[str, Handler]) -> Table:
    return {(method.encode(), path.encode()): route for path, route in routes.items()}


def _path(exchange: Exchange) -> str:
    """The target's path without its query; a proxy's client sends the whole URL, RFC 9112 section 3.2.2."""
    target = exchange.path.partition(b"?")[0]
    if not target.startswith(b"/") and b"://" in target:
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    return unquote(target.decode("latin-1")).rstrip("/") or "/"
