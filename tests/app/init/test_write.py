"""`headway init` as a whole: what it adds, that it passes `check`, that it runs twice, and what it refuses."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository

from headway.app.cli import check
from headway.app.cli import init as command
from headway.app.errors import RefusedError
from headway.app.init.write import Written, write
from headway.app.settings import Folders, Settings
from headway.spec.wish import load_wish

ROWS = "date,distance,late\n2024-01-01,10,0\n2024-01-02,20,1\n"
TRAIN = """\
import argparse
import joblib, pandas as pd
from features import Clean
from sklearn.ensemble import RandomForestClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int, default=6)
args = parser.parse_args()
frame = pd.read_csv("data/flights.csv")
model = RandomForestClassifier(max_depth=args.depth).fit(frame[["distance"]], frame["late"])
joblib.dump(model, "model.joblib")
"""


@pytest.fixture(autouse=True)
def _environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def team(folder: Path, script: str = "train.py") -> Path:
    """A folder with a script that trains on a CSV file beside it."""
    home = (folder / script).parent
    for path, text in {
        script: TRAIN,
        f"{home.relative_to(folder).as_posix()}/features.py": "class Clean: ...\n",
        f"{home.relative_to(folder).as_posix()}/data/flights.csv": ROWS,
        "requirements.txt": "joblib==1.6.0\npandas==3.1.1\nscikit-learn==1.9.1\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def settings(folder: Path) -> Settings:
    """Settings whose keys lie below the folder."""
    return Settings(folders=Folders(config=folder / "config", cache=folder / "cache"))


def run(folder: Path, *options: str) -> Result:
    """`headway init FOLDER`."""
    return CliRunner().invoke(command.command, [str(folder), *options], catch_exceptions=False)


def checked(folder: Path) -> int:
    """How many models `headway check` finds nothing wrong with; a finding is a failure here."""
    done = CliRunner().invoke(check.command, ["--repo", str(folder), "-o", "json"], catch_exceptions=False)
    view = msgspec.json.decode(done.output)
    assert not view["findings"], done.output
    return int(view["models"])


def content(folder: Path) -> dict[str, bytes]:
    """Every file by path, but Git's and Headway's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".git", ".headway"} & set(path.relative_to(folder).parts)
    }


