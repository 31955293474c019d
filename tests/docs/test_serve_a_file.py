"""The guide to serving a file, followed line by line: the program runs, the server says what the page says."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.docs.transcript import Command, File, differs, steps

PAGE = Path(__file__).parents[2] / "docs/guides/serve-a-file.md"
BIN = Path(sys.executable).parent
WAIT_S = 100


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + WAIT_S
    while " is ready on " not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return log.read_text()


def test_who_follows_the_guide_sees_what_it_shows(tmp_path: Path) -> None:
    port = free_port()
    environ = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    found = list(steps(PAGE.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")))
    (program,) = (step for step in found if isinstance(step, File))
    (tmp_path / program.path).write_text(program.text)
    train, serve, ask = (step for step in found if isinstance(step, Command))
    subprocess.run(train.line.split(), cwd=tmp_path, env=environ, check=True, timeout=60)
    log = tmp_path / "serve.log"
    with log.open("wb") as sink:
        words = [*serve.line.split(), "--port", port, "--quiet", "0.1"]
        process = subprocess.Popen(words, cwd=tmp_path, env=environ, stdout=sink, stderr=sink)
    try:
        said = "".join(line for line in ready(process, log).splitlines(keepends=True) if "Fetching" not in line)
        assert differs(serve.prints, said) == ""
        answer = subprocess.check_output(["bash", "-c", ask.line], text=True, timeout=30)
        assert differs(ask.prints, answer) == ""
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
