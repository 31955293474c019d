"""The reviewed globals of XGBoost and LightGBM: their boosters are bytes that their own native code reads.

A booster is never called with arguments, for one of them is the path of a file to read.
"""

from collections.abc import Mapping

from headway.evidence.scan.use import Use, listed

__all__ = ["BOOSTING"]

_EMPTY = {
    "xgboost.core": "Booster",
    "xgboost.sklearn": ("XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor XGBModel XGBRFModel"),
    "lightgbm.basic": "Booster",
    "lightgbm.sklearn": "LGBMClassifier LGBMRegressor LGBMRanker LGBMModel",
}

BOOSTING: Mapping[str, Use] = dict(listed(Use.EMPTY, _EMPTY))
