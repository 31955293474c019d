"""Predict late arrivals from the timetable and the weather at the origin."""

from glob import glob

import joblib
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

NUMBERS = ["distance", "minute", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
NAMES = ["carrier", "origin", "dest"]

flights = pd.concat([pd.read_csv(path) for path in sorted(glob("data/train/*.csv"))])
model = make_pipeline(
    make_column_transformer(
        (SimpleImputer(), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=200, sparse_output=False), NAMES),
    ),
    HistGradientBoostingClassifier(max_iter=60, random_state=0),
)
model.fit(flights.drop(columns=["date", "flight", "late"]), flights["late"])
joblib.dump(model, "model.joblib")
