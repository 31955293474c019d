"""Load by `wrk`, a generator in C that many know: it takes a tenth of a core where one in Python takes half of one.

On few cores the generator's share is the server's loss, and most so for the server that is the cheapest.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.serving.environments import CannotRunError
from bench.serving.load import ANSWER_S, Load, Taken

__all__ = ["program", "start"]

WARM_S = 1  # wrk counts in whole seconds
SCRIPT = """\
local sent, at = {%s}, 0
request = function()
  at = at %% #sent + 1
  return sent[at]
end
done = function(summary, latency, _)
  local e = summary.errors
  io.stderr:write(string.format('[%%d, %%d, %%.3f, %%.3f, %%.3f, %%d, %%d, %%d]', summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write, e.status, e.timeout))
end
"""


def program() -> str:
    """Where wrk is; CannotRunError when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise CannotRunError("wrk is not installed (Debian's package is called wrk)")
    return found


def start(load: Load, requests: Sequence[bytes]) -> Taken:
    """Keep all connections busy, at first for a second that does not count; `rate` and `warm_s` are not heeded."""
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "load.lua"
        script.write_text(SCRIPT % ",".join(_quoted(each) for each in requests))
        warm = _run(load, script, WARM_S)
        taken = _run(load, script, max(round(load.seconds), 1))
    return Taken(
        rate=taken.rate,
        p50_ms=taken.p50_ms,
        p95_ms=taken.p95_ms,
        p99_ms=taken.p99_ms,
        busy=taken.busy,
        answers=warm.answers + taken.answers,
        broken=warm.broken + taken.broken,
        reason=warm.reason or taken.reason,
    )


def _run(load: Load, script: Path, seconds: int) -> Taken:
    command = [program(), "-t1", f"-c{load.clients}", f"-d{seconds}s", f"--timeout={ANSWER_S:.0f}s", "-s", str(script)]
    before = os.times()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{load.port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        timeout=seconds + 3 * ANSWER_S,
    )
    after = os.times()
    count, lasted_us, p50, p95, p99, broken, refused, late = json.loads(done.stderr)
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(
        rate=count / lasted_us * 1e6,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        busy=busy / (lasted_us / 1e6),
        answers=count,
        broken=broken + refused + late,
        reason=f"{broken} on sockets, {refused} answers with an error's status, {late} too late"
        if broken + refused + late
        else "",
    )


def _quoted(data: bytes) -> str:
    """A string of Lua's, every byte of it by its number."""
    return '"' + "".join(f"\\{byte:03d}" for byte in data) + '"'
