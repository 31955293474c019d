"""What stands in a model file, told without loading it.  Whatever is not understood and allowed is refused."""

from headway.evidence.scan.file import Examined, Refusal, examine, scan

__all__ = ["Examined", "Refusal", "examine", "scan"]
