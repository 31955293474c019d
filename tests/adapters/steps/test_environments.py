"""Environments of requirements: built once, kept, and refused where they would lead to other files."""

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from headway.adapters.steps.environments import Environments
from headway.reconcile.ports import PortError, UnreachableError

LOCAL = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}


def wheel(folder: Path, version: str = "1.0") -> Path:
    """A package of one module, as small as a wheel can be."""
    folder.mkdir(exist_ok=True)
    info = f"tinyfare-{version}.dist-info"
    files = {
        "tinyfare.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tinyfare\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"tinyfare-{version}-py3-none-any.whl", "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return folder


def test_an_environment_is_built_once_and_kept(tmp_path: Path) -> None:
    environ = {**LOCAL, "PIP_FIND_LINKS": str(wheel(tmp_path / "wheels"))}
    environments = [Environments(tmp_path / "cache", environ) for _ in range(2)]
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(one.interpreter(b"tinyfare==1.0\n")))
        for one in environments
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    said = subprocess.run(
        [found[0], "-c", "import tinyfare; print(tinyfare.VERSION)"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert said == "1.0\n"
    assert environments[0].has(b"tinyfare==1.0\n")
    assert not environments[0].has(b"tinyfare==2.0\n")
    with pytest.raises(PortError, match="cannot be built"):
        environments[0].interpreter(b"tinyfare==2.0\n")
    assert not environments[0].has(b"tinyfare==2.0\n")


@pytest.mark.parametrize("line", ["-r other.txt", "-e .", "./wheels/a.whl", "a @ file:///tmp/a.whl", "--constraint c"])
def test_requirements_that_lead_to_other_files_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(PortError, match=r"Line 2 .* leads to another file"):
        Environments(tmp_path, LOCAL).interpreter(f"numpy==2.4.6\n{line}\n".encode())


def test_a_half_built_environment_counts_for_nothing(tmp_path: Path) -> None:
    environments = Environments(tmp_path, LOCAL)
    place = environments._place(b"")
    (place / "bin").mkdir(parents=True)
    assert not environments.has(b"")


def test_pip_gets_no_secret(tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin", "HTTPS_PROXY": "http://proxy", "PIP_INDEX_URL": "x", "WAREHOUSE_DSN": "hunter22"}
    assert "WAREHOUSE_DSN" not in Environments(tmp_path, given)._environ
    assert {"PATH", "HTTPS_PROXY", "PIP_INDEX_URL"} == set(Environments(tmp_path, given)._environ)


def test_the_version_of_the_running_python_is_known_without_starting_it(tmp_path: Path) -> None:
    environments = Environments(tmp_path, LOCAL, base=Path(sys.executable))
    assert environments._version(Path(sys.executable)) == sys.version
    with pytest.raises(PortError, match="does not run"):
        environments._version(tmp_path / "python")


def test_an_index_that_does_not_answer_is_no_fault_of_the_requirements(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    with pytest.raises(UnreachableError, match="no package index answers"):
        Environments(tmp_path, environ).converters(Path(sys.executable))
