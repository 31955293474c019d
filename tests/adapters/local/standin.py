"""A model server in miniature that keeps the contract of `headway serve` with the supervisor, and misbehaves as told.

`behaviour.json` in the bundle: `status` and `delay_s` of its answers, `refuse` to end at once with a last word.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path


class Server:
    """Answers everything on keep-alive connections; once told to end, closes each after its answer."""

    def __init__(self, behaviour: dict[str, float], version: str) -> None:
        self.status = int(behaviour.get("status", 200))
        self.delay_s = float(behaviour.get("delay_s", 0))
        self.version = version
        self.served = 0
        self.ending = False
        self.idle: set[asyncio.StreamWriter] = set()
        self.busy: set[asyncio.StreamWriter] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, request after request."""
        try:
            self.idle.add(writer)
            while not self.ending:
                head = await reader.readuntil(b"\r\n\r\n")
                self.idle.discard(writer)
                self.busy.add(writer)
                await self.answer(head, reader, writer)
                self.busy.discard(writer)
                self.idle.add(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.idle.discard(writer)
            self.busy.discard(writer)
            writer.close()

    async def answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        summary = b"/summary HTTP" in head.split(b"\r\n", 1)[0]
        body = json.dumps(
            {"rows": self.served, "columns": []} if summary else {"version": self.version, "pid": os.getpid()}
        )
        if not summary:
            self.served += 1
            await asyncio.sleep(self.delay_s)
        close = "close" if self.ending else "keep-alive"
        status = 200 if summary else self.status
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: {close}\r\n\r\n{body}".encode()
        )
        await writer.drain()


def report(options: argparse.Namespace, port: int) -> None:
    fresh = Path(f"{options.ready_file}.new")
    fresh.write_text(json.dumps({"port": port, "pid": os.getpid(), "nonce": options.nonce, "digest": options.digest}))
    fresh.rename(options.ready_file)


async def serve(options: argparse.Namespace, behaviour: dict[str, float], version: str) -> None:
    server = Server(behaviour, version)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    listening = await asyncio.start_server(server.connection, options.host, options.port)
    port = listening.sockets[0].getsockname()[1]
    report(options, port)
    await ended.wait()
    server.ending = True
    listening.close()
    for _ in range(200):
        if not server.busy:
            break
        await asyncio.sleep(0.01)
    for writer in list(server.idle):
        writer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    for flag in ("host", "ready-file", "nonce", "digest", "environment", "python", "require-release", "keys", "quiet"):
        parser.add_argument(f"--{flag}")
    parser.add_argument("--port", type=int)
    parser.add_argument("--drain", type=float)
    options = parser.parse_args()
    behaviour = json.loads((options.bundle / "behaviour.json").read_text())
    if behaviour.get("refuse"):
        sys.exit(f"\x1b[31mthis model cannot be loaded\x1b[0m in {options.environment}")
    asyncio.run(serve(options, behaviour, json.loads((options.bundle / "bundle.json").read_text())["version"]))


if __name__ == "__main__":
    main()
