"""Why a request gets no prediction: a status and a sentence for the one who asked."""

__all__ = ["Fault", "RefusedError"]


class Fault(Exception):  # noqa: N818 - an answer to a request, not a failure of the server
    """Raised or handed back instead of an answer.

    `retry_s` is sent as Retry-After; `shared` means that the model failed on a whole batch, so that each of its
    requests must be tried alone before it is blamed.
    """

    def __init__(self, status: int, message: str, *, retry_s: int = 0, shared: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_s = retry_s
        self.shared = shared


class RefusedError(Exception):
    """The server must not start; the message is one sentence for whoever started it."""
