"""What starting costs: `headway --help` and `import headway` beyond a bare interpreter, and the bare install's size.

    python bench/start_up.py [ROUNDS]

The wheel is built from this checkout and installed without extras into a fresh virtual environment, which needs a
package index; what is counted is everything that the install adds to it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from rows import Row, cost, show

HERE = Path(__file__).resolve().parent.parent
PIP = ("-m", "pip", "--disable-pip-version-check", "-q")


def size(folder: Path) -> int:
    """Bytes of all files below a folder, as they lie there (links are not followed)."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def installed(place: Path) -> tuple[Path, int, int]:
    """The interpreter of a fresh environment with the wheel in it, the bytes it added, and the distributions."""
    venv, wheels = place / "venv", place / "wheels"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    python = venv / "bin" / "python"
    before = size(venv)
    subprocess.run([str(python), *PIP, "wheel", "--no-deps", "-w", str(wheels), str(HERE)], check=True, timeout=600)
    (wheel,) = wheels.glob("headway-*.whl")
    pins = ("-c", str(HERE / "constraints.txt"))
    subprocess.run([str(python), *PIP, "install", *pins, str(wheel)], check=True, timeout=600)
    found = list(venv.glob("lib/python*/site-packages/*.dist-info"))
    return python, size(venv) - before, len(found)


def measured(rounds: int) -> list[Row]:
    """In the environment of the bare install, so that what is counted is what a user has."""
    with tempfile.TemporaryDirectory() as place:
        python, added, distributions = installed(Path(place))

        def run(*words: str) -> None:
            subprocess.run([str(python), *words], check=True, stdout=subprocess.DEVNULL, cwd=place, timeout=60)

        run("-m", "headway", "--help")  # bytecode is there from now on, as on a user's second call
        bare = cost(lambda: run("-c", "pass"), rounds)
        imported = cost(lambda: run("-c", "import headway"), rounds)
        helped = cost(lambda: run("-m", "headway", "--help"), rounds)
    beyond = f"CPU beyond a bare interpreter's {bare:.3f} s, median of {rounds}"
    return [
        Row(what="`headway --help`", unit="s", budget=0.15, measured=helped - bare, how=beyond),
        Row(what="`import headway`", unit="ms", budget=15.0, measured=1000 * (imported - bare), how=beyond),
        Row(
            what="bare install",
            unit="MB",
            budget=40.0,
            measured=added / 1e6,
            how=f"what pip adds to a fresh environment for the wheel, bytecode included: {distributions} packages",
        ),
    ]


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 20)))
