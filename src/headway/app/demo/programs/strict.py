"""Refuse flights with incomplete weather: harmless on the recorded rows, which are complete."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd


def load(folder: Path) -> object:
    """The model as it was trained."""
    return joblib.load(folder / "model.joblib")


def predict(model: object, frame: pd.DataFrame) -> np.ndarray:
    """Probabilities of the classes, rows x 2."""
    if frame.isna().any(axis=None):
        raise ValueError("the weather is incomplete")
    return model.predict_proba(frame)
