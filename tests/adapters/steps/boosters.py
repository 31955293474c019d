"""The environment in which tests make models of XGBoost, LightGBM, CatBoost and MLflow, and how it is built.

    python -m tests.adapters.steps.boosters

A set-up reaches the package index, a test never does.
"""

from pathlib import Path

import click

from headway.app.settings import read_settings
from headway.app.wiring import training_environment

# xgboost-cpu is XGBoost without the libraries for GPUs, some hundred MB.
REQUIREMENTS = b"""\
catboost==1.2.10
joblib==1.6.0
lightgbm==4.7.0
mlflow-skinny==3.17.2
numpy==2.4.6
pandas==3.1.1
scikit-learn==1.9.1
scipy==1.17.1
skops==0.16.0
xgboost-cpu==3.2.0
"""


def interpreter() -> Path:
    """The interpreter of that environment."""
    return training_environment(
        read_settings(),
        REQUIREMENTS,
        tell=lambda: click.echo("Building the environment of boosted trees (once; a minute or two) ..."),
    )


if __name__ == "__main__":
    interpreter()
