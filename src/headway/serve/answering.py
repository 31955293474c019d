"""What one model's paths answer: predictions, metadata, readiness, summary."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from headway import __version__
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import About, Job
from headway.serve.batching.rows import Rows
from headway.serve.fault import Fault, reason_of
from headway.serve.models.model import Model
from headway.serve.models.warmup import ordinary_values
from headway.serve.protocols import invocations, oip
from headway.serve.protocols.media import media
from headway.serve.protocols.metadata import metadata
from headway.serve.protocols.oip import Framed
from headway.serve.protocols.openapi import Described, document
from headway.serve.watch.recent import Recent
from headway.serve.wire.exchange import JSON, Exchange

__all__ = ["Answering", "Handler", "fail", "tell"]

Handler = Callable[[Exchange], None]
Encode = Callable[[Answers, int, int], bytes | Framed]

_BYTES = b"application/octet-stream"

# An answer's header stays small, whatever a request names.
_MOST, _LONGEST = 20, 60
_DIGITS = 18


class Answering:
    """The handlers of one model; each may raise Fault.

    `versions` are those of its name; `recent` notes each prediction; `draining` says whether the server is on its way
    out.  Who knows `nonce` may fetch answers to requests that were copied; without one nobody may.
    """

    def __init__(
        self, model: Model, versions: Sequence[str], recent: Recent, draining: Callable[[], bool], nonce: str = ""
    ) -> None:
        self.model = model
        self._nonce = nonce.encode()
        self._versions = versions
        self._recent = recent
        self._draining = draining
        told = model.manifest.version
        self._version = f"headway-version: {told}\r\n".encode("latin-1", "replace") if told.isprintable() else b""

    def gets(self) -> Mapping[str, Handler]:
        """By the end of the path, what is asked with GET."""
        return {
            "": self._metadata,
            "/ready": self._ready,
            "/summary": self._summary,
            "/answers": self._answers,
            "/openapi.json": self._openapi,
        }

    def posts(self) -> Mapping[str, Handler]:
        """By the end of the path, what is asked with POST: predictions, all of which are counted."""
        return {"/infer": self._infer, "/invocations": self.invocations}

    def noted(self, exchange: Exchange, status: int) -> None:
        """Count an answer to a request for predictions."""
        reason = "" if status < 400 else exchange.reason or reason_of(status)
        self.model.metrics.count(time.perf_counter() - exchange.start, reason)

    def invocations(self, exchange: Exchange) -> None:
        """MLflow's way to ask."""
        exchange.noted = self.noted
        read = invocations.parse(exchange.content(), self.model.layout, exchange.kind)
        self._submit(exchange, read.rows, invocations.encode, None, read.ignored)

    def _infer(self, exchange: Exchange) -> None:
        exchange.noted = self.noted
        media(exchange.kind, (b"application/json", b"application/octet-stream"))
        asked = oip.parse(exchange.content(), self.model.layout, self.model.outputs, exchange.tensors)
        encode = partial(oip.encode, asked, self.model.manifest)
        self._submit(exchange, asked.rows, encode, asked.id, asked.ignored)

    def _submit(self, exchange: Exchange, rows: Rows, encode: Encode, name: str | None, ignored: Sequence[str]) -> None:
        """Have rows answered, and note under which id: the client's, or one that is made and told."""
        extra = _told(ignored)
        if not name:
            name = self._recent.made()
            extra += b"Headway-Prediction-Id: %b\r\n" % name.encode()
        self._recent.note(self.model.manifest.model, name, rows.count)
        about = About(name, exchange.trace.decode("latin-1"), len(exchange.body)) if self.model.recorded else None
        done = partial(self._done, exchange, encode, extra)
        self.model.submit(Job(rows, self.model.answered.follow(exchange.pair, done) if exchange.pair else done, about))

    def _done(
        self, exchange: Exchange, encode: Encode, extra: bytes, result: Answers | Fault, start: int, stop: int
    ) -> None:
        if self.model.leaving:
            exchange.keep = False  # another server, or another version, answers the next one
        if isinstance(result, Fault):
            fail(exchange, result, self._version)
        else:
            body, kind, extra = encode(result, start, stop), JSON, self._version + extra
            if isinstance(body, Framed):
                kind, extra = _BYTES, extra + b"Inference-Header-Content-Length: %d\r\n" % body.head
                body = body.body
            exchange.answer(200, body, kind, extra)

    def _ready(self, exchange: Exchange) -> None:
        ready = self.model.ready and not self._draining()
        tell(exchange, {"name": self.model.manifest.model, "ready": ready}, 200 if ready else 503, self._version)

    def _metadata(self, exchange: Exchange) -> None:
        manifest = self.model.manifest
        about = {
            "digest": self.model.digest,
            "task": manifest.task,
            "classes": manifest.classes,
            "runtime": manifest.runtime,
            "reason": manifest.reason,
        }
        said = metadata(manifest, self.model.runtime.platform)
        tell(exchange, {**said, "versions": self._versions, "parameters": about}, extra=self._version)

    def described(self) -> Described:
        """What an OpenAPI document says of the model."""
        manifest = self.model.manifest
        inputs = metadata(manifest, "")["inputs"]
        return Described(
            manifest=manifest,
            datatypes={each["name"]: each["datatype"] for each in inputs},
            row=ordinary_values(manifest),
        )

    def _openapi(self, exchange: Exchange) -> None:
        tell(exchange, document([self.described()], __version__), extra=self._version)

    def _answers(self, exchange: Exchange) -> None:
        """Answers behind `?after=N`, for whoever started this process with a nonce; no user knows that."""
        if not self._nonce or not secrets.compare_digest(exchange.nonce, self._nonce):
            raise Fault(404, "answers are told to the supervisor of this process alone")
        number = exchange.path.partition(b"after=")[2]
        tell(exchange, self.model.answered.after(int(number) if number.isdigit() and len(number) < _DIGITS else 0))

    def _summary(self, exchange: Exchange) -> None:
        tell(exchange, self.model.binner.summary(), extra=self._version)


def tell(exchange: Exchange, value: Any, status: int = 200, extra: bytes = b"") -> None:  # noqa: ANN401 - any JSON
    """Answer with JSON."""
    exchange.answer(status, msgspec.json.encode(value), extra=extra)


def fail(exchange: Exchange, fault: Fault, extra: bytes = b"") -> None:
    """Answer with why there is no answer, as the protocol of the path puts it."""
    if fault.retry_s:
        extra += b"Retry-After: %d\r\n" % fault.retry_s
    exchange.reason = fault.reason
    mlflow = exchange.path.partition(b"?")[0].endswith(b"/invocations")
    tell(exchange, invocations.refusal(fault) if mlflow else {"error": fault.message}, fault.status, extra)


def _told(ignored: Sequence[str]) -> bytes:
    """The header that names columns which were sent and not taken, encoded as in a URL; none where all were."""
    if not ignored:
        return b""
    names = ",".join(quote(name[:_LONGEST], safe="", errors="replace") for name in ignored[:_MOST])
    return b"Headway-Ignored: %b\r\n" % names.encode()
