"""Why a request gets no prediction: a status and a sentence for the one who asked, a reason for those who count."""

import sys
import traceback
from collections.abc import Mapping

__all__ = ["REASONS", "Fault", "RefusedError", "reason_of", "unforeseen"]

# What a reject may be counted under, and what it means.  Metrics have a series for each.
REASONS: Mapping[str, str] = {
    "invalid": "the request cannot be understood, or a value does not fit its column",
    "unknown": "no such path or model",
    "unsupported": "a content type or encoding that is not spoken",
    "too_large": "a body or head beyond the limit; over gRPC also a message that its client gave up half sent",
    "slow": "the request did not come whole in time",
    "refused_by_model": "the model's own code would not take the rows",
    "queue_full": "too many rows were waiting",
    "waited_too_long": "its rows waited too long for the model",
    "unavailable": "the model was loading or its process was being restarted",
    "failed": "the model or the server failed on it",
}
_BY_STATUS: Mapping[int, str] = {
    404: "unknown",
    405: "unknown",
    408: "slow",
    413: "too_large",
    415: "unsupported",
    422: "refused_by_model",
    431: "too_large",
    503: "unavailable",
}


def reason_of(status: int) -> str:
    """What a reject with this status counts under, when nothing more is known of it.

    >>> reason_of(400), reason_of(413)
    ('invalid', 'too_large')
    """
    return _BY_STATUS.get(status, "invalid" if status < 500 else "failed")


class Fault(Exception):  # noqa: N818 - an answer to a request, not a failure of the server
    """Raised or handed back instead of an answer.  `said` is what is wrong, `row` with which, counted from 0.

    `retry_s` is sent as Retry-After; `reason`, one of REASONS, follows from the status when it is not given; `shared`
    means that the model failed on a whole batch, so that each of its requests must be tried alone before it is blamed.
    """

    def __init__(
        self,
        status: int,
        said: str,
        *,
        row: int | None = None,
        retry_s: int = 0,
        reason: str = "",
        shared: bool = False,
    ) -> None:
        self.message = said if row is None else f"{said}, in row {row}"
        super().__init__(self.message)
        self.status = status
        self.said = said
        self.row = row
        self.retry_s = retry_s
        self.reason = reason or reason_of(status)
        self.shared = shared


class RefusedError(Exception):
    """The server must not start; the message is one sentence for whoever started it."""


def unforeseen() -> Fault:
    """At the outer border of a request: the exception that is being handled goes to the log, this to whoever asked."""
    traceback.print_exc(file=sys.stderr)
    return Fault(500, "the server failed on this request; its log says more")
