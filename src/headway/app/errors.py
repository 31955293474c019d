"""How a command ends when it cannot go on: one error, one exit code."""

__all__ = ["DONE", "INTERRUPTED", "OURS", "REFUSED", "USAGE", "RefusedError"]

DONE, REFUSED, USAGE, OURS, INTERRUPTED = 0, 1, 2, 3, 130


class RefusedError(Exception):
    """Refused or failed as foreseen (exit 1); the message says what, where, why and what to do."""
