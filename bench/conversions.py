"""What converts to ONNX, with which parity: packages real models of each library and writes the page of it.

    python -m bench.conversions

Needs the environment of `python -m tests.adapters.steps.boosters`.
"""

import subprocess
import tempfile
from pathlib import Path

from msgspec import structs
from tests.adapters.steps.boosters import REQUIREMENTS, interpreter
from tests.adapters.steps.packing import FRAME, bench, dumped, subject
from tests.adapters.steps.test_boosting import MIXED, NUMBERS, PROGRAM
from tests.adapters.steps.test_conversion import ALL, CONVERTING

from headway.adapters.steps.environments import CONVERTERS, Environments
from headway.adapters.steps.package import package
from headway.adapters.steps.subject import Subject
from headway.app.settings import read_settings
from headway.evidence.bundle import Manifest

PAGE = Path(__file__).parents[1] / "docs/reference/conversions.md"
BOOSTED = (
    ("xgb.joblib", "XGBClassifier of three classes", "grade", NUMBERS),
    ("xgb-pipeline.joblib", "XGBClassifier in a pipeline with texts", "late", MIXED),
    ("xgb.json", "a file of XGBoost, two classes", "late", NUMBERS),
    ("xgb.ubj", "a file of XGBoost, a booster's regression", "minutes", NUMBERS),
    ("xgb-two.joblib", "XGBRegressor of two numbers", "minutes", NUMBERS),
    ("lgb-pipeline.joblib", "LGBMClassifier in a pipeline with texts", "grade", MIXED),
    ("lgb.txt", "a file of LightGBM, two classes", "late", NUMBERS),
    ("cat.cbm", "a file of CatBoost, three classes", "grade", NUMBERS),
    ("cat.joblib", "CatBoostRegressor", "minutes", NUMBERS),
    ("hist.joblib", "HistGradientBoostingClassifier with texts by number", "was_late", MIXED),
)
HEAD = """# Conversions

What becomes ONNX when a model is packaged, measured by `python -m bench.conversions` on {rows} rows, a quarter of them
a test part. Whatever is not converted, or answers otherwise, is served by a process of its own, as it is; a team's own
model is compared in the same way each time that it is packaged
([why](../decisions/0216-rows-that-a-conversion-is-compared-on.md)).

| model | served by | rows that differ | largest difference | edge rows that differ |
|---|---|---|---|---|
"""
TAIL = """
Not converted, and served by a process: transformers of a team's own, `predict.py`, columns of categories that XGBoost,
LightGBM or CatBoost read as such, MLflow's `PythonModel`. A ready ONNX file is served as it is.

Converters: {converters}. Libraries: {libraries}.
"""


def row(what: str, made: Manifest) -> str:
    """A line of the table."""
    found = made.parity
    numbers = f"{made.reason} | |"
    if found:
        edges = f"{found.edge_mismatches} of {found.edge_rows}"
        numbers = f"{found.mismatches} of {found.rows} | {found.largest_difference:.1g} | {edges}"
    return f"| {what} | {'ONNX Runtime' if made.runtime == 'onnx' else 'a process'} | {numbers} |"


def main() -> None:
    """Package every model and write the page."""
    python, settings = interpreter(), read_settings()
    converters = Environments(settings.folders.cache, settings.environ).converters(python)

    def packed(what: str, found: Subject) -> str:
        with tempfile.TemporaryDirectory() as place:
            line = row(what, package(found, bench(Path(place), python, converters)).manifest)
        print(line, flush=True)
        return line

    with tempfile.TemporaryDirectory() as folder:
        FRAME.to_csv(Path(folder) / "rows.csv", index=False)
        subprocess.run([python, "-c", PROGRAM], cwd=folder, check=True, capture_output=True)
        lines = [
            packed(f"scikit-learn: {name}", subject(dumped(model.fit(FRAME[ALL], FRAME[label])), label, *ALL))
            for name, (model, label) in CONVERTING.items()
        ]
        lines += [
            packed(what, subject((Path(folder) / file).read_bytes(), label, *columns, entry=file))
            for file, what, label, columns in BOOSTED
        ]
        files = {path.name: path.read_bytes() for path in (Path(folder) / "flow").iterdir()}
        flow = structs.replace(subject(b"", "late", *NUMBERS, entry="MLmodel"), model=files)
        lines.append(packed("a folder of MLflow, flavour scikit-learn", flow))
    text = HEAD.format(rows=len(FRAME)) + "\n".join(lines) + "\n"
    libraries = ", ".join(REQUIREMENTS.decode().split())
    PAGE.write_text(text + TAIL.format(converters=", ".join(CONVERTERS), libraries=libraries))


if __name__ == "__main__":
    main()
