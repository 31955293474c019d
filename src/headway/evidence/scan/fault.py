"""Why a file is not understood, and what to do: what every loader stumbles over, and what a loader goes on with."""

__all__ = ["ALLOW", "REWRITE", "ForbiddenError", "MalformedError"]

REWRITE = "Write the model again with the library that made it; a file that stays so was not written by that library"
ALLOW = "Write the model without it; or, if it is harmless with any arguments, list it under `scan.allow` of a Policy"


class MalformedError(Exception):
    """No loader gets further than this; the message says what and where."""


class ForbiddenError(Exception):
    """A loader would go on here, and that is not allowed or not foreseen; the message says what, `cure` what to do."""

    def __init__(self, what: str, cure: str = REWRITE) -> None:
        super().__init__(what)
        self.cure = cure
