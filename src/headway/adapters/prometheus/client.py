"""Raw samples of counters from Prometheus' HTTP interface, bounded in time, bytes and series.  Knows no guardrail."""

import http.client
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec
from msgspec import Struct

from headway.reconcile.ports import PortError, UnreachableError
from headway.stats.counters import Sample

__all__ = ["Prometheus"]

ANSWER_S = 3.0
MOST_BYTES = 4 * 2**20
MOST_SERIES = 1000
# One that did not answer is not asked again at once, for every rollout would wait for it.
REST_S = 30.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Series(Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[msgspec.Raw] = []


class _Data(Struct):
    resultType: str  # noqa: N815 - the wire name
    result: list[_Series]


class _Answer(Struct):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: list[str] = []


_decode = msgspec.json.Decoder(_Answer).decode


class Prometheus:
    """Implements `ports.Metrics`.  `token` is a file whose text is sent as bearer token, to https or this machine only.

    `clock` is any steady clock, in seconds.
    """

    def __init__(self, token: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._clock = clock
        self._rests: dict[str, tuple[float, str]] = {}

    def samples(self, address: str, selector: str, *, at: float, over_s: float) -> Mapping[str, Sequence[Sample]]:
        """As the port says."""
        until, why = self._rests.get(address, (-math.inf, ""))
        if self._clock() < until:
            raise UnreachableError(why)
        query = {"query": f"{selector}[{math.ceil(over_s)}s]", "time": f"{at:.3f}"}
        try:
            body = self._get(address, f"/api/v1/query?{urlencode(query)}")
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            why = f"Prometheus at {address} does not answer ({type(error).__name__}); it is asked again in {REST_S:g} s"
            self._rests[address] = (self._clock() + REST_S, why)
            raise UnreachableError(why) from error
        return _series(address, body)

    def _get(self, address: str, target: str) -> bytes:
        parts = urlsplit(address)
        secure = parts.scheme == "https"
        made = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = made(parts.hostname or "", parts.port, timeout=ANSWER_S)
        end = self._clock() + ANSWER_S
        try:
            connection.request("GET", parts.path.rstrip("/") + target, headers=self._headers(parts))
            answer = connection.getresponse()
            found = bytearray()
            while part := answer.read1(2**16):
                found += part
                if len(found) > MOST_BYTES:
                    raise PortError(f"Prometheus at {address} answers over {MOST_BYTES} bytes; select fewer series")
                if self._clock() > end:
                    raise TimeoutError(f"no whole answer within {ANSWER_S:g} s")
            # An answer that breaks off is shorter than it said; JSON that is cut would not be read either.
            if answer.status >= 500:
                raise http.client.HTTPException(f"status {answer.status}")
            return bytes(found)
        finally:
            connection.close()

    def _headers(self, parts: SplitResult) -> dict[str, str]:
        """The token is read anew each time, for it is changed while we run, and never sent in the clear."""
        if self._token is None or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
            return {"Accept": "application/json"}
        try:
            token = self._token.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError) as error:
            raise PortError(f"the token file {self._token} cannot be read ({type(error).__name__})") from error
        if not token.isprintable() or not token:
            raise PortError(f"the token file {self._token} holds no token of one line")
        return {"Accept": "application/json", "Authorization": f"Bearer {token}"}


def _series(address: str, body: bytes) -> Mapping[str, Sequence[Sample]]:
    """Samples by series; PortError for an answer that is an error, partial, or none of counters."""
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise PortError(f"what Prometheus at {address} answers is none of its answers: {error}") from error
    if answer.status != "success" or answer.data is None:
        raise PortError(f"Prometheus at {address} refuses: {answer.error[:300] or answer.status}")
    if answer.warnings:
        raise PortError(f"Prometheus at {address} answers in part: {answer.warnings[0][:300]}")
    if answer.data.resultType != "matrix":
        raise PortError(f"Prometheus at {address} answers a {answer.data.resultType[:20]}; name a series, no function")
    if len(answer.data.result) > MOST_SERIES:
        raise PortError(f"Prometheus at {address} has {len(answer.data.result)} series; select at most {MOST_SERIES}")
    if any(each.histograms for each in answer.data.result):
        raise PortError(f"Prometheus at {address} answers a native histogram; name a counter")
    found = {msgspec.json.encode(sorted(each.metric.items())).decode(): _samples(each) for each in answer.data.result}
    if len(found) < len(answer.data.result):
        raise PortError(f"Prometheus at {address} tells one series twice")
    return found


def _samples(series: _Series) -> Sequence[Sample]:
    """A value that is no number is kept as one that is none, so that whoever counts sees it."""
    found = []
    for at, text in series.values:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        found.append(Sample(at=at, value=value))
    return tuple(found)
