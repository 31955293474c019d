"""The environments that models are trained and served in: a venv built once per digest of its requirements, and kept.

Headway's own converters lie in a folder apart, which only the packaging step looks into, once it has loaded
the model with the team's packages.
"""

import fcntl
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headway.adapters.steps.log import Log
from headway.adapters.steps.run import Step, run
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.reconcile.ports import PortError, UnreachableError
from headway.spec.digest import digest, digest_of

__all__ = ["CONVERTERS", "Environments"]

# The converters and what they need beyond the team's numpy and scikit-learn; pinned, for they are part of a step.
CONVERTERS = (
    "skl2onnx==1.20.0",
    "onnxmltools==1.16.0",
    "onnx==1.23.2",
    "ml_dtypes==0.6.0",
    "protobuf==6.33.0",  # 7 refuses the booleans that skl2onnx writes for histogram gradient boosting
    "typing_extensions==4.16.0",
)
BUILD_LIMIT_S = 1800.0
VERSION_LIMIT_S = 60.0
STAMP = ".headway-complete"
# What pip needs of the environment: where it finds programs, its caches, proxies, certificates and indexes.
HANDED_ON = re.compile(
    r"PATH|HOME|USER|LANG|LC_ALL|TMPDIR|XDG_.*|PIP_.*|SSL_CERT_.*|.*_CA_BUNDLE|.*_proxy", re.IGNORECASE
)
# Lines whose meaning lies in another file, whose changes no digest of this one would show.
ELSEWHERE = re.compile(r"\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:)|.*@\s*file:", re.IGNORECASE)
OFFLINE = ("connection broken", "newconnectionerror", "name resolution", "max retries exceeded", "connecttimeout")


class Environments:
    """Interpreters by requirements, below a cache folder that may be deleted at any time.

    `environ` is where pip finds proxies and indexes; `base` the interpreter that venvs are made with.
    """

    def __init__(self, cache: Path, environ: Mapping[str, str], *, base: Path = Path(sys.executable)) -> None:
        self._folder = cache / "environments"
        self._environ = {name: value for name, value in environ.items() if HANDED_ON.fullmatch(name)}
        self._base = base
        self._versions: dict[Path, str] = {}

    def has(self, requirements: bytes) -> bool:
        """Is the environment of these requirements built?"""
        return (self._place(requirements) / STAMP).exists()

    def interpreter(self, requirements: bytes) -> Path:
        """The Python of these requirements, built first if it is not there.

        UnreachableError when no package index answers; PortError with pip's words when the requirements cannot be met.
        """
        place = self._place(requirements)
        python = place / "bin" / "python"
        if self.has(requirements):
            return python
        _check(requirements)
        with self._building(place) as wanted:
            if wanted:
                self._run([str(self._base), "-m", "venv", str(place)], place)
                listed = place / "requirements.lock"
                listed.write_bytes(requirements)
                self._run(_pip(python, "-r", str(listed)), place)
        return python

    def of_bundle(self, folder: Path) -> Path:
        """The Python that a bundle's model needs, by the requirements in it."""
        manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
        if not manifest.requirements:
            return self._base
        return self.interpreter((folder / manifest.requirements).read_bytes())

    def identity(self, python: Path) -> str:
        """What an environment is: its Python, platform, and every package with its version, as they lie there now.

        So that a package changed by hand, or resolved otherwise by looser requirements, is another environment.
        """
        packages = sorted(path.name for path in python.parent.parent.glob("lib/python*/site-packages/*.dist-info"))
        return digest_of([self._version(python), sysconfig.get_platform(), *packages])

    def converters(self, python: Path, tell: Callable[[str], None] = lambda _: None) -> Path:
        """The folder of the converters for an interpreter's version, built first if it is not there; same errors.

        `tell` is called before a building.
        """
        place = self._folder / f"converters-{digest_of([CONVERTERS, self._version(python)])[:16]}"
        with self._building(place) as wanted:
            if wanted:
                tell("Fetching the converters to ONNX (once) ...")
                self._run(_pip(python, "--no-deps", "--target", str(place), *CONVERTERS), place)
        return place

    @contextmanager
    def _building(self, place: Path) -> Iterator[bool]:
        """Hold the lock of a folder; True when it must be built, and then it is stamped or removed again."""
        if (place / STAMP).exists():
            yield False
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (place / STAMP).exists():
                yield False
                return
            # A venv cannot be moved, so it is built in its place; without the stamp it does not count.
            shutil.rmtree(place, ignore_errors=True)
            try:
                yield True
                (place / STAMP).touch()
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise

    def _run(self, command: Sequence[str], place: Path) -> None:
        with place.with_suffix(".log").open("ab", buffering=0) as sink:
            outcome = run(
                Step(
                    command=tuple(command),
                    folder=self._folder,
                    environ={**self._environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
                    network="open",
                    timeout_s=BUILD_LIMIT_S,
                    landlock=False,
                ),
                Log(follow=sink.write),
            )
        if not outcome.reason:
            return
        said = outcome.log.decode(errors="replace")
        log = place.with_suffix(".log")
        if any(word in said.lower() for word in OFFLINE):
            raise UnreachableError(
                f"The environment of the requirements is not built yet and no package index answers ({log}). "
                "Connect once, or set PIP_FIND_LINKS to a folder of wheels and PIP_NO_INDEX=1."
            )
        raise PortError(
            f"The environment of the requirements cannot be built: {outcome.reason}. pip's words are in {log}. "
            "Mend the requirements."
        )

    def _place(self, requirements: bytes) -> Path:
        """Requirements, the base interpreter and the platform: what the venv is made of."""
        name = digest_of([digest(requirements), str(self._base), self._version(self._base), sysconfig.get_platform()])
        return self._folder / f"venv-{name[:16]}"

    def _version(self, python: Path) -> str:
        if str(python) == sys.executable:
            return sys.version
        if python not in self._versions:
            command = [str(python), "-I", "-S", "-c", "import sys; print(sys.version)"]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_LIMIT_S, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise PortError(
                    f"{python} does not run: {error}. Delete {self._folder} to have it built anew."
                ) from error
            self._versions[python] = done.stdout.strip()
        return self._versions[python]


def _pip(python: Path, *words: str) -> list[str]:
    return [str(python), "-m", "pip", "install", "-q", *words]


def _check(requirements: bytes) -> None:
    for number, line in enumerate(requirements.decode(errors="replace").splitlines(), start=1):
        if ELSEWHERE.match(line):
            raise PortError(
                f"Line {number} of the requirements, {line.strip()!r}, leads to another file, whose changes nobody "
                "would see. Name packages and versions there; declare code of your own under train.files."
            )
