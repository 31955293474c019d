"""The reviewed globals of XGBoost, LightGBM and CatBoost: their boosters are bytes that their own native code reads.

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
    # Its state is parameters of a training to come, and the model as bytes.
    "catboost.core": "CatBoostClassifier CatBoostRegressor",
}

BOOSTING: Mapping[str, Use] = dict(listed(Use.EMPTY, _EMPTY))
