"""The packages that a script trains with: its own list where there is one, else what lies in its environment.

Environments are read as folders; no interpreter of theirs is run.
"""

import re
import sysconfig
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

__all__ = ["Requirements", "requirements_of", "unlisted"]

LISTS = ("requirements.lock", "requirements.txt")
VENVS = (".venv", "venv", "env")
NOT_THEIRS = frozenset({"headway", "pip", "setuptools", "wheel"})
# What the trainer refuses: lines that lead to other files or to code of one's own.
ELSEWHERE = re.compile(r"\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:)|.*@\s*file:", re.IGNORECASE)
# Module -> package, where the two have different names.
PACKAGES = {
    "PIL": "pillow", "bs4": "beautifulsoup4", "cv2": "opencv-python", "dateutil": "python-dateutil",
    "google": "protobuf", "imblearn": "imbalanced-learn", "skimage": "scikit-image", "sklearn": "scikit-learn",
    "skopt": "scikit-optimize", "umap": "umap-learn", "yaml": "pyyaml",
}  # fmt: skip
# Packages that bring modules of others' names.
BRINGS = {"mlflow-skinny": "mlflow", "opencv-python-headless": "opencv-python", "psycopg2-binary": "psycopg2"}
BYTES_AT_MOST = 2**20


class Requirements(Struct, frozen=True, kw_only=True):
    """The list's path relative to the model's folder, its text if it is to be written, and where it comes from."""

    path: str
    text: str
    source: str
    write: bool = True
    copied: bool = False


def requirements_of(home: Path, project: Path, environ: Mapping[str, str]) -> Requirements:
    """The list beside the script if it can be used; else a new requirements.lock."""
    above = [home, *(folder for folder in home.parents if folder.is_relative_to(project))]
    for folder in above:
        for name in LISTS:
            text = _text(folder / name)
            if text is None or any(map(ELSEWHERE.match, text.splitlines())):
                continue
            if folder == home:
                return Requirements(path=name, text=text, source="the team's own list", write=False)
            source = (folder / name).relative_to(project).as_posix()
            return Requirements(path=LISTS[0], text=text, source=source, copied=True)
    for folder in above:
        found = _pyproject(folder / "pyproject.toml")
        if found:
            return Requirements(path=LISTS[0], text=_lines(found), source="pyproject.toml")
    packages, place = _environment(above, environ)
    return Requirements(path=LISTS[0], text=_lines(packages), source=f"what is installed in {place}")


def unlisted(text: str, modules: Iterable[str]) -> list[str]:
    """Imported modules whose package the list does not name; another package may bring them all the same."""
    names = {_canonical(re.split(r"[\s\[<>=!~;@]", line.strip(), maxsplit=1)[0]) for line in text.splitlines()}
    names |= {BRINGS[name] for name in names & set(BRINGS)}
    return [name for name in modules if not {_canonical(name), PACKAGES.get(name, "")} & names]


def _pyproject(path: Path) -> list[str]:
    text = _text(path)
    try:
        table = tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    project = table.get("project")
    listed = project.get("dependencies", []) if isinstance(project, dict) else []
    return [line for line in listed if isinstance(line, str) and line.isprintable() and not ELSEWHERE.match(line)]


def _environment(folders: Sequence[Path], environ: Mapping[str, str]) -> tuple[list[str], str]:
    """Pins of the environment that trains today: beside the script, active in the shell, or Headway's own."""
    active = [Path(environ[name]) for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    for venv in [*(folder / name for folder in folders for name in VENVS), *active]:
        for packages in sorted(venv.glob("lib/python3*/site-packages")):
            if packages.is_dir():
                return _installed(packages), venv.name if venv.parent in folders else str(venv)
    return _installed(Path(sysconfig.get_path("purelib"))), "Headway's own environment"


def _installed(packages: Path) -> list[str]:
    found = set()
    for path in packages.glob("*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        local = (path / "direct_url.json").exists()
        if not local and _canonical(name) not in NOT_THEIRS and re.fullmatch(r"[\w.]+-[\w.+!]+", f"{name}-{version}"):
            found.add(f"{_canonical(name)}=={version}")
    return sorted(found)


def _text(path: Path) -> str | None:
    """A small regular file's text; None for anything else."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > BYTES_AT_MOST:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _canonical(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _lines(packages: Iterable[str]) -> str:
    return "".join(f"{package}\n" for package in packages)
