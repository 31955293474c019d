"""Is a global on the reviewed list, and how may it be used?  Joins the tables; holds no rule about arguments.

Every global is named in full: no module is allowed as a whole, for `sklearn`, `numpy` and `xgboost` all hold helpers
that import, read or evaluate what they are given.
"""

from collections.abc import Mapping

from headway.evidence.scan.reviewed_arrays import ARRAYS
from headway.evidence.scan.reviewed_boosting import BOOSTING
from headway.evidence.scan.reviewed_python import PYTHON
from headway.evidence.scan.reviewed_sklearn import SKLEARN
from headway.evidence.scan.reviewed_torch import TORCH
from headway.evidence.scan.use import Use

__all__ = ["REVIEWED", "use_of"]

REVIEWED: Mapping[str, Use] = {**PYTHON, **ARRAYS, **SKLEARN, **BOOSTING, **TORCH}


def use_of(module: str, name: str) -> Use | None:
    """How a global may be used; None when it is not on the list.  Dotted names never are: they lead elsewhere.

    >>> use_of("sklearn.linear_model._logistic", "LogisticRegression"), use_of("os", "system")
    (<Use.EMPTY: 2>, None)
    """
    return REVIEWED.get(f"{module}:{name}")
