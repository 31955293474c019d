"""The environments that models are trained and served in: a venv built once per digest of its requirements, and kept.

Headway's own converters lie in a folder apart, which only the packaging step puts behind the team's packages.
"""

import fcntl
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.reconcile.ports import PortError
from headway.spec.digest import digest, digest_of

__all__ = ["CONVERTERS", "Environments"]

# skl2onnx and what it needs beyond the team's numpy and scikit-learn; pinned, for a converter is part of a step.
CONVERTERS = ("skl2onnx==1.20.0", "onnx==1.23.2", "ml_dtypes==0.6.0", "protobuf==7.36.2", "typing_extensions==4.16.0")
BUILD_LIMIT_S = 1800
STAMP = ".headway-complete"


class Environments:
    """Interpreters by requirements, below a cache folder that may be deleted at any time."""

    def __init__(self, cache: Path, environ: Mapping[str, str], *, base: str = sys.executable) -> None:
        self._folder = cache / "environments"
        self._environ = dict(environ)
        self._base = base

    def interpreter(self, requirements: bytes) -> Path:
        """The Python of these requirements, built first if it is not there; PortError says what pip said."""
        place = self._folder / f"venv-{self._name(requirements)}"
        with self._building(place) as wanted:
            if wanted:
                self._run([self._base, "-m", "venv", str(place)], place)
                self._pip(place / "bin/python", ["-r", str(_written(place / "requirements.lock", requirements))])
        return place / "bin/python"

    def of_bundle(self, folder: Path) -> Path:
        """The Python that a bundle's model needs, by the requirements in it."""
        manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
        if not manifest.requirements:
            return Path(self._base)
        return self.interpreter((folder / manifest.requirements).read_bytes())

    def converters(self, python: Path) -> Path:
        """The folder of the converters for an interpreter's version."""
        place = self._folder / f"converters-{digest_of([CONVERTERS, self._version(python)])[:16]}"
        with self._building(place) as wanted:
            if wanted:
                self._pip(python, ["--no-deps", "--target", str(place), *CONVERTERS])
        return place

    @contextmanager
    def _building(self, place: Path) -> Iterator[bool]:
        """Hold the lock of a folder; True when it must be built, and then it is stamped or removed again."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (place / STAMP).exists():
                yield False
                return
            shutil.rmtree(place, ignore_errors=True)
            try:
                yield True
                (place / STAMP).touch()
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise

    def _pip(self, python: Path, words: Sequence[str]) -> None:
        self._run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *words], python)

    def _run(self, command: Sequence[str], about: Path) -> None:
        try:
            done = subprocess.run(
                command, env=self._environ, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise PortError(f"building {about} took longer than {BUILD_LIMIT_S} s") from None
        if done.returncode:
            raise PortError(
                f"The environment of the requirements could not be built ({' '.join(command[1:4])} ...): "
                f"{done.stderr.strip()[-800:]}  Mend the requirements, or try again when the package index answers."
            )

    def _name(self, requirements: bytes) -> str:
        """Requirements, the base interpreter and the platform: what the venv is made of."""
        return digest_of([digest(requirements), self._version(Path(self._base)), sysconfig.get_platform()])[:16]

    def _version(self, python: Path) -> str:
        if str(python) == sys.executable:
            return sys.version
        done = subprocess.run(
            [str(python), "-c", "import sys; print(sys.version)"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout.strip()


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
