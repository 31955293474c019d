"""What is guessed of a script: idioms that people write, and what must not be guessed."""

from pathlib import Path

import pytest

from headway.app.init.guess import Guesses, guess

HEADER = "id,date,distance,late\n1,2024-01-01,10,0\n2,2024-01-02,20,1\n"


def guessed(folder: Path, script: str, **files: str) -> Guesses:
    """Guesses of a script in a folder with a CSV file of flights."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/flights.csv").write_text(HEADER)
    for name, text in files.items():
        place = folder / name.replace("__slash__", "/").replace("__dot__", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (folder / "train.py").write_text(script)
    return guess(folder / "train.py", folder)


READS = {
    'pd.read_csv("data/flights.csv")': 1,
    'pd.read_csv(filepath_or_buffer="data/flights.csv", sep=",")': 1,
    'PATH = "data/flights.csv"\npd.read_csv(PATH)': 1,
    'ROOT = "data"\npd.read_csv(ROOT + "/flights.csv")': 2,
    'ROOT = "data"\npd.read_csv(f"{ROOT}/flights.csv")': 2,
    'import os\npd.read_csv(os.path.join("data", "flights.csv"))': 2,
    'pd.read_csv(Path("data") / "flights.csv")': 1,
    'DATA = Path("data")\nFILE = DATA / "flights.csv"\npd.read_csv(FILE)': 2,
    'pd.read_csv(Path("data").joinpath("flights.csv"))': 1,
    'pd.read_csv(Path("data", "flights.csv").resolve())': 1,
    'HERE = Path(__file__).parent\npd.read_csv(HERE / "data" / "flights.csv")': 2,
    'here = os.path.dirname(os.path.abspath(__file__))\npd.read_csv(os.path.join(here, "data/flights.csv"))': 2,
    'pd.read_csv(Path(__file__).resolve().parent / "data/flights.csv")': 1,
    'with open("data/flights.csv") as file:\n    rows = csv.reader(file)': 1,
    'with open("data/flights.csv", mode="r") as file:\n    frame = pd.read_csv(file)': 1,
    'with Path("data/flights.csv").open() as file:\n    frame = pd.read_csv(file)': 1,
    'def load(path="data/flights.csv"):\n    return pd.read_csv(path)': 1,
    'pd.read_csv(os.environ.get("DATA", "data/flights.csv"))': 1,
    'p = argparse.ArgumentParser()\np.add_argument("--data", default="data/flights.csv")\n'
    "args = p.parse_args()\npd.read_csv(args.data)": 2,
    '@click.option("--data", default="data/flights.csv")\ndef main(data):\n    pd.read_csv(data)': 1,
    'pl.scan_csv("./data/flights.csv")': 1,
}


@pytest.mark.parametrize("script", READS)
def test_the_rows_are_found(tmp_path: Path, script: str) -> None:
    found = guessed(tmp_path, script)
    assert [(each.value, each.line) for each in found.data] == [("data/flights.csv", READS[script])]


@pytest.mark.parametrize(
    ("script", "pattern"),
    [
        ('pd.concat([pd.read_csv(path) for path in sorted(glob("data/*.csv"))])', "data/*.csv"),
        ('frames = []\nfor path in Path("data").glob("*.csv"):\n    frames.append(pd.read_csv(path))', "data/*.csv"),
        ('for path in Path("data").rglob("*.csv"):\n    pd.read_csv(path)', "data/**/*.csv"),
        ('for year in years:\n    pd.read_csv(f"data/{year}.csv")', "data/*.csv"),
        ('for path in glob.glob(os.path.join("data", "*.csv")):\n    pd.read_csv(path)', "data/*.csv"),
    ],
)
def test_many_files_become_a_pattern(tmp_path: Path, script: str, pattern: str) -> None:
    assert [each.value for each in guessed(tmp_path, script).data] == [pattern]


@pytest.mark.parametrize(
    "script",
    [
        'joblib.dump(model, "out/m.joblib")',
        'joblib.dump(model, filename="out/m.joblib", compress=3)',
        'OUT = Path("out")\njoblib.dump(model, OUT / "m.joblib")',
        'joblib.dump(value=model, filename=os.path.join("out", "m.joblib"))',
        'with open("out/m.joblib", "wb") as file:\n    pickle.dump(model, file)',
        'pickle.dump(model, open("out/m.joblib", "wb"))',
        'with Path("out/m.joblib").open("wb") as file:\n    cloudpickle.dump(model, file)',
        'Path("out/m.joblib").write_bytes(pickle.dumps(model))',
        'booster.save_model("out/m.joblib")',
        'p.add_argument("--out", default="out/m.joblib")\njoblib.dump(model, args.out)',
    ],
)
def test_the_model_file_is_found(tmp_path: Path, script: str) -> None:
    assert guessed(tmp_path, script).writes.value == "out/m.joblib"


def test_notes_that_a_script_dumps_are_no_model(tmp_path: Path) -> None:
    found = guessed(tmp_path, 'json.dump(scores, open("scores.json", "w"))\njoblib.dump(m, "m.pkl")')
    assert found.writes.value == "m.pkl"


@pytest.mark.parametrize(
    "script",
    [
        'y = frame["late"]',
        "y = frame.late",
        "y = frame.late.values",
        'y = frame["late"].to_numpy().ravel()',
        'y = frame[["late"]]',
        'y = frame.loc[:, "late"]',
        'TARGET = "late"\ny = frame[TARGET]',
        'X, y = frame.drop(columns=["late"]), frame["late"]',
        'X = frame.drop("late", axis=1)',
        'model.fit(frame[NAMES], frame["late"])',
        "model.fit(X=frame[NAMES], y=frame.late)",
        'train_test_split(frame[NAMES], frame["late"], test_size=0.2)',
        'y = frame.pop("late")',
        'frame = pd.read_csv("data/flights.csv")\nlabels = frame.pop("late")',
        'target = "late"\nmodel.fit(frame.drop(columns=target), frame[target])',
        'LABEL_COL = "late"',
        'args.add_argument("--target", default="late")\ny = frame[args.target]',
    ],
)
def test_the_label_is_found(tmp_path: Path, script: str) -> None:
    found = guessed(tmp_path, f'frame = pd.read_csv("data/flights.csv")\n{script}')
    assert found.label.value == "late"
    assert found.label.line > 0


def test_a_label_that_the_script_computes_is_pointed_out(tmp_path: Path) -> None:
    found = guessed(tmp_path, 'pd.read_csv("data/flights.csv")\ny = (frame["distance"] > 15).astype(int)')
    assert found.label.value == "distance"
    assert any("computes the label" in note for note in found.notes)


def test_a_label_that_the_data_lack_is_pointed_out(tmp_path: Path) -> None:
    found = guessed(tmp_path, 'pd.read_csv("data/flights.csv")\ny = frame["delayed"]')
    assert any("delayed is no column of the data" in note for note in found.notes)


@pytest.mark.parametrize(
    ("script", "task"),
    [
        ("RandomForestClassifier()", "classification"),
        ("xgb.XGBRegressor()", "regression"),
        ("make_pipeline(StandardScaler(), Ridge())", "regression"),
        ("roc_auc_score(y, p)", "classification"),
        ("mean_squared_error(y, p)", "regression"),
        ('pd.read_csv("data/flights.csv")\ny = frame["late"]', "classification"),
    ],
)
def test_the_task_is_found(tmp_path: Path, script: str, task: str) -> None:
    assert guessed(tmp_path, script).task.value == task


def test_own_modules_are_followed_through_packages(tmp_path: Path) -> None:
    found = guessed(
        tmp_path,
        "import features\nfrom lib.clean import Clean\nimport numpy as np\nfrom lib import shapes\n",
        features__dot__py="import lib.deep.more\n",
        lib__slash____init____dot__py="",
        lib__slash__clean__dot__py="from . import tools\nfrom .tools import wash\n",
        lib__slash__tools__dot__py="",
        lib__slash__shapes__dot__py="",
        lib__slash__deep__slash____init____dot__py="",
        lib__slash__deep__slash__more__dot__py="from ..tools import wash\n",
    )
    assert set(found.modules) == {
        "features.py", "lib/__init__.py", "lib/clean.py", "lib/shapes.py", "lib/tools.py", "lib/deep/__init__.py",
        "lib/deep/more.py",
    }  # fmt: skip
    assert found.foreign == ("numpy",)


def test_options_with_a_plain_default_become_parameters(tmp_path: Path) -> None:
    found = guessed(
        tmp_path,
        """
