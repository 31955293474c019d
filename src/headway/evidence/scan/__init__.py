"""What stands in a model file, told without loading it.  Whatever is not understood and allowed is refused."""

from headway.evidence.scan.file import scan

__all__ = ["scan"]
