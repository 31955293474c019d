"""Starts the server that will serve, caged, for a bundle that is to be measured; it ends with the `with` block."""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headway.adapters.steps.environments import Environments
from headway.adapters.steps.log import Log
from headway.adapters.steps.run import Cage, Step, headway_paths, python_paths, started
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.reconcile.ports import PortError

__all__ = ["Served", "Serving"]

READY_LIMIT_S = 150.0
LIFE_LIMIT_S = 3600.0
LOOK_S = 0.02


class Served(Struct, frozen=True, kw_only=True):
    """A server that is ready: `address` is host:port, `isolation` the cage that it runs in."""

    address: str
    isolation: str


class Serving(Struct, frozen=True, kw_only=True):
    """Serves bundle folders, caged; `memory` in bytes is for server and model together."""

    environments: Environments
    memory: int = 8 * 2**30

    @contextmanager
    def __call__(self, bundle: Path, digest: str) -> Iterator[Served]:
        """Serve a folder that must have this digest on a free port of loopback.  PortError: it did not become ready.

        What the server writes lies beside the bundle, where a killed process's work is cleared away.
        """
        manifest = msgspec.json.decode((bundle / BUNDLE_FILE).read_bytes(), type=Manifest)
        own = manifest.runtime == "onnx"
        python = Path(sys.executable) if own else self.environments.of_bundle(bundle)
        with (
            tempfile.TemporaryDirectory(prefix="serve-", dir=bundle.parent) as place,
            started(_step(bundle, digest, python, Path(place), self.memory)) as cage,
        ):
            log = Log()
            # A server whose output nobody takes in stops when the pipe is full.
            taking = threading.Thread(target=_take, args=(cage, log), daemon=True)
            taking.start()
            try:
                ready = _ready(cage, Path(place) / "ready.json", log)
                isolation = f"{cage.isolation}; its server {ready['isolation']}"
                yield Served(address=f"127.0.0.1:{ready['port']}", isolation=isolation)
            finally:
                cage.end()
                taking.join()


def _step(bundle: Path, digest: str, python: Path, place: Path, memory: int) -> Step:
    options = {
        "--sandbox": "best",
        "--port": "0",
        "--ready-file": place / "ready.json",
        "--digest": digest,
        "--python": python,
    }
    words = (str(word) for pair in options.items() for word in pair)
    return Step(
        command=(sys.executable, "-I", "-m", "headway.serve", str(bundle), *words),
        folder=place,
        environ={
            "PATH": "/usr/bin:/bin",
            "HOME": str(place),
            "TMPDIR": str(place),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        readable=(bundle, *python_paths(python), *headway_paths()),
        network="serve",
        timeout_s=LIFE_LIMIT_S,
        memory=memory,
    )


def _take(cage: Cage, log: Log) -> None:
    while cage.process.stdout and (part := cage.process.stdout.read(1 << 16)):
        log.add(part)


def _ready(cage: Cage, ready: Path, log: Log) -> dict[str, Any]:
    """What the server says when it is ready."""
    end = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < end:
        if ready.exists():
            said: dict[str, Any] = json.loads(ready.read_bytes())
            return said
        if cage.process.poll() is not None:
            raise PortError(f"The bundle cannot be served: {log.last() or 'its server ended without a word'}.")
        time.sleep(LOOK_S)
    raise PortError(f"The bundle's server was not ready within {READY_LIMIT_S:g} s: {log.last()}.")
