"""`headway predict MODEL@VERSION`: the version by the record, its bytes by the store, nothing in between."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository
from tests.app.test_proving import FILES
from tests.fakes.history import sound, train
from tests.serve.bundles import flights, onnx_classifier, pipeline, python_classifier

from headway.adapters.git.journal import GitJournal
from headway.adapters.store.folder import FolderStore
from headway.app.cli.predict import command
from headway.app.errors import RefusedError
from headway.reconcile.ports import Change
from headway.spec.release import Served

ROWS = flights()[["distance", "temp", "carrier"]].head(20)


class Place:
    """A repository whose record knows 2.0.0 (ONNX) and 2.1.0 (a process), with their bytes in its store."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo = repository.make(folder / "repo")
        main = repository.commit(self.repo, FILES)
        for name in ("config", "cache"):
            monkeypatch.setenv(f"HEADWAY_{name.upper()}", str(folder / name))
        for name, value in repository.ENVIRON.items():
            monkeypatch.setenv(name, value)
        self.store = FolderStore(self.repo / ".headway/store")
        for kind in ("onnx", "python"):
            (folder / kind).mkdir()
        self.bundles = {
            "2.0.0": self.store.put(onnx_classifier(folder / "onnx")),
            "2.1.0": self.store.put(python_classifier(folder / "python")),
        }
        branch = sound(main=main)
        for version, bundle in self.bundles.items():
            train(branch, Served(version=version, bundle=bundle))
        journal = GitJournal(self.repo, environ=repository.ENVIRON, now=lambda: 1.0)
        for commit in branch.commits:
            journal.append(Change(files=commit.files, subject="Write"))
        self.rows = folder / "rows.csv"
        ROWS.assign(note="x").to_csv(self.rows, index=False)

    def predict(self, version: str, *options: str, rows: Path | None = None) -> Result:
        """Run the command."""
        arguments = [version, str(rows or self.rows), "--repo", str(self.repo), *options]
        return CliRunner().invoke(command, arguments)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0"])
def test_a_version_of_the_record_predicts_as_scikit_learn_does(place: Place, version: str) -> None:
    done = place.predict(f"delay@{version}")
    assert done.exit_code == 0, done.exception
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    truth = pipeline().predict_proba(ROWS)[:, 1]
    assert [float(row["probability_1"]) for row in found] == pytest.approx(truth, abs=1e-5)
    assert "not taken by the model: note" in done.stderr


def test_parquet_in_and_out_says_the_same_as_csv(place: Place, tmp_path: Path) -> None:
    pl.from_pandas(ROWS.assign(temp=ROWS.temp.where(ROWS.index > 2))).write_parquet(tmp_path / "rows.parquet")
    ROWS.assign(temp=ROWS.temp.where(ROWS.index > 2)).to_csv(tmp_path / "same.csv", index=False)
    out = tmp_path / "out.parquet"
    assert place.predict("delay@2.0.0", "--to", str(out), rows=tmp_path / "rows.parquet").exit_code == 0
    told = place.predict("delay@2.0.0", rows=tmp_path / "same.csv").stdout
    assert pl.read_parquet(out).equals(pl.read_csv(io.StringIO(told)))


def test_a_version_that_nobody_recorded_is_refused_with_those_that_are(place: Place) -> None:
    done = place.predict("delay@9.9.9")
    assert isinstance(done.exception, RefusedError)
    assert "knows no delay@9.9.9" in str(done.exception)
    assert "1.1.0, 2.0.0, 2.1.0" in str(done.exception)


def test_a_changed_byte_in_the_store_is_no_version(place: Place) -> None:
    (folder,) = (place.repo / ".headway/store/folders").glob(f"*/{place.bundles['2.0.0']}")
    name = max(folder.parent.parent.parent.glob("files/*/*"), key=lambda path: path.stat().st_size)
    name.chmod(0o644)
    data = bytearray(name.read_bytes())
    data[len(data) // 2] ^= 1
    name.write_bytes(data)
    said = [str(place.predict(f"delay@{version}").exception) for version in place.bundles]
    assert any("does not hold the bytes that its name says" in text for text in said)


def test_bytes_that_are_gone_are_named(place: Place) -> None:
    done = place.predict("delay@1.0.0")
    assert isinstance(done.exception, RefusedError)
    assert f"{'1' * 64} is not in the store" in str(done.exception)


def test_a_file_that_is_no_parquet_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("no")
    done = place.predict("delay@2.0.0", rows=tmp_path / "rows.parquet")
    assert isinstance(done.exception, RefusedError)
    assert "cannot be read as Parquet" in str(done.exception)
