"""The training contract: what a program sees, and how every way of ending is a result."""

import json
from typing import Any

import pytest
from msgspec import structs
from tests.adapters.steps.workshop import Workshop

from headway.evidence.record import StepRun, Trained
from headway.reconcile.ports import PortError

WRITES = "open('model.joblib', 'w').write('model')\n"


def seen(workshop: Workshop, program: str, **train: Any) -> Trained:
    files = {"train.py": program.encode(), "requirements.lock": b"a==1\n"}
    told = structs.replace(workshop.job(files, **{"run": "python -S train.py", **train}), files=files)
    return workshop.trainer.train(told).seen


def step(found: Trained) -> StepRun:
    (run,) = [run for run in found.steps if run.name == "train"]
    return run


def printed(workshop: Workshop, found: Trained) -> str:
    return workshop.store.read(step(found).log).decode()


def test_a_program_sees_its_files_and_training_rows_and_nothing_else(workshop: Workshop) -> None:
    program = "from pathlib import Path\nprint(sorted(str(p) for p in Path().rglob('*') if p.is_file()))\n" + WRITES
    assert printed(workshop, seen(workshop, program)) == "['data/train.csv', 'requirements.lock', 'train.py']\n"


def test_the_rows_are_the_bytes_that_were_pinned(workshop: Workshop) -> None:
    program = "import hashlib; print(hashlib.sha256(open('data/train.csv', 'rb').read()).hexdigest())\n" + WRITES
    assert printed(workshop, seen(workshop, program)).strip() == workshop.lock.spec.train[0].sha256


def test_a_file_that_is_not_declared_cannot_be_imported(workshop: Workshop) -> None:
    found = seen(workshop, "import features")
    assert found.outcome == "failed"
    assert "No module named 'features'" in found.reason


