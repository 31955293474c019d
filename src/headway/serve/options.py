"""What a model server is started with."""

import sys
from pathlib import Path
from typing import Literal

from msgspec import Struct

__all__ = ["BUSY_POLL_US", "MOST_BUSY_POLL_US", "MOST_WORKERS", "Limits", "Options", "Records"]

MOST_WORKERS = 256
BUSY_POLL_US = 100  # about what to be woken costs on a virtual machine
MOST_BUSY_POLL_US = 10_000


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on what one client or all together may ask; times in seconds.

    `body_bytes` bound a body as it is sent, and what it expands to; `held_bytes` all requests that are half sent.
    `connections` may be open, or as many as the system has descriptors for; beyond it one that asks nothing gives way,
    and where there is none the answer is 503. `pipelined` requests of a connection wait at most; `batch_rows` go into
    one model call (a larger request goes alone); beyond `queued_rows`, and after `queued_s` in the queue, the answer is
    503.
    """

    head_bytes: int = 16 * 1024
    body_bytes: int = 8 * 2**20
    held_bytes: int = 256 * 2**20
    connections: int = 4096
    pipelined: int = 64
    batch_rows: int = 256
    queued_rows: int = 8192
    queued_s: float = 10.0
    idle_s: float = 75.0
    head_s: float = 10.0
    body_s: float = 30.0
    linger_s: float = 2.0


class Records(Struct, frozen=True, kw_only=True):
    """Records of predictions: `to` a file or an address ('' for none), which share of them, and what they leave out.

    `omit` and `hash` name columns or outputs; a hash is keyed with what the file `key` holds.
    """

    to: str = ""
    sample: float = 1.0
    omit: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    key: Path | None = None


class Options(Struct, frozen=True, kw_only=True):
    """The command line as a value.

    `bundles` are served; `models` is a folder of more, served too, loaded and unloaded on request.  Port 0 is any free
    one; without `grpc_port` there is no gRPC.

    For `busy_poll_s` after an answer to a request that came alone the event loop looks for the next one without
    sleeping; 0 is not at all.

    After SIGTERM the server goes on for `drain_s` seconds, or until no connection was open for `quiet_s` when that is
    given.  It is not where endpoints are withdrawn some time after the signal, as in a cluster.
    """

    bundles: tuple[Path, ...] = ()
    models: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    grpc_port: int | None = None
    ready_file: Path | None = None
    nonce: str = ""
    digest: str = ""
    environment: str = ""
    release: Path | None = None
    keys: Path | None = None
    python: str = sys.executable
    workers: int = 1
    busy_poll_s: float = BUSY_POLL_US / 1e6
    records: Records = Records()
    drain_s: float = 10.0
    quiet_s: float | None = None
    sandbox: Literal["off", "best", "strict"] = "off"
    limits: Limits = Limits()
