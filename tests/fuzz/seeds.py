"""What the fuzzer begins with: good requests, as bytes on a connection and as bodies of each kind."""

import gzip
import json
import struct
import zlib

from tests.fuzz.conversation import HEADS, PIECES
from tests.serve.bundles import ROW, request

__all__ = ["SEEDS"]

_NAMES = list(ROW)
_ROWS = [ROW, {**ROW, "temp": None}]
_MATRIX = {"name": "X", "shape": [1, 3], "datatype": "FP32", "data": [[1.0, 2.0, 3.0]]}
_INFER = [
    json.dumps(request(_ROWS, id="7", outputs=[{"name": "label"}])).encode(),
    json.dumps({"inputs": [_MATRIX]}).encode(),
]
_INVOCATIONS = [
    json.dumps({"dataframe_split": {"columns": _NAMES, "data": [[ROW[name] for name in _NAMES]]}}).encode(),
    json.dumps({"dataframe_records": _ROWS}).encode(),
    json.dumps({"instances": _ROWS, "params": {"a": 1}}).encode(),
    json.dumps({"inputs": {"distance": [[1.0], [float("nan")]], "carrier": ["UA", "WN"]}}).encode(),
]
_CSV = b"carrier,distance,temp\nUA,1400.0,\nWN,100,7\n"


_FRAMED = {"name": "", "shape": [1, 3], "datatype": "FP64", "parameters": {"binary_data_size": 24}}
_BINARY = json.dumps({"inputs": [_FRAMED]}).encode().ljust(116) + struct.pack("<3d", 1.0, 2.0, 3.0)


def _head(path: bytes, body: bytes, *more: bytes) -> bytes:
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join([*lines, b"", body])


_WHOLE = [
    _head(b"/infer", _INFER[0]) + _head(b"/invocations", _INVOCATIONS[0]),
    _head(b"/infer", gzip.compress(_INFER[0], mtime=0), b"Content-Encoding: gzip"),
    _head(b"/invocations", _CSV, b"Content-Type: text/csv; charset=utf-8"),
    _head(b"/infer", b"{}", b"Connection: close"),
    b"GET /infer HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
]
# In the order of HEADS.
_BODIES = [
    _WHOLE,
    _INFER,
    _INVOCATIONS,
    [_CSV],
    [gzip.compress(body, mtime=0) for body in _INFER],
    [zlib.compress(body) for body in _INVOCATIONS],
    [_BINARY],
    [b'{"feedback": [{"id": "a", "row": 1, "label": 0}, {"id": "b", "label": 1}]}'],
]
SEEDS = [
    bytes([len(PIECES) * head + piece]) + body
    for head in range(len(HEADS))
    for body in _BODIES[head]
    for piece in range(len(PIECES))
]
