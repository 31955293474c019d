"""`headway predict`: a file of rows gets what the server answers for them."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.serve.bundles import flights, pipeline

from headway.app.cli.predict import command
from headway.app.errors import RefusedError

ROWS = flights()[["distance", "temp", "carrier"]].head(20)


def run(bundle: Path, rows: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(bundle), str(rows), *options])


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    ROWS.assign(note="x").to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def test_both_runtimes_predict_a_file_as_scikit_learn_does(classifier: Path, unconverted: Path, rows: Path) -> None:
    truth = pipeline().predict_proba(ROWS)
    for bundle in (classifier, unconverted):
        done = run(bundle, rows)
        assert done.exit_code == 0, done.output
        found = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [int(row["label"]) for row in found] == truth.argmax(axis=1).tolist()
        assert [float(row["probability_1"]) for row in found] == pytest.approx(truth[:, 1], abs=1e-5)
        assert "not taken by the model: note" in done.stderr


def test_predictions_go_to_a_file_when_one_is_named(classifier: Path, rows: Path, tmp_path: Path) -> None:
    assert run(classifier, rows, "--to", str(tmp_path / "out.csv")).exit_code == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == len(ROWS) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("distance,temp,carrier\n1,2,AA\nfar,2,AA\n", "line 3: column 'distance': the string 'far'"),
        ("temp,carrier\n2,AA\n", "no column 'distance'"),
        ("", "is empty"),
        ('distance,temp,carrier\n"1,2,AA\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_cannot_be_predicted_is_refused_with_the_place(
    classifier: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "rows.csv").write_text(text)
    done = run(classifier, tmp_path / "rows.csv")
    assert isinstance(done.exception, RefusedError)
    assert said in str(done.exception)
