"""The report of a fault of ours: a file to attach, without secrets."""

import platform
import sys
import tempfile
import traceback
from pathlib import Path

from headway import __version__

__all__ = ["write_report"]


def write_report() -> str:
    """Write the traceback now being handled to a file; the sentence to show."""
    trace = traceback.format_exc()
    text = f"headway {__version__}, Python {sys.version.split()[0]}, {platform.platform()}\n\n{trace}"
    with tempfile.NamedTemporaryFile("w", prefix="headway-report-", suffix=".txt", delete=False) as file:
        file.write(text)
    last = trace.strip().splitlines()[-1]
    return f"headway: this is a fault of Headway, not of yours: {last}\nPlease attach {Path(file.name)} to a report."
