"""How a server tells whoever started it that it is ready: a line in the log, and a file in one piece."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from headway.serve.options import Options

__all__ = ["ready", "say"]


def ready(options: Options, said: Mapping[str, object]) -> None:
    """Tell it: `said` has the `line` of the log; the rest of it goes into the file."""
    say(str(said["line"]))
    if options.ready_file is None:
        return
    told = {"pid": os.getpid(), "nonce": options.nonce, **{key: said[key] for key in said if key != "line"}}
    handle, name = tempfile.mkstemp(dir=options.ready_file.parent, prefix=".ready-")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(told))
    Path(name).replace(options.ready_file)


def say(line: str) -> None:
    """A line in the log."""
    sys.stderr.write(f"headway serve: {line}\n")
    sys.stderr.flush()
