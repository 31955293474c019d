"""The one thing that the server asks of a model: answers for a batch."""

from collections.abc import Callable
from typing import Protocol

from headway.serve.batching.answers import Answers
from headway.serve.batching.rows import Batch
from headway.serve.fault import Fault

__all__ = ["Done", "Runtime"]

Done = Callable[[Answers | Fault], None]


class Runtime(Protocol):
    """A loaded model.  `largest` is the largest magnitude it can hold, `platform` its name in the metadata."""

    largest: float
    platform: str

    @property
    def up(self) -> bool:
        """Can it answer at all, now or when the batch under way is done?"""

    @property
    def free(self) -> bool:
        """Does it take a batch now?"""

    async def start(self) -> None:
        """Load; RefusedError when the model does not load."""

    def run(self, batch: Batch, done: Done) -> None:
        """Answer a batch: `done` is called once, at once or later.  Asked only while free."""

    async def stop(self) -> None:
        """End it."""
