"""What each call of `inference.GRPCInferenceService` answers, and gRPC's own health check."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

import grpc
from google.protobuf.message import DecodeError

from headway import __version__
from headway.serve.batching.answers import Answers
from headway.serve.batching.batch import About, Job
from headway.serve.batching.rows import Rows
from headway.serve.control import Control
from headway.serve.fault import Fault, unforeseen
from headway.serve.grpc.infer import asked, fill
from headway.serve.grpc.messages import messages
from headway.serve.models.model import Model
from headway.serve.models.shelf import Shelf
from headway.serve.protocols.metadata import EXTENSIONS, metadata
from headway.serve.watch.recent import Recent

__all__ = ["CODES", "Service"]

Message = Any  # made at run time, of classes that no type checker knows
Method = Callable[[Message, "grpc.aio.ServicerContext"], Awaitable[Message]]
Call = Callable[[bytes, "grpc.aio.ServicerContext"], Awaitable[bytes]]
Stream = Callable[[AsyncIterator[bytes], "grpc.aio.ServicerContext"], Awaitable[bytes]]

_INFERENCE, _HEALTH = "inference", "grpc.health.v1"
_NAME = "inference.GRPCInferenceService"
CODES: Mapping[int, grpc.StatusCode] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
_SERVING, _NOT_SERVING = 1, 2
_END_S = 1.0  # until a call that the core has ended is seen to have ended


class Service:
    """The calls on the loaded models; `recent` notes predictions, `draining` says whether the server is on its way out.

    `last` is when a call came or went (loop time), `open` how many are under way.
    """

    def __init__(self, shelf: Shelf, control: Control, recent: Recent, draining: Callable[[], bool]) -> None:
        self._shelf = shelf
        self._recent = recent
        self._control = control
        self._draining = draining
        self._made = messages(_INFERENCE)
        self._models: Mapping[tuple[str, str], Model] = {}
        self.last = 0.0
        self.open = 0
        self.renew()

    def renew(self) -> None:
        """The models are others now."""
        named = {(name, ""): model for name, model in self._shelf.newest().items()}
        self._models = named | {(model.manifest.model, model.manifest.version): model for model in self._shelf}

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """What a gRPC server is to be given."""
        calls: Mapping[str, Method] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server,
            "ModelMetadata": self._metadata,
            "ModelInfer": self._infer,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": self._load,
            "RepositoryModelUnload": self._unload,
        }
        made = {name: self._call(self._made[f"{name}Request"], call) for name, call in calls.items()}
        handlers = {name: grpc.unary_unary_rpc_method_handler(call) for name, call in made.items()}
        handlers["ModelInfer"] = grpc.stream_unary_rpc_method_handler(self._first(made["ModelInfer"]))
        check = self._call(messages(_HEALTH)["HealthCheckRequest"], self._check)
        return [
            grpc.method_handlers_generic_handler(_NAME, handlers),
            grpc.method_handlers_generic_handler(
                "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
            ),
        ]

    def _first(self, call: Call) -> Stream:
        """A call of one message that is also told when none came.

        The core answers a message beyond the limit itself, and would tell nobody; a stream of messages that ends before
        the first does.
        """

        async def first(sent: AsyncIterator[bytes], context: "grpc.aio.ServicerContext") -> bytes:
            async for raw in sent:
                return await call(raw, context)
            try:
                await asyncio.sleep(_END_S)
            except asyncio.CancelledError:
                self._unread("too_large")
                raise
            return await call(b"", context)  # a client that streams, and sent nothing

        return first

    def _unread(self, reason: str) -> None:
        """Count a message that was not understood; whose it was is known where there is one model."""
        models = set(self._shelf.newest().values())
        if len(models) == 1:
            models.pop().metrics.count(0.0, reason)

    def _call(self, kind: Message, method: Method) -> Call:
        """The outer border of a call: bytes in and out, a Fault becomes a status."""

        async def call(raw: bytes, context: "grpc.aio.ServicerContext") -> bytes:
            with self._counted():
                try:
                    return bytes((await method(kind.FromString(raw), context)).SerializeToString())
                except Fault as found:
                    fault = found
                except DecodeError:
                    fault = Fault(400, f"the message is no {kind.DESCRIPTOR.name}")
                    if kind is self._made["ModelInferRequest"]:
                        self._unread(fault.reason)
                except Exception:  # noqa: BLE001 - it becomes an answer and a line in the log
                    fault = unforeseen()
            after = (("grpc-retry-pushback-ms", str(1000 * fault.retry_s)),) if fault.retry_s else ()
            await context.abort(CODES.get(fault.status, grpc.StatusCode.UNKNOWN), fault.message, after)
            raise AssertionError("abort raises")

        return call

    @contextmanager
    def _counted(self) -> Iterator[None]:
        clock = asyncio.get_running_loop().time
        self.open, self.last = self.open + 1, clock()
        try:
            yield
        finally:
            self.open, self.last = self.open - 1, clock()

    def _model(self, name: str, version: str) -> Model:
        model = self._models.get((name, version))
        if model is None:
            wanted = f"model {name[:60]!r}" + (f", version {version[:60]!r}" if version else "")
            raise Fault(404, f"{wanted} is not loaded")
        return model

    # Predictions.

    async def _infer(self, request: Message, context: "grpc.aio.ServicerContext") -> Message:
        model = self._model(request.model_name, request.model_version)
        start, reason = time.perf_counter(), "failed"
        try:
            understood = asked(request, model.layout, model.outputs)
            understood.id = understood.id or self._recent.made()
            self._recent.note(model.manifest.model, understood.id, understood.rows.count)
            about = About(understood.id, _trace(context), request.ByteSize())
            answers, first, last = await _answered(model, understood.rows, about)
            response = self._made["ModelInferResponse"]()
            fill(response, understood, model.manifest, answers, first, last)
            if understood.ignored:  # as REST's header of the same name
                named = ",".join(quote(name[:60], safe="", errors="replace") for name in understood.ignored[:20])
                context.set_trailing_metadata((("headway-ignored", named),))
        except Fault as fault:
            reason = fault.reason
            raise
        else:
            reason = ""
            return response
        finally:
            model.metrics.count(time.perf_counter() - start, reason)

    # What is known of the server and its models.

    async def _live(self, _request: Message, _context: object) -> Message:
        return self._made["ServerLiveResponse"](live=True)

    async def _ready(self, _request: Message, _context: object) -> Message:
        return self._made["ServerReadyResponse"](ready=self._is_ready())

    async def _model_ready(self, request: Message, _context: object) -> Message:
        ready = self._model(request.name, request.version).ready and not self._draining()
        return self._made["ModelReadyResponse"](ready=ready)

    async def _check(self, request: Message, _context: object) -> Message:
        if request.service not in {"", _NAME}:
            raise Fault(404, f"there is no service {request.service[:60]!r} here")
        return messages(_HEALTH)["HealthCheckResponse"](status=_SERVING if self._is_ready() else _NOT_SERVING)

    def _is_ready(self) -> bool:
        return self._shelf.ready and not self._draining()

    async def _server(self, _request: Message, _context: object) -> Message:
        return self._made["ServerMetadataResponse"](name="headway", version=__version__, extensions=EXTENSIONS)

    async def _metadata(self, request: Message, _context: object) -> Message:
        model = self._model(request.name, request.version)
        told = metadata(model.manifest, model.runtime.platform) | {"versions": self._shelf.versions(request.name)}
        for tensor in (*told["inputs"], *told["outputs"]):
            tensor.pop("parameters", None)  # gRPC's message has no place for them
        return self._made["ModelMetadataResponse"](**told)

    # The repository.

    async def _index(self, request: Message, _context: object) -> Message:
        return self._made["RepositoryIndexResponse"](models=await self._control.listed(ready=request.ready))

    async def _load(self, request: Message, _context: object) -> Message:
        self._control.require()
        if request.parameters:
            raise Fault(400, f"parameter {next(iter(request.parameters))[:60]!r}: a bundle is loaded as it is")
        await self._control.load(request.model_name)
        return self._made["RepositoryModelLoadResponse"]()

    async def _unload(self, request: Message, _context: object) -> Message:
        self._control.require()
        await self._control.unload(request.model_name)
        return self._made["RepositoryModelUnloadResponse"]()


def _trace(context: "grpc.aio.ServicerContext") -> str:
    """The client's `traceparent`, if it sent one."""
    found = (value for name, value in context.invocation_metadata() or () if name == "traceparent")
    return str(next(found, ""))


async def _answered(model: Model, rows: Rows, about: About) -> tuple[Answers, int, int]:
    """Through the model's queue, with everybody else's requests."""
    told: asyncio.Future[tuple[Answers | Fault, int, int]] = asyncio.get_running_loop().create_future()
    model.submit(Job(rows, partial(_tell, told), about))
    result, start, stop = await told
    if isinstance(result, Fault):
        raise result
    return result, start, stop


def _tell(
    told: "asyncio.Future[tuple[Answers | Fault, int, int]]", result: Answers | Fault, start: int, stop: int
) -> None:
    if not told.done():  # the client may have gone
        told.set_result((result, start, stop))
