"""What a step costs: an isolated one beyond its own process, and a cached one, in seconds of CPU.

Run: python bench/step.py [ROUNDS].  Budgets: 0.10 s and 0.01 s (peers: 0.06 to 8.6 s for a step, cached 0.05 to 0.8 s).
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from msgspec import structs
from tests.adapters.steps.workshop import Workshop

from headway.adapters.steps.cache import StepCache
from headway.adapters.steps.launcher import landlock_abi
from headway.adapters.steps.train import Place, train_key, train_step

PROGRAM = b"open('model.joblib', 'w').write('1')"


def cpu() -> float:
    """Seconds of CPU of this process and of those that it has waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def cost(work: Callable[[], object], rounds: int) -> float:
    """The median CPU of a call."""
    found = []
    for _ in range(rounds):
        begin = cpu()
        work()
        found.append(cpu() - begin)
    return median(found)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
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
    print(f"Landlock ABI {landlock_abi()}; median of {rounds}; seconds of CPU")
    print(f"an isolated no-op step        {caged:.4f}")
    print(f"  its own process, bare       {bare:.4f}")
    print(f"  beyond it (budget 0.10)     {caged - bare:.4f}")
    print(f"a cached step (budget 0.01)   {hit:.4f}")


if __name__ == "__main__":
    main()
