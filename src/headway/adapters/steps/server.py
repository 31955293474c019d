"""Starts the server that will serve, caged, for a bundle that is to be measured; it ends with the `with` block."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headway.adapters.steps.run import Step, arguments, caged
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.reconcile.ports import PortError

__all__ = ["serving"]

READY_LIMIT_S = 90.0
LIFE_LIMIT_S = 3600.0
MEMORY = 8 * 2**30
LOOK_S = 0.02


@contextmanager
def serving(bundle: Path, interpreter: Callable[[Path], Path]) -> Iterator[str]:
    """Serve a bundle folder on a free port of loopback; `host:port`.  PortError says why it did not become ready."""
    manifest = msgspec.json.decode((bundle / BUNDLE_FILE).read_bytes(), type=Manifest)
    python = interpreter(bundle) if manifest.runtime == "python" else Path(sys.executable)
    with tempfile.TemporaryDirectory(prefix="headway-serve-") as place:
        folder = Path(place) / "cage"
        folder.mkdir()
        ready, told, log = folder / "ready.json", Path(place) / "told.json", Path(place) / "log"
        step = Step(
            command=(
                sys.executable, "-m", "headway.serve", str(bundle), "--host", "127.0.0.1", "--port", "0",
                "--ready-file", str(ready), "--python", str(python), "--drain", "0",
            ),
            folder=folder,
            environ={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": ":".join(p for p in sys.path if p),
                     "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            readable=(bundle, python.parent.parent, *(Path(p) for p in sys.path if p)),
            timeout_s=LIFE_LIMIT_S,
            memory=MEMORY,
        )  # fmt: skip
        told.write_bytes(arguments(step, Path(place) / "outcome.json"))
        with log.open("wb") as sink:
            process = subprocess.Popen(
                caged(told), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={}, start_new_session=True
            )
            try:
                yield f"127.0.0.1:{_port(process, ready, log)}"
            finally:
                # The launcher's death is its program's too (PR_SET_PDEATHSIG).
                process.kill()
                process.wait(30)


def _port(process: subprocess.Popen[bytes], ready: Path, log: Path) -> int:
    end = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < end:
        if ready.exists():
            return int(json.loads(ready.read_bytes())["port"])
        if process.poll() is not None:
            break
        time.sleep(LOOK_S)
    said = log.read_text(errors="replace").strip().splitlines()
    raise PortError(f"the bundle cannot be served: {said[-1][:500] if said else 'it did not become ready in time'}")
