"""The training environment of the tests: made by Headway's own code, out of the packages that are installed here.

Only pip is replaced, because the tests know no network: a package is linked, file by file, as its wheel listed it.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path

from headway.adapters.steps.environments import Environments

__all__ = ["Installed", "pins"]

# What scikit-learn and pandas need, and what that needs.
TRAINING = (
    "scikit-learn", "numpy", "scipy", "joblib", "cloudpickle", "threadpoolctl", "narwhals", "pandas", "python-dateutil",
)  # fmt: skip


def pins() -> bytes:
    """The requirements of a team that trains with what is installed here."""
    return "".join(f"{name}=={distribution(name).version}\n" for name in TRAINING).encode()


class Installed(Environments):
    """Builds what Headway's own does, and where it does, from the packages of the tests."""

    def _run(self, command: Sequence[str], place: Path) -> None:
        if "pip" not in command:
            super()._run(command, place)
            return
        listed = place / "requirements.lock"
        wanted = listed.read_text().split() if listed.exists() else [word for word in command if "==" in word]
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        target = place / "lib" / version / "site-packages" if listed.exists() else place
        for pin in wanted:
            _link(distribution(pin.partition("==")[0]), target)


def _link(package: Distribution, target: Path) -> None:
    for file in package.files or ():
        source, copy = Path(str(package.locate_file(file))), target / file
        if ".." in file.parts or not source.exists():
            continue  # a program beside the interpreter, or a file compiled elsewhere
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, copy)
        except OSError:
            shutil.copy2(source, copy)  # another disk
