"""What a step costs: an isolated one beyond its own process, and a cached one, in seconds of CPU.

Run: python bench/step.py [ROUNDS].  Budgets: 0.10 s and 0.01 s (peers: 0.06 to 8.6 s for a step, cached 0.05 to 0.8 s).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from msgspec import structs
from tests.adapters.steps.workshop import Workshop

from headway.adapters.steps.cache import StepCache
from headway.adapters.steps.train import Place, train_key, train_step
from headway.serve.cage.landlock import landlock_abi
from rows import Row, cost, show

PROGRAM = b"open('model.joblib', 'w').write('1')"


def measured(rounds: int) -> list[Row]:
    """One step that does nothing but write a file, and the same from the cache."""
    with tempfile.TemporaryDirectory() as place:
        workshop = Workshop(Path(place))
        files = {"train.py": PROGRAM, "requirements.lock": b"a==1\n"}
        job = structs.replace(workshop.job(files, run="python -S train.py"), files=files)
        where = Place(python=Path(sys.executable), work=Path(place) / "work", environ={})
        (Path(place) / "train.py").write_bytes(PROGRAM)

        bare = cost(lambda: subprocess.run([sys.executable, "-S", "train.py"], cwd=place, check=True), rounds)
        caged = cost(lambda: train_step(job, workshop.store, where), rounds)
        made = train_step(job, workshop.store, where)
        assert made.entry, made.outcome.reason
        key = train_key(job, workshop.environments.identity(where.python))
        cache = StepCache(Path(place) / "steps", workshop.store)
        with cache.holding(key):
            cache.keep(key, made.entry)

        def cached() -> None:
            found = train_key(job, workshop.environments.identity(where.python))
            with cache.holding(found):
                assert cache.find(found)

        hit = cost(cached, rounds)
    return [
        Row(
            what="an isolated no-op step", unit="s", budget=0.10, measured=caged - bare,
            how=f"CPU beyond its own process ({bare:.3f} s), Landlock ABI {landlock_abi()}, median of {rounds}",
        ),
        Row(
            what="a cached step", unit="s", budget=0.01, measured=hit,
            how=f"CPU of the key, the entry and its bytes verified, median of {rounds}",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 20)))