def test_a_script_is_put_under_headway_where_it_is(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    before = content(folder)
    said = run(folder).output
    after = content(folder)
    assert before.items() <= after.items()
    assert set(after) - set(before) == {
        ".gitignore", "environments/production.yaml", "environments/staging.yaml", "headway.yaml", "model.yaml",
    }  # fmt: skip
    assert after["model.yaml"].decode() == (
        """\
# Written by `headway init` from train.py; it is yours now. Mend what says look.
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: loans}
spec:
  task: {kind: classification, label: late}  # line 10
  data:
    path: data/flights.csv  # line 9
    # split: {by: date, test: 20%}  # look: rows with a time want the newest as test rows
  train:
    run: "python train.py --depth {depth}"
    params: {depth: 6}
    files: [train.py, features.py]
    requirements: requirements.txt
    writes: model.joblib  # line 11
  gates:  # look: what must hold before a version reaches users
    - {metric: auc, at_least: 0.6}  # look: a guess; ask for what your users need
    - {metric: auc, versus: live, worse_by_at_most: 0.02}
"""
    )
    assert "data/flights.csv  (train.py:9)" in said
    assert checked(folder) == 1


@pytest.mark.parametrize(
    ("script", "place", "run_line"),
    [
        ("train.py", "model.yaml", "python train.py"),
        ("churn/fit_churn.py", "churn/model.yaml", "python fit_churn.py"),
        ("models/churn/train.py", "models/churn/model.yaml", "python train.py"),
        ("a/b/c/learn.py", "a/b/c/model.yaml", "python learn.py"),
    ],
)
def test_model_yaml_goes_to_the_folder_that_its_paths_start_from(
    tmp_path: Path, script: str, place: str, run_line: str
) -> None:
    folder = team(tmp_path / "shop", script)
    run(folder)
    assert run_line in (folder / place).read_text()
    assert checked(folder) == 1


def test_running_it_twice_changes_nothing(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    run(folder)
    before, head = content(folder), repository.git(folder, "rev-parse", "headway")
    said = run(folder).output
    assert content(folder) == before
    assert repository.git(folder, "rev-parse", "headway") == head
    assert "kept     headway.yaml" in said
    assert "kept     model.yaml" in said
    assert "wrote" not in said


def test_no_file_that_is_there_is_overwritten(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    (folder / "environments").mkdir()
    (folder / "environments/staging.yaml").write_text("mine\n")
    (folder / ".gitignore").write_text("data/")
    run(folder)
    assert (folder / "environments/staging.yaml").read_text() == "mine\n"
    assert (folder / ".gitignore").read_text() == "data/\n.headway/\n"


def test_a_repository_without_a_script_gets_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    said = run(folder).output
    assert "no training script was found" in said
    assert checked(folder) == 0


def test_a_half_written_project_is_completed(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    run(folder)
    (folder / "headway.yaml").unlink()
    (folder / "environments/staging.yaml").unlink()
    written = write(folder, None, settings(tmp_path))
    assert written.wrote == ("environments/staging.yaml", "headway.yaml")


def test_several_scripts_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    folder = team(tmp_path / "shop")
    (folder / "src").mkdir()
    (folder / "src/other model.py").write_text(TRAIN)
    before = content(folder)
    with pytest.raises(RefusedError, match="2 scripts here train") as refused:
        run(folder)
    assert "headway init --script train.py" in str(refused.value)
    assert "headway init --script 'src/other model.py'" in str(refused.value)
    assert content(folder) == before
    assert not (folder / ".git").exists()
    assert "wrote    model.yaml" in run(folder, "--script", str(folder / "train.py")).output
    assert "src/other model.py trains too" in run(folder).output


def test_each_folder_below_models_is_a_model(tmp_path: Path) -> None:
    folder = team(team(tmp_path / "shop", "models/churn/train.py"), "models/price/fit.py")
    run(folder)
    assert checked(folder) == 2


def test_two_folders_of_one_name_are_two_models(tmp_path: Path) -> None:
    folder = team(team(tmp_path / "shop", "models/eu/churn/train.py"), "models/us/churn/train.py")
    run(folder)
    assert checked(folder) == 2


def test_a_folder_with_another_models_document_is_refused(tmp_path: Path) -> None:
    folder = team(tmp_path / "shop")
    run(folder)
    (folder / "second.py").write_text(TRAIN)
    with pytest.raises(RefusedError, match="A folder holds one model"):
        run(folder, "--script", str(folder / "second.py"))


def test_a_model_yaml_of_another_tool_is_left_alone(tmp_path: Path) -> None:
    folder = team(tmp_path / "shop", "src/train.py")
    (folder / "conf").mkdir()
    (folder / "conf/model.yaml").write_text("kind: Model\nlayers: 3\n")
    run(folder)
    assert checked(folder) == 1


def test_an_existing_project_above_is_joined(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    run(folder)
    team(folder, "teams/churn/train.py")
    said = run(folder / "teams").output
    assert "wrote    teams/churn/model.yaml" in said
    assert not (folder / "teams/headway.yaml").exists()


def test_requirements_that_lead_elsewhere_are_pinned_anew(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    (folder / "requirements.txt").write_text("-r base.txt\n")
    site = folder / ".venv/lib/python3.12/site-packages"
    for name in ("scikit_learn-1.9.1", "pandas-3.1.1", "pip-25.1", "joblib-1.6.0", "mine-0.1"):
        (site / f"{name}.dist-info").mkdir(parents=True)
    (site / "mine-0.1.dist-info/direct_url.json").write_text("{}")
    said = run(folder).output
    assert (folder / "requirements.lock").read_text() == "joblib==1.6.0\npandas==3.1.1\nscikit-learn==1.9.1\n"
    assert "requirements.lock  (what is installed in .venv)" in said
    assert checked(folder) == 1


def test_dependencies_of_a_pyproject_are_taken(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    (folder / "requirements.txt").unlink()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\ndependencies = ["scikit-learn==1.9.1", "pandas>=3"]\n'
    )
    said = run(folder).output
    assert (folder / "requirements.lock").read_text() == "scikit-learn==1.9.1\npandas>=3\n"
    assert "does not name joblib, which train.py imports" in said


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"x = (\n", "line 1 is no Python"),
        (b"x = 1\0\n", "is no Python"),
        (b"# " + b"x" * 2**20, "more than 1 MiB"),
        (b"(" * 100_000, "is no Python"),
        (b"x = " + b"-" * 50_000 + b"1", "is no Python"),
        (b"x = '\xff'\n", "is no Python"),
    ],
)
def test_a_script_that_is_no_python_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(data)
    with pytest.raises(RefusedError, match=why):
        run(tmp_path, "--script", str(script))
    assert content(tmp_path) == {"train.py": data}


def test_a_link_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(TRAIN)
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "train.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(RefusedError, match="it is a link"):
        run(folder, "--script", str(folder / "train.py"))
    assert "no training script was found" in run(folder).output


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    folder, elsewhere = team(tmp_path / "repo"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "environments").symlink_to(elsewhere)
    with pytest.raises(RefusedError, match="through a link"):
        run(folder)
    assert not list(elsewhere.iterdir())


def test_a_script_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    team(tmp_path / "other")
    with pytest.raises(RefusedError, match="lies outside"):
        run(tmp_path / "repo", "--script", str(tmp_path / "other/train.py"))


@pytest.mark.parametrize("name", ["-rf.py", "a\nb.py", "tr\x1b[31main.py"])
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TRAIN)
    with pytest.raises(RefusedError, match="no name that Headway takes"):
        run(tmp_path, "--script", str(tmp_path / name))
    assert "no training script was found" in run(tmp_path).output


@pytest.mark.parametrize(
    "label", ["yes", "1.10", "a: b", "{x}", "#no", "it's", 'say "hi"', "ünï", "- x", "null", "!tag", "*a", "&a", "a\\b"]
)
def test_whatever_a_script_names_is_read_back_as_it_was(tmp_path: Path, label: str) -> None:
    folder = team(tmp_path / "loans")
    (folder / "train.py").write_text(TRAIN.replace('"late"', repr(label)))
    run(folder)
    assert _label(folder) == label


def _label(folder: Path) -> str:
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files = {path: (folder / path).read_bytes() for path in paths if path.endswith(".yaml")}
    return load_wish(files, paths).models["loans"].value.spec.task.label


def test_the_script_is_never_run(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    (folder / "train.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{TRAIN}")
    (folder / "features.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    run(folder)
    assert not (tmp_path / "ran").exists()


def test_what_was_written_is_also_json(tmp_path: Path) -> None:
    said = run(team(tmp_path / "loans"), "-o", "json").output
    assert "model.yaml" in msgspec.json.decode(said, type=Written).wrote


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RefusedError, match="git is missing"):
        run(team(tmp_path / "loans"))


def test_the_record_begins_with_the_first_signer(tmp_path: Path) -> None:
    folder = team(tmp_path / "loans")
    run(folder)
    log = subprocess.run(
        ["git", "-C", str(folder), "log", "--format=%s", "headway"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert log.stdout.startswith("List the signers")
