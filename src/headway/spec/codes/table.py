"""Code -> what is said of it.  A test compares the codes here with those that the source raises."""

from collections.abc import Mapping

from headway.spec.codes.code import Code
from headway.spec.codes.files import FILES
from headway.spec.codes.model import MODEL
from headway.spec.codes.project import PROJECT

__all__ = ["CODES"]

CODES: Mapping[str, Code] = {**FILES, **PROJECT, **MODEL}
