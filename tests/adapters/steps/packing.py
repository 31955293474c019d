"""Packages models that a test has fitted, as a repository's or a bare one's, without training steps around."""

import io
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl

from headway.adapters.steps.package import Packaged, package
from headway.adapters.steps.subject import Bench, Subject

ROWS = 1200


def flights(rows: int = ROWS) -> pd.DataFrame:
    """Numbers with gaps, texts, and labels of every type."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "distance": rng.integers(80, 3000, rows),
            "temp": rng.normal(50, 20, rows).round(1),
            "carrier": rng.choice(["AA", "UA", "WN"], rows),
            "remark": rng.choice(["late crew", "fog at night", "on time", "late fog again"], rows),
        }
    )
    frame.loc[::9, "temp"] = np.nan
    score = frame.distance / 1000 + (frame.carrier == "UA") + rng.normal(0, 0.3, rows)
    minutes = frame.distance * 0.1 + frame.temp.fillna(0) + rng.normal(0, 2, rows)
    grade = pd.cut(score, [-9, 1, 2, 99], labels=["low", "middle", "high"]).astype(str)
    return frame.assign(late=(score > 1.5).astype(int), was_late=score > 1.5, grade=grade, minutes=minutes)


LABELS = ("late", "was_late", "grade", "minutes")
FRAME = flights()


def dumped(model: Any) -> bytes:
    """A model as joblib writes it."""
    sink = io.BytesIO()
    joblib.dump(model, sink)
    return sink.getvalue()


def subject(model: bytes, label: str, *columns: str, entry: str = "model.joblib", **more: Any) -> Subject:
    """A model of these columns; three quarters of the rows are its reference, the last tests."""
    frame = pl.from_pandas(FRAME[[*columns, label]])
    split = ROWS * 3 // 4
    told = {"task": "regression" if label == "minutes" else "classification", "reference": frame[:split], **more}
    return Subject(name="delay", label=label, entry=entry, model={entry: model}, tested=frame[split:], **told)


def bench(place: Path, python: Path | None = None, converters: Path | None = None) -> Bench:
    """Here, or in another interpreter; converters are at hand here, so no folder of them is needed."""
    return Bench(
        python=python or Path(sys.executable), place=place, converters=converters or Path(sys.executable).parent
    )


def packed(place: Path, model: Any, label: str, *columns: str, **more: Any) -> Packaged:
    """The bundle of a fitted model."""
    return package(subject(dumped(model), label, *columns, **more), bench(place))
