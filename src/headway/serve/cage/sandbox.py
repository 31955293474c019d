"""What the server itself gives up before it loads anything: files but the bundles, the network but its own sockets."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from headway.serve.cage.capabilities import drop
from headway.serve.cage.landlock import confine, landlock_abi
from headway.serve.cage.seccomp import install
from headway.serve.cage.system import DEVICES, SYSTEM
from headway.serve.fault import RefusedError
from headway.serve.models.library import Library
from headway.serve.options import Options

__all__ = ["Seal", "enter"]

Seal = Callable[[], str]


def enter(options: Options, library: Library) -> Seal:
    """Confine this process and all that it starts, before it has threads.

    Only a port for gRPC may still be opened, where one is asked for, until what is returned is called: before anything
    of a bundle is loaded.  It says in words what was given up.  RefusedError where the kernel has no Landlock or
    seccomp and `options.sandbox` is "strict".
    """
    if "://" in options.records.to:
        raise RefusedError("--sandbox leaves no network to send records through; write them to a file")
    entries = library.entries()
    # A model that ONNX cannot hold runs in a process of its own, which is started again when it dies.
    execute = library.open or any(entry.runtime == "python" for entry in entries)
    abi = landlock_abi()
    if not abi and options.sandbox == "strict":
        raise RefusedError("this kernel has no Landlock, which --sandbox needs; --sandbox best does without")
    drop()
    if abi:
        readable = [*map(str, _readable(options, library)), *SYSTEM, "/dev/null"]
        writable = [*(str(path) for path in _writable(options)), *(DEVICES if execute else ())]
        confine(abi, "none", readable, writable, port=options.grpc_port)
    filtered = install(execute=execute, listen=options.grpc_port is not None)
    if not filtered and options.sandbox == "strict":
        raise RefusedError("this kernel has no seccomp filters, which --sandbox needs; --sandbox best does without")
    given_up = [*([f"landlock {abi}"] if abi else []), *(["seccomp"] if filtered else [])]

    def seal() -> str:
        if options.grpc_port is not None:
            install(execute=execute)  # on top of the first: a filter is never taken away
        return ", ".join(given_up) or "none: this kernel has neither Landlock nor seccomp"

    return seal


def _readable(options: Options, library: Library) -> Iterator[Path]:
    yield from library.folders()
    yield from filter(None, (options.release, options.keys, options.records.key))
    for python in (Path(sys.executable), Path(options.python)):
        yield from (python.parent.parent, python.resolve().parent.parent)
    yield from (Path(path) for path in sys.path if path)


def _writable(options: Options) -> Iterator[Path]:
    if options.ready_file:
        yield options.ready_file.parent
    if options.records.to:
        yield Path(options.records.to).absolute().parent
