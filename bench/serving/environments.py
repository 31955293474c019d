"""Makes the environment of each peer once, from the package index, under the cache folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

__all__ = ["ENVIRONMENTS", "CannotRunError", "Environment", "environment", "versions"]

MOST_S = 900
OWN = str(Path(sys.executable).resolve())  # behind the environment of this checkout
ONNX = "onnxruntime==1.32.0"

# The Triton that PyTriton brings starts a Python of its own against the interpreter's standard library, and fails with
# one that has this attribute (CPython 3.11.6 and newer).
OLD_LOCKS = "import threading; assert not hasattr(threading.RLock(), '_recursion_count')"


class CannotRunError(Exception):
    """A peer cannot be installed, started or asked here; the text becomes its row of the table."""


class Environment(Struct, frozen=True, kw_only=True):
    """What is installed, and on which interpreter: the first of `pythons` for which the program `needs` ends well."""

    requirements: tuple[str, ...]
    pythons: tuple[str, ...] = (OWN,)
    needs: str = "pass"


ENVIRONMENTS = {
    # uvloop: the worker process of 1.7.1 dies with 0.22 and newer.
    "mlserver": Environment(
        requirements=("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22", "scikit-learn==1.9.1", ONNX)
    ),
    "kserve": Environment(requirements=("kserve==0.21.0", ONNX)),
    "bentoml": Environment(requirements=("bentoml==1.4.39", ONNX)),
    "litserve": Environment(requirements=("litserve==0.2.19", ONNX)),
    "mlflow": Environment(requirements=("mlflow==3.17.2", "onnx==1.23.2", ONNX)),
    "pytriton": Environment(
        requirements=("nvidia-pytriton==0.7.0", "numpy<2", "onnxruntime<1.24"),
        pythons=(OWN, "/usr/bin/python3", "python3.11", "python3.10"),
        needs=OLD_LOCKS,
    ),
}


def environment(name: str) -> Path:
    """The folder of a peer's environment, made when it is not there; CannotRunError says why it cannot be."""
    wanted = ENVIRONMENTS[name]
    python = _python(wanted)
    key = hashlib.sha256("\n".join([_output([python, "-V"]), *wanted.requirements]).encode()).hexdigest()[:12]
    folder = _cache() / f"{name}-{key}"
    stamp = folder / "complete"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {' '.join(wanted.requirements)} ...", file=sys.stderr, flush=True)
        _output([python, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _output([*pip, *wanted.requirements])
        stamp.touch()
    return folder


def versions(name: str) -> dict[str, str]:
    """What is installed of what was asked for: package to version."""
    names = [_package(requirement) for requirement in ENVIRONMENTS[name].requirements]
    program = "import sys, importlib.metadata as m; print(*[m.version(n) for n in sys.argv[1:]])"
    told = _output([str(environment(name) / "bin" / "python"), "-c", program, *names])
    return dict(zip(names, told.split(), strict=True))


def _package(requirement: str) -> str:
    return requirement.partition("=")[0].partition("<")[0]


def _cache() -> Path:
    root = os.environ.get("HEADWAY_CACHE")
    return (Path(root) if root else Path(__file__).resolve().parents[2] / ".cache" / "headway") / "peers"


def _python(wanted: Environment) -> str:
    for name in wanted.pythons:
        python = shutil.which(name)
        if python and _ends_well([python, "-c", wanted.needs]):
            return python
    raise CannotRunError(f"none of the interpreters {', '.join(wanted.pythons)} suits it")


def _ends_well(command: list[str]) -> bool:
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL, timeout=MOST_S).returncode == 0


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=MOST_S)
    except subprocess.CalledProcessError as error:
        raise CannotRunError(f"{' '.join(command[:6])} …: {_last(error.stderr or error.stdout)}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRunError(f"{' '.join(command[:6])} …: {_last(str(error))}") from None
    return done.stdout.strip()


def _last(text: str) -> str:
    """The last line that says something."""
    return ([line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"])[-1][:200]
