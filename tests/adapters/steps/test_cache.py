"""The eleven changes that step caches get wrong (what a step reads changed between two runs), and how entries live."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.adapters.steps.workshop import Workshop, flights

from headway.adapters.steps.train import train_key
from headway.evidence.record import StepRun
from headway.reconcile.ports import TrainJob, TrainResult
from headway.serve.cage.landlock import landlock_abi
from headway.spec.gate import LatencyGate
from headway.spec.serving import Replicas, Serve

# The model says all that the program could know; it is no pickle, so that packaging refuses it at once.
TRAIN = """
import json, os
from pathlib import Path
from features import double
def halve(x): return x / 2
params = json.loads(os.environ["HEADWAY_PARAMS"])
seen = [double(1), halve(1), len(Path("data/train.csv").read_bytes()), os.environ.get("REGION"), params]
Path("model.joblib").write_text(json.dumps(seen))
"""
FILES = {"train.py": TRAIN.encode(), "features.py": b"def double(x): return 2 * x\n", "requirements.lock": b"a==1\n"}
RUN = "python -S train.py"


def job(workshop: Workshop, files: Mapping[str, bytes] | None = None, **train: Any) -> TrainJob:
    return workshop.job({**FILES, **(files or {})}, **{"run": RUN, **train})


def train(workshop: Workshop, told: TrainJob) -> StepRun:
    """The step `train` of a training."""
    return step(workshop.trainer.train(told))


def step(result: TrainResult) -> StepRun:
    (found,) = [run for run in result.seen.steps if run.name == "train"]
    assert found.outcome == "ok", found.reason
    return found


def entry(workshop: Workshop, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workshop.place / "steps" / f"{key}.json").read_bytes())
    return found


def model(workshop: Workshop, run: StepRun) -> Any:
    return json.loads(workshop.store.read(entry(workshop, run.key)["files"]["model"]))


def stored(workshop: Workshop, run: StepRun) -> Path:
    name = entry(workshop, run.key)["files"]["model"]
    return workshop.place / "store" / "files" / name[:2] / name


def test_nothing_changed_is_cached(workshop: Workshop) -> None:
    runs = [train(workshop, job(workshop)) for _ in range(2)]
    assert [run.state for run in runs] == ["ran", "cached"]
    assert runs[0].key == runs[1].key


@pytest.mark.parametrize(
    ("path", "old", "new", "place", "value"),
    [
        ("train.py", 'os.environ.get("REGION")', '"body"', 3, "body"),
        ("train.py", "import json", "# a comment\nimport json", 0, 2),
        ("train.py", "return x / 2", "return x / 4", 1, 0.25),
        ("features.py", "2 * x", "3 * x", 0, 3),
    ],
    ids=["body", "comment", "helper in the same file", "helper in a module"],
)
def test_changed_code_runs(workshop: Workshop, path: str, old: str, new: str, place: int, value: Any) -> None:
    train(workshop, job(workshop))
    run = train(workshop, job(workshop, {path: FILES[path].replace(old.encode(), new.encode())}))
    assert run.state == "ran"
    assert model(workshop, run)[place] == value


def test_a_changed_input_file_of_the_same_path_and_size_runs(workshop: Workshop) -> None:
    train(workshop, job(workshop))
    (pinned,) = workshop.lock.spec.train
    changed = workshop.store.read(pinned.sha256).replace(b"AA", b"AB")
    files = (structs.replace(pinned, sha256=workshop.store.put(changed)),)
    other = structs.replace(workshop.lock, spec=structs.replace(workshop.lock.spec, train=files))
    assert train(workshop, structs.replace(job(workshop), lock=other)).state == "ran"


def test_changed_requirements_run(workshop: Workshop) -> None:
    train(workshop, job(workshop))
    assert train(workshop, job(workshop, {"requirements.lock": b"a==2\n"})).state == "ran"


def test_a_package_changed_in_the_environment_itself_runs(workshop: Workshop, tmp_path: Path) -> None:
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    (packages / "pandas-2.0.dist-info").mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir()
    python = tmp_path / "venv" / "bin" / "python"
    python.symlink_to(sys.executable)
    before = workshop.environments.identity(python)
    assert workshop.environments.identity(python) == before
    (packages / "pandas-2.0.dist-info").rename(packages / "pandas-2.1.dist-info")
    after = workshop.environments.identity(python)
    assert before != after
    assert train_key(job(workshop), before) != train_key(job(workshop), after)


def test_an_environment_variable_is_absent_whatever_it_says(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGION", "north")
    first = train(workshop, job(workshop))
    monkeypatch.setenv("REGION", "south")
    second = train(workshop, job(workshop))
    assert model(workshop, first)[3] is None
    assert second.state == "cached"


def test_a_changed_parameter_runs(workshop: Workshop) -> None:
    first = train(workshop, job(workshop, params={"depth": 6}))
    second = train(workshop, job(workshop, params={"depth": 7}))
    assert (model(workshop, first)[4], model(workshop, second)[4]) == ({"depth": 6}, {"depth": 7})


def test_a_parameter_given_for_one_run_is_in_its_key(workshop: Workshop) -> None:
    train(workshop, job(workshop, params={"depth": 6}))
    other = structs.replace(job(workshop, params={"depth": 6}), params={"depth": 9})
    assert model(workshop, train(workshop, other))[4] == {"depth": 9}


def test_a_deleted_output_runs_again(workshop: Workshop) -> None:
    first = train(workshop, job(workshop))
    stored(workshop, first).unlink()
    second = train(workshop, job(workshop))
    assert second.state == "ran"
    assert model(workshop, second)


def test_an_altered_output_runs_again(workshop: Workshop) -> None:
    first = train(workshop, job(workshop))
    path = stored(workshop, first)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:-1] + b"}")
    assert train(workshop, job(workshop)).state == "ran"
    assert path.read_bytes() == good


def test_another_seed_runs(workshop: Workshop) -> None:
    train(workshop, job(workshop))
    assert train(workshop, job(workshop, seed=1)).state == "ran"


def test_gates_replicas_and_test_rows_train_nothing(workshop: Workshop) -> None:
    told = job(workshop)
    train(workshop, told)
    spec = structs.replace(
        told.model.spec, gates=(LatencyGate(latency="p95", at_most=1.0),), serve=Serve(replicas=Replicas(min=5, max=9))
    )
    (test,) = workshop.locked(flights(), flights(50, seed=3)).spec.test
    lock = structs.replace(workshop.lock, spec=structs.replace(workshop.lock.spec, test=(test,)))
    other = structs.replace(told, model=structs.replace(told.model, spec=spec), lock=lock)
    assert train(workshop, other).state == "cached"


def test_a_secret_counts_by_its_name_and_never_by_its_value(tmp_path: Path) -> None:
    program = {
        "train.py": b"import os\nopen('model.joblib', 'w').write(str(len(os.environ['DSN'])))\nprint(os.environ['DSN'])"
    }
    states = []
    for value in ("hunter22", "another9"):
        workshop = Workshop(tmp_path, {"DSN": value, "OTHER": "x"})
        run = train(workshop, job(workshop, program, secrets=("DSN",)))
        states.append(run.state)
        assert workshop.store.read(run.log) == b"***\n"
    assert states == ["ran", "cached"]
    assert train(workshop, job(workshop, program, secrets=("DSN", "OTHER"))).state == "ran"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter22" not in kept


def test_a_failure_is_never_cached(workshop: Workshop) -> None:
    told = job(workshop, {"train.py": b"raise SystemExit('no')"})
    for _ in range(2):
        seen = workshop.trainer.train(told).seen
        assert [(run.name, run.state, run.outcome) for run in seen.steps][-1] == ("train", "ran", "failed")
        assert seen.reason == "it ended with 1: no"
    assert not list((workshop.place / "steps").glob("*.json"))


def test_two_runs_at_once_train_once(tmp_path: Path) -> None:
    slow = {"train.py": b"import time; time.sleep(0.5); open('model.joblib', 'w').write('1')"}
    workshops = [Workshop(tmp_path), Workshop(tmp_path)]
    states: list[str] = []

    def work(workshop: Workshop) -> None:
        states.append(train(workshop, job(workshop, slow)).state)

    threads = [threading.Thread(target=work, args=(workshop,)) for workshop in workshops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["cached", "ran"]


@pytest.mark.parametrize("cut", [0, 20, -1])
def test_a_half_written_entry_is_never_used(workshop: Workshop, cut: int) -> None:
    first = train(workshop, job(workshop))
    path = workshop.place / "steps" / f"{first.key}.json"
    path.write_bytes(path.read_bytes()[:cut])
    assert train(workshop, job(workshop)).state == "ran"


def test_what_was_made_without_the_cage_that_a_policy_requires_is_made_anew(workshop: Workshop) -> None:
    told = structs.replace(job(workshop), isolation="landlock")
    if not landlock_abi():
        pytest.skip("this kernel has no Landlock")
    first = train(workshop, told)
    assert train(workshop, told).state == "cached"
    path = workshop.place / "steps" / f"{first.key}.json"
    path.write_text(path.read_text().replace(first.isolation, "process group only: this kernel has no Landlock"))
    assert train(workshop, job(workshop)).state == "cached"
    assert train(workshop, told).state == "ran"


def test_a_kernel_without_the_cage_that_a_policy_requires_trains_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.adapters.steps.trainer.landlock_abi", lambda: 0)
    seen = workshop.trainer.train(structs.replace(job(workshop), isolation="landlock")).seen
    assert (seen.outcome, [run.name for run in seen.steps]) == ("failed", ["train"])
    assert "a policy requires Landlock" in seen.reason
    assert not list((workshop.place / "steps").glob("*.json"))


PROGRAM = """
import os, signal, sys
from pathlib import Path
from msgspec import structs
sys.path.insert(0, sys.argv[3])
from tests.adapters.steps.test_cache import job
from tests.adapters.steps.workshop import Workshop

left = int(sys.argv[2])

def count(event, args):
    global left
    if event in {"open", "os.rename", "os.remove", "os.mkdir"} and str(args[0]).startswith(sys.argv[1]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

workshop = Workshop(Path(sys.argv[1]))
told = job(workshop)
sys.addaudithook(count)
workshop.trainer.train(told)
"""


@pytest.mark.parametrize("event", [1, 4, 9, 15, 22, 30, 42, 60])
def test_a_process_killed_at_any_file_it_touches_leaves_nothing_half(tmp_path: Path, event: int) -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(event), str(root)], timeout=60, check=False
    )
    assert done.returncode in {0, -9}
    workshop = Workshop(tmp_path)
    run = train(workshop, job(workshop))
    assert model(workshop, run)[0] == 2
    assert train(workshop, job(workshop)).state == "cached"
