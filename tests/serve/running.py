"""Starts real model servers for the tests, and ends them by their own process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

__all__ = ["Server", "refusal", "serving"]

START_S = 60.0


class Server:
    """A running server: its process, its port, a client."""

    def __init__(self, process: "subprocess.Popen[str]", said: dict[str, Any]) -> None:
        self.process = process
        self.said = said
        self.port = int(said["port"])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def infer(self, body: object, model: str = "delay") -> httpx.Response:
        """POST an inference request."""
        return self.client.post(f"/v2/models/{model}/infer", json=body)

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def command(bundle: Path | None, *options: str) -> list[str]:
    """The server's command line; without a bundle, its options say what is served."""
    return [sys.executable, "-m", "headway.serve", *([str(bundle)] if bundle else []), *options]


@contextmanager
def serving(bundle: Path | None, place: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """A server that is ready; killed at the end if it does not leave by itself."""
    ready = place / f"ready-{time.monotonic_ns()}.json"
    log = place / f"{ready.stem}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command(bundle, "--quiet", "0.1", *options), "--ready-file", str(ready), "--nonce", "n1"],
            stderr=file,
            stdout=file,
            text=True,
            env={**os.environ, **(env or {})},
        )
    try:
        until = time.monotonic() + START_S
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        server = Server(process, json.loads(ready.read_text()))
        yield server
        server.end()
    finally:
        process.kill()
        process.wait()


def refusal(bundle: Path | None, *options: str) -> str:
    """The line with which the server refuses to start."""
    done = subprocess.run(command(bundle, *options), capture_output=True, text=True, timeout=START_S, check=False)
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