p.add_argument("--max-depth", "-d", type=int, default=6)
p.add_argument("--rate", type=float, default=-0.5)
p.add_argument("--verbose", action="store_true")
p.add_argument("--names", nargs="+", default=[])
p.add_argument("--data", default="data/flights.csv")
p.add_argument("--seed", default=int(time()))
pd.read_csv(args.data)
""",
    )
    assert {option.flag: option.default for option in found.params} == {"--max-depth": 6, "--rate": -0.5}


def test_an_option_that_is_demanded_is_pointed_out(tmp_path: Path) -> None:
    found = guessed(tmp_path, 'p.add_argument("--region", required=True)\np.add_argument("year", type=int)')
    assert not found.params
    assert [note for note in found.notes if "demands" in note] == [
        "line 1 demands --region: add it to `run`",
        "line 2 demands year: add it to `run`",
    ]


def test_words_of_the_command_line_are_left_alone(tmp_path: Path) -> None:
    found = guessed(tmp_path, "import sys\ndepth = int(sys.argv[1])")
    assert "line 2 reads sys.argv: add what it wants to `run`" in found.notes


@pytest.mark.parametrize("path", ["../data/x.csv", "/data/x.csv", "~/x.csv", "s3://bucket/x.csv"])
def test_data_outside_of_the_folder_are_pointed_out(tmp_path: Path, path: str) -> None:
    found = guessed(tmp_path, f'pd.read_csv("{path}")')
    assert found.data[0].value == "data/*.csv"
    assert any(f"line 1 reads {path}" in note for note in found.notes)


def test_test_rows_that_a_script_reads_are_pointed_out(tmp_path: Path) -> None:
    found = guessed(tmp_path, 'pd.read_csv("data/train.csv")\npd.read_csv("data/test.csv")')
    assert [each.value for each in found.data] == ["data/train.csv", "data/test.csv"]
    assert any("no step sees test rows" in note for note in found.notes)


def test_further_tables_are_declared_as_files(tmp_path: Path) -> None:
    found = guessed(
        tmp_path,
        'pd.read_csv("data/flights.csv")\npd.read_csv("airports.csv")',
        airports__dot__csv="code,city\nJFK,New York\n",
    )
    assert found.others == ("airports.csv",)


def test_a_step_starts_where_the_paths_lead_to_files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/fit.py").write_text('import features\npd.read_csv("data/flights.csv")')
    (tmp_path / "src/features.py").write_text("")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/flights.csv").write_text(HEADER)
    found = guess(tmp_path / "src/fit.py", tmp_path)
    assert found.home == tmp_path
    assert found.script == "src/fit.py"
    assert found.modules == ("src/features.py",)


def test_a_loop_of_names_ends(tmp_path: Path) -> None:
    assert guessed(tmp_path, "a = b\nb = a\npd.read_csv(a)").data[0].line == 0


def test_a_pattern_that_would_search_for_ever_is_not_searched(tmp_path: Path) -> None:
    assert guessed(tmp_path, 'glob("**/**/**/**/*.csv")\npd.read_csv("**/**/**/*.csv")').data[0].line == 0


def test_a_column_of_times_is_proposed_for_the_split(tmp_path: Path) -> None:
    assert guessed(tmp_path, 'pd.read_csv("data/flights.csv")').time == "date"
