"""Why a request gets no prediction: a status and a sentence for the one who asked."""

__all__ = ["Fault", "RefusedError"]


class Fault(Exception):  # noqa: N818 - an answer to a request, not a failure of the server
    """Raised or handed back instead of an answer.  `said` is what is wrong, `row` with which, counted from 0.

    `retry_s` is sent as Retry-After; `shared` means that the model failed on a whole batch, so that each of its
    requests must be tried alone before it is blamed.
    """

    def __init__(
        self, status: int, said: str, *, row: int | None = None, retry_s: int = 0, shared: bool = False
    ) -> None:
        self.message = said if row is None else f"{said}, in row {row}"
        super().__init__(self.message)
        self.status = status
        self.said = said
        self.row = row
        self.retry_s = retry_s
        self.shared = shared


class RefusedError(Exception):
    """The server must not start; the message is one sentence for whoever started it."""
