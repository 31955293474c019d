"""`headway scan`: a file or a folder, for people and as JSON, and the exit code that a script can stand on."""

import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headway.app.cli.scan import command
from headway.app.errors import RefusedError

EVIL = b"cos\nsystem\n(S'true'\ntR."
OWN = b"cfeatures\nClean\n)\x81."


def scan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(OrderedDict(a=1)))
    (tmp_path / "deep" / "weights.dat").write_bytes(EVIL)
    (tmp_path / "train.py").write_text("import os\n")
    (tmp_path / "bundle.json").write_text('{"name": "delay"}')
    return tmp_path


def test_an_ordinary_file_passes_and_its_form_is_told(folder: Path) -> None:
    done = scan(folder / "model.pkl")
    assert done.exit_code == 0
    assert done.output.split() == ["pass", "pickle", "model.pkl"]


def test_a_hostile_file_is_refused_with_why_and_what_to_do(folder: Path) -> None:
    done = scan(folder / "deep" / "weights.dat")
    assert isinstance(done.exception, RefusedError)
    assert "os:system is not on the reviewed list" in done.output
    assert "scan.allow" in done.output


def test_a_folder_is_scanned_to_its_bottom_and_says_what_it_left_out(folder: Path) -> None:
    done = scan(folder, "-o", "json")
    assert isinstance(done.exception, RefusedError)
    told = json.loads(done.output)
    assert {file["file"]: (file["form"], file["verdict"]) for file in told["files"]} == {
        "model.pkl": ("pickle", "pass"),
        "deep/weights.dat": ("pickle", "refused"),
    }
    assert told["files"][0]["refused"][0].keys() == {"what", "cure"}
    assert told["left_out"] == ["bundle.json", "train.py"]


def test_a_file_that_is_named_is_scanned_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(EVIL)
    assert isinstance(scan(tmp_path / "train.py").exception, RefusedError)


def test_what_is_allowed_passes_and_a_name_without_a_module_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(OWN)
    assert isinstance(scan(tmp_path).exception, RefusedError)
    assert scan(tmp_path, "--allow", "features:Clean").exit_code == 0
    done = scan(tmp_path, "--allow", "features")
    assert done.exit_code == 2
    assert "MODULE:NAME" in done.output


def test_a_folder_without_a_model_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here")
    done = scan(tmp_path)
    assert isinstance(done.exception, RefusedError)
    assert "no model file" in str(done.exception)


def test_a_link_out_of_the_folder_and_a_pipe_are_refused_unopened(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({}))
    (inside / "link.pkl").symlink_to(tmp_path / "model.pkl")
    (inside / "gone.pkl").symlink_to(inside / "nothing")
    os.mkfifo(inside / "pipe.pkl")
    done = scan(inside, "-o", "json")
    told = {file["file"]: file["refused"][0]["what"] for file in json.loads(done.output)["files"]}
    assert told == {
        "link.pkl": "it is a link that leads out of the folder",
        "gone.pkl": "it is no regular file",
        "pipe.pkl": "it is no regular file",
    }
