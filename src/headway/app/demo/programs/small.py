"""Predict late arrivals from the timetable alone; the weather is there, and not used yet."""

from glob import glob

import joblib
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["distance", "minute"]
NAMES = ["carrier", "origin"]

flights = pd.concat([pd.read_csv(path) for path in sorted(glob("data/train/*.csv"))])
model = make_pipeline(
    make_column_transformer((StandardScaler(), NUMBERS), (OneHotEncoder(handle_unknown="ignore"), NAMES)),
    LogisticRegression(max_iter=300),
)
model.fit(flights.drop(columns=["date", "flight", "late"]), flights["late"])
joblib.dump(model, "model.joblib")
