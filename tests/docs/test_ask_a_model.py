"""The guides to asking a model: their commands and programs are run against a real server, their tables compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.transcript import Command, File, differs, steps
from tests.serve.bundles import onnx_classifier
from tests.serve.running import Server, serving

from headway.serve.grpc.service import CODES
from headway.serve.protocols.inputs import ACCEPTED
from headway.serve.watch.recent import OUTCOMES

GUIDES = Path(__file__).parents[2] / "docs/guides"
PAGE = (GUIDES / "ask-a-model.md").read_text(encoding="utf-8")
LABELS = (GUIDES / "labels.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("guide")
    with serving(onnx_classifier(place / "bundle"), place, "--grpc-port", "0") as running:
        yield running


def followed(server: Server, place: Path, page: str) -> list[str]:
    """Do what the page says, in order; where it is wrong."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    here = page.replace("localhost:8080", f"127.0.0.1:{server.port}").replace(
        "localhost:8081", f"127.0.0.1:{server.said['grpc_port']}"
    )
    wrong = []
    for step in steps(here):
        match step:
            case File(path=name, text=text):
                (place / name).write_text(text)
            case Command(line=line, prints=prints) if not line.startswith("headway serve"):
                done = subprocess.run(
                    ["bash", "-c", line], cwd=place, env=env, capture_output=True, text=True, timeout=60, check=False
                )
                if said := differs(prints, done.stdout):
                    wrong.append(f"{line}\n{said}\n{done.stderr}")
    return wrong


def test_every_command_prints_what_the_page_says(server: Server, tmp_path: Path) -> None:
    assert not followed(server, tmp_path, PAGE)


def test_labels_are_taken_as_the_page_says(server: Server, tmp_path: Path) -> None:
    assert not followed(server, tmp_path, LABELS)


def test_the_table_of_outcomes_is_the_servers() -> None:
    assert [cells[0] for cells in rows_of("outcome", LABELS)] == list(OUTCOMES)


def test_the_program_works_over_grpc_by_the_change_that_the_page_names(server: Server, tmp_path: Path) -> None:
    assert "`import tritonclient.grpc as triton` and port 8081" in PAGE
    changed = PAGE.replace("import tritonclient.http as triton", "import tritonclient.grpc as triton")
    assert not followed(server, tmp_path, changed.replace('Client("localhost:8080")', 'Client("localhost:8081")'))


def rows_of(table: str, page: str = PAGE) -> list[list[str]]:
    """The cells of the table that begins with this cell."""
    body = page.partition(f"| {table} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def test_the_table_of_datatypes_is_what_the_server_takes() -> None:
    told = {cells[0]: cells[1] for cells in rows_of("column")}
    same = set(ACCEPTED["float64"])
    taken = {
        column: {name for name in re.findall(r"\w+", text) if name.isupper()} | (same if "the same" in text else set())
        for column, text in told.items()
    }
    assert taken == {column: set(accepted) for column, accepted in ACCEPTED.items()}


def test_the_table_of_statuses_is_the_servers() -> None:
    told = {}
    for rest, grpc, _ in rows_of("REST"):
        told |= dict.fromkeys(map(int, re.findall(r"\d+", rest)), re.match(r"[A-Z_]+", grpc)[0])  # type: ignore[index]
    assert {status: told[status] for status in CODES} == {status: code.name for status, code in CODES.items()}
