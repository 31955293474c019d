"""What was met in a file so far: its globals, and all that is refused, in sentences.  Bounded, for records keep it."""

from collections.abc import Callable, Collection

from headway.evidence.scan.fault import ALLOW, REWRITE, ForbiddenError
from headway.evidence.scan.shadow import Shadow

__all__ = ["MOST_NAME", "Report"]

# A global's name is not longer than this; no library has one of half the length.
MOST_NAME = 512
# More different globals than this are in no model: a pipeline of every estimator of scikit-learn has about 300.
MOST_GLOBALS = 2000
MOST_REFUSED = 100
MOST_OPCODES = 10_000_000


class Report:
    """Over all pickles of a file.

    `storage` judges persistent ids (torch has them); without it they end the reading.  `by_joblib`: its name does not
    promise a pickle, so that nobody hands it to `pickle.load`.
    """

    def __init__(self, allow: Collection[str] = (), storage: Callable[[Shadow], bool] | None = None) -> None:
        self.allow = allow
        self.storage = storage
        self.by_joblib = False
        self.globals: dict[str, None] = {}
        self.refused: dict[str, str] = {}
        self.opcodes = 0
        self.wrapped = False

    def refuse(self, what: str, cure: str = REWRITE) -> None:
        """Note a refusal once; after many, only that there are more."""
        if len(self.refused) < MOST_REFUSED:
            self.refused.setdefault(what, cure)
        else:
            self.refused.setdefault("there is more of the kind", cure)

    def refuse_global(self, full: str) -> None:
        """Note a global that nobody reviewed."""
        self.refuse(f"{full} is not on the reviewed list", ALLOW)

    def met(self, full: str) -> None:
        """Note a global; ForbiddenError when there are more than any model has."""
        self.globals[full] = None
        if len(self.globals) > MOST_GLOBALS:
            raise ForbiddenError(f"it names more than {MOST_GLOBALS} globals")

    def count(self, opcodes: int) -> None:
        """Add what a pickle held; ForbiddenError when it is more than can be looked at in bounded time."""
        self.opcodes += opcodes
        if self.opcodes > MOST_OPCODES:
            raise ForbiddenError(
                f"it holds more than {MOST_OPCODES:,} opcodes, too many to look at",
                "Keep large tables in numpy arrays, and write the model with joblib",
            )
