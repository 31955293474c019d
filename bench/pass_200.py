"""What a pass over unchanged, released models costs: `python bench/pass_200.py [MODELS]`.

Twice: many models with Git, the record with its signatures and the loop real and the runtime in memory; and few with
the supervisor, Envoy and a process for every model real too (Envoy takes two inotify instances a model, of which a user
has 128 by default).  What trained and measured the models while the record was made, and the model servers, are the
tests' stand-ins: a pass over unchanged models asks the servers for a summary, and the others for nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.adapters.local.kit import bundle, local_runtime, until
from tests.fakes.data import MemoryData
from tests.fakes.labels import FakeLabels
from tests.fakes.metrics import FakeMetrics
from tests.fakes.runtime import FakeRuntime
from tests.fakes.signing import MemorySigning
from tests.fakes.store import MemoryStore
from tests.reconcile.town import ENVIRONMENT, MODEL, PROJECT, SIGNATURE, NowJobs, TableAssessor

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.source import GitSource
from headway.evidence.record import Signers, StepRun, Subject, Trained
from headway.plan.action import Nothing
from headway.reconcile.book import Book, Draft
from headway.reconcile.memory import Memory
from headway.reconcile.once import once
from headway.reconcile.ports import Runtime, TrainJob, TrainResult
from headway.reconcile.world import World
from headway.spec.project import Rights
from headway.spec.wish import Wish, load_wish
from rows import Row, cpu, show

ROUNDS = 5
FEW = 20
MOST_S = 900.0


class Clock:
    """The machine's."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()


class Trainer:
    """Every training makes a stand-in bundle of its own."""

    def train(self, job: TrainJob) -> TrainResult:
        """As the port says, at once."""
        step = StepRun(name="train", key="0" * 64, state="ran", outcome="ok")
        seen = Trained(recipe="", train="", cause="commit", steps=(step,), outcome="ok", signature=SIGNATURE)
        version = job.number(SIGNATURE)
        return TrainResult(seen=seen, bundle=bundle(version, model=job.model.metadata.name), version=version)


def commit(folder: Path, names: list[str], data: MemoryData) -> None:
    """Main: a model a folder, all of one shape."""
    files = {
        "headway.yaml": PROJECT.replace("staging, ", ""),
        "environments/production.yaml": ENVIRONMENT.format(name="production", traffic="live"),
    }
    for name in names:
        files[f"models/{name}/model.yaml"] = MODEL.format(name=name, more="", rollout="")
        files[f"models/{name}/train.py"] = f"# {name}\n"
        files[f"models/{name}/requirements.lock"] = ""
        for part in ("train", "test"):
            data.files[f"models/{name}/data/{part}.csv"] = b"x,late\n1,0\n2,1\n"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "Wish for models")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, timeout=60)


def opened(folder: Path, runtime: Runtime, data: MemoryData, store: MemoryStore) -> tuple[World, Memory]:
    """A process that begins: everything is read anew."""
    environ = dict(os.environ)
    journal, source = GitJournal(folder, environ=environ), GitSource(folder, environ=environ)

    def read(at: str) -> Wish:
        files = source.files(at)
        return load_wish(source.read(at, [path for path in files if path.endswith(".yaml")]), set(files))

    world = World(
        source=source, journal=journal, store=store, data=data, trainer=Trainer(), assessor=TableAssessor(),
        runtime=runtime, labels=FakeLabels(), metrics=FakeMetrics(),
        clock=Clock(), look_s=0.5, fetch_s=0.0,
    )  # fmt: skip
    book = Book(journal, MemorySigning("ada"), Clock())
    return world, Memory(book=book, jobs=NowJobs(), read_wish=read, read_reference=lambda _bundle: None)


def release(world: World, memory: Memory) -> None:
    """Pass after pass until every model is served everywhere."""
    rights = Rights(train=True, decide=("production",))
    listed = Signers(signers=(MemorySigning("ada").listed(rights),))
    memory.book.write([Draft(subject=Subject(), seen=listed)], main="", subject="List the signers")

    def settled() -> bool:
        done = once(world, memory)
        assert not done.troubles, done.troubles
        return done.settled

    until(settled, MOST_S)


def passes(folder: Path, names: list[str], runtime: Runtime) -> list[tuple[float, float]]:
    """Bring the models out, begin anew as after a restart, and pass: CPU and wall clock of each, in seconds."""
    store = MemoryStore()
    data = MemoryData(store)
    commit(folder, names, data)
    release(*opened(folder, runtime, data, store))
    world, memory = opened(folder, runtime, data, store)
    took = []
    for _ in range(ROUNDS + 1):
        used, began = cpu(), time.monotonic()
        done = once(world, memory)
        took.append((cpu() - used, time.monotonic() - began))
        assert not done.changed
        assert not done.troubles, done.troubles
        assert [action.model for action in done.actions] == names
        assert all(isinstance(action, Nothing) for action in done.actions), done.actions
    return took


def measured(models: int) -> list[Row]:
    """Both, each in a repository of its own."""
    names = [f"model-{number:04}" for number in range(models)]
    with tempfile.TemporaryDirectory() as place:
        first, *later = passes(Path(place) / "many", names, FakeRuntime())
        runtime = local_runtime(Path(place) / "run")
        try:
            real = passes(Path(place) / "few", names[:FEW], runtime)[1:]
        finally:
            runtime.shut_down()
    used, wall = sorted(later)[ROUNDS // 2]
    real_used, real_wall = sorted(real)[ROUNDS // 2]
    few = len(names[:FEW])
    with_gits = "CPU of the loop's process and its gits"
    return [
        Row(
            what=f"a pass over {models} unchanged models", unit="s", budget=1.0, measured=used,
            how=f"{with_gits}; Git, record and loop real, runtime in memory; plans nothing; {wall:.2f} s of clock",
        ),
        Row(
            what=f"a pass over {few} unchanged models that run", unit="s", budget=1.0 * few / models,
            measured=real_used,
            how=f"{with_gits}; supervisor, Envoy and {few} processes real; plans nothing; {real_wall:.2f} s of clock",
        ),
        Row(
            what=f"the first pass over {models} models after a restart", unit="s", budget=10.0, measured=first[0],
            how=f"{with_gits}; reads and checks {4 * models:,} records",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 200)))