def test_the_environment_is_an_allow_list(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    program = "import os, json; print(json.dumps(dict(os.environ)))\n" + WRITES
    got = json.loads(printed(workshop, seen(workshop, program, params={"depth": 6}, seed=-1)))
    assert set(got) <= {
        "PATH", "VIRTUAL_ENV", "HOME", "TMPDIR", "LANG", "TZ", "OMP_NUM_THREADS", "PYTHONHASHSEED", "PYTHONUNBUFFERED",
        "HEADWAY_PARAMS", "HEADWAY_SEED", "HEADWAY_OUT", "MLFLOW_TRACKING_URI",
        "MLFLOW_ALLOW_FILE_STORE", "MLFLOW_RUN_CONTEXT", "LC_CTYPE",
    }  # fmt: skip
    assert json.loads(got["HEADWAY_PARAMS"]) == {"depth": 6}
    assert (got["HEADWAY_SEED"], got["PYTHONHASHSEED"], got["TZ"]) == ("-1", str(2**32 - 1), "UTC")


def test_a_parameter_is_one_word_of_the_command(workshop: Workshop) -> None:
    program = "import sys; print(sys.argv[1:])\n" + WRITES
    found = seen(workshop, program, run="python -S train.py --name={name} '{n} rows'", params={"name": "a; b", "n": 3})
    assert printed(workshop, found) == "['--name=a; b', '3 rows']\n"


@pytest.mark.parametrize(
    ("program", "train", "reason"),
    [
        ("", {}, "it wrote no file model.joblib"),
        ("raise ValueError('no rows')", {}, "it ended with 1: ValueError: no rows"),
        ("import os; os.kill(os.getpid(), 9)", {}, "it was ended by signal 9"),
        ("import os; os.symlink('/etc/hostname', 'model.joblib')", {}, "model.joblib is a link"),
        ("import os; os.symlink('/usr/lib', 'deep')", {"writes": "deep/os-release"}, "is a link, or lies behind one"),
        ("import os; os.mkdir('model.joblib')", {}, "model.joblib is a folder without MLmodel"),
        ("import os; os.mkfifo('model.joblib')", {}, "it wrote no file model.joblib"),
        ("open('model.joblib', 'w')", {}, "model.joblib has 0 bytes"),
        ("open('/dev/full', 'w').write('x' * 9999)", {}, "No space left on device"),
        ("import time; time.sleep(60)", {"timeout": 0.3}, "it ran longer than its 0.3 s"),
        ("x = bytearray(300 << 20)\nimport time; time.sleep(60)", {"memory": 100 << 20}, "more than its 100 MiB"),
        (WRITES, {"run": "python train.py --depth {depth}"}, "names {depth}, which is no parameter"),
        (WRITES, {"run": "python 'train.py"}, "cannot be split into words"),
        (WRITES, {"run": "no-such-program train.py"}, "no-such-program cannot be started"),
        (WRITES, {"secrets": ("DSN",)}, "DSN: declared under train.secrets and not in Headway's environment"),
        (WRITES, {"requirements": "other.lock"}, "other.lock is not in the model's folder"),
    ],
)  # fmt: skip
def test_every_bad_end_is_a_result_with_its_reason(
    workshop: Workshop, program: str, train: dict[str, Any], reason: str
) -> None:
    found = seen(workshop, program, **train)
    assert found.outcome == "failed"
    assert reason in found.reason
    assert found.steps[-1].outcome == "failed"


def test_the_output_of_a_failure_is_kept(workshop: Workshop) -> None:
    found = seen(workshop, "print('first'); raise SystemExit('no rain')")
    assert printed(workshop, found) == "first\nno rain\n"


def test_the_output_can_be_followed_in_a_file(workshop: Workshop) -> None:
    seen(workshop, "print('epoch 1')\n" + WRITES)
    assert (workshop.place / "work" / "logs" / "delay.log").read_text() == "epoch 1\n"


def test_nothing_of_a_step_stays_in_the_work_folder(workshop: Workshop) -> None:
    seen(workshop, "raise SystemExit(1)")
    assert [path.name for path in (workshop.place / "work").iterdir()] == ["logs"]


@pytest.mark.parametrize(
    ("text", "numbers", "note"),
    [
        ('{"auc": 0.7, "name": "x", "ok": true, "loss": NaN}', {"auc": 0.7}, ""),
        ("{broken", {}, "metrics.json holds no JSON objects with numbers and is left out"),
        ("[1]", {}, "metrics.json holds no JSON objects with numbers and is left out"),
    ],
)
def test_metrics_are_kept_as_reported(workshop: Workshop, text: str, numbers: dict[str, float], note: str) -> None:
    found = seen(workshop, f"open('metrics.json', 'w').write({text!r})\n" + WRITES)
    run = step(found)
    kept = json.loads((workshop.place / "steps" / f"{run.key}.json").read_bytes())
    assert (run.outcome, kept["reported"], run.reason) == ("ok", numbers, note)


def test_lines_of_metrics_and_mlflow_files_are_reported_too(workshop: Workshop) -> None:
    program = """
import os
from pathlib import Path
out = Path(os.environ["HEADWAY_OUT"])
(out / "metrics.jsonl").write_text('{"step": 1, "loss": 0.9}\\n{"step": 2, "loss": 0.5}\\n')
metrics = out / "mlruns" / "0" / "abc" / "metrics"
metrics.mkdir(parents=True)
(metrics / "auc").write_text("1700000000 0.6 0\\n1700000001 0.8 1\\n")
"""
    run = step(seen(workshop, program + WRITES))
    kept = json.loads((workshop.place / "steps" / f"{run.key}.json").read_bytes())
    assert kept["reported"] == {"step": 2, "loss": 0.5, "auc": 0.8}


def test_a_daemon_is_ended_and_told_of(workshop: Workshop) -> None:
    program = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600)\n" + WRITES
    run = step(seen(workshop, program))
    assert (run.outcome, run.reason) == ("ok", "1 processes that it left running were ended")


def test_rows_that_are_not_in_the_store_are_no_failure_of_the_program(workshop: Workshop) -> None:
    name = workshop.lock.spec.train[0].sha256
    (workshop.place / "store" / "files" / name[:2] / name).unlink()
    with pytest.raises(PortError):
        seen(workshop, WRITES)
