"""The tutorial, followed line by line with real git, a real environment and real serving."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.transcript import Command, File, differs, steps

PAGE = Path(__file__).parents[2] / "docs/tutorials/first-model.md"
LIMIT_S = 420
# These look at something that settles by itself.
SETTLING = ("headway status", "python3 ask.py")
SETTLED_S = 90


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "loans"
    folder.mkdir()
    yield folder
    run(folder, "headway down")


def environ(folder: Path) -> dict[str, str]:
    """The environment of a reader called Ada; the cache is the real one, so that wheels are fetched once."""
    told = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "HEADWAY_", "VIRTUAL_ENV"))
    }
    told |= {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()}
    if "HEADWAY_CACHE" in os.environ:
        told["HEADWAY_CACHE"] = os.environ["HEADWAY_CACHE"]
    return told | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HEADWAY_CONFIG": str(folder.parent / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LOGNAME": "ada",
        "USER": "ada",
    }


PERSON = {"NAME": "Ada", "EMAIL": "ada@example.com"}


def run(folder: Path, line: str) -> str:
    """What a command prints, errors too."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.mark.e2e
@pytest.mark.timeout(1500)
def test_a_newcomer_who_follows_the_page_sees_what_it_shows(place: Path) -> None:
    page = PAGE.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}")
    for step in steps(page):
        match step:
            case File(path=path, text=text):
                (place / path).write_text(text)
            case Command(line=line, prints=prints):
                follow(place, line, prints)


def follow(place: Path, line: str, prints: tuple[str, ...]) -> None:
    end = time.monotonic() + (SETTLED_S if line.startswith(SETTLING) else 0)
    while True:
        printed = run(place, line)
        difference = differs(prints, printed)
        if not difference:
            return
        assert time.monotonic() < end, f"$ {line}\n{printed}\n{difference}"
        time.sleep(0.5)


def test_links_of_the_page_lead_to_pages() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).is_file(), target
