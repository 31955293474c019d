"""`python -m headway.serve BUNDLE…`: the model server's own command line, without the control plane's."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from headway.serve.fault import RefusedError
from headway.serve.options import BUSY_POLL_US, MOST_BUSY_POLL_US, MOST_WORKERS, Limits, Options, Records
from headway.serve.ready import say
from headway.serve.start import start

__all__ = ["main", "parser"]


def parser() -> argparse.ArgumentParser:
    """The options; their defaults are those of `Options`."""
    made = argparse.ArgumentParser(prog="headway serve", description="Serve bundles over HTTP.")
    made.add_argument("bundle", type=Path, nargs="*", help="a bundle's folder; several are served beside each other")
    made.add_argument("--models", type=Path, metavar="FOLDER", help="serve its bundles; load and unload on request")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0: any free one, told in the ready file (default)")
    made.add_argument("--grpc-port", type=int, help="serve the Open Inference Protocol over gRPC too; 0: any free port")
    made.add_argument("--ready-file", type=Path, help="written when ready: port, pid, nonce, digest")
    made.add_argument("--nonce", default="", help="repeated in the ready file")
    made.add_argument("--digest", default="", help="refuse the one bundle if its folder has another digest")
    made.add_argument("--environment", default="", help="the environment that the release statement must name")
    made.add_argument(
        "--require-release",
        type=Path,
        metavar="FILE",
        help="serve nothing without this statement; a folder: without DIGEST.json in it",
    )
    made.add_argument("--keys", type=Path, help="JSON: name to public key in hex, of those who may release")
    made.add_argument("--python", default=sys.executable, help="interpreter of a bundle whose runtime is python")
    made.add_argument("--workers", type=_between(1, MOST_WORKERS), default=1, help="processes that serve one port (1)")
    made.add_argument(
        "--busy-poll",
        type=_between(0, MOST_BUSY_POLL_US),
        default=BUSY_POLL_US,
        metavar="MICROSECONDS",
        help="look for the next request so long after an answer before sleeping, where one mostly comes: answers a "
        f"lone client sooner ({BUSY_POLL_US}; 0: never)",
    )
    made.add_argument("--drain", type=float, default=10.0, help="seconds to serve on after SIGTERM")
    made.add_argument("--quiet", type=float, help="leave sooner, after so many seconds without a client")
    made.add_argument("--records", default="", metavar="FILE|URL", help="record predictions as CloudEvents")
    made.add_argument("--records-sample", type=_share, default=1.0, help="which share of them: 0.01 or 1%% (all)")
    made.add_argument("--records-omit", action="append", default=[], metavar="COL", help="leave this column out")
    made.add_argument("--records-hash", action="append", default=[], metavar="COL", help="only a keyed hash of it")
    made.add_argument("--records-key", type=Path, metavar="FILE", help="the key of these hashes, 16 bytes or more")
    made.add_argument("--max-body", type=int, default=Limits().body_bytes, help="bytes of a request, at most")
    made.add_argument(
        "--sandbox",
        nargs="?",
        const="strict",
        default="off",
        choices=["best", "strict"],
        help="give up files but the bundles, and the network but its socket (Landlock, seccomp); best: what there is",
    )
    return made


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        count = int(text)
        if not least <= count <= most:
            raise argparse.ArgumentTypeError(f"{count} is not between {least} and {most}")
        return count

    return number


def _share(text: str) -> float:
    share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1 or 100%")
    return share


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the exit code is 0 after a drain and 1 when the bundle is refused."""
    asked = parser().parse_args(arguments)
    if not asked.bundle and asked.models is None:
        parser().error("say which: BUNDLE, or --models FOLDER")
    if asked.digest and (len(asked.bundle) != 1 or asked.models):
        parser().error("--digest names one bundle")
    options = Options(
        bundles=tuple(asked.bundle),
        models=asked.models,
        host=asked.host,
        port=asked.port,
        grpc_port=asked.grpc_port,
        ready_file=asked.ready_file,
        nonce=asked.nonce,
        digest=asked.digest,
        environment=asked.environment,
        release=asked.require_release,
        keys=asked.keys,
        python=asked.python,
        workers=asked.workers,
        busy_poll_s=asked.busy_poll / 1e6,
        records=Records(
            to=asked.records,
            sample=asked.records_sample,
            omit=tuple(asked.records_omit),
            hash=tuple(asked.records_hash),
            key=asked.records_key,
        ),
        drain_s=asked.drain,
        quiet_s=asked.quiet,
        sandbox=asked.sandbox,
        limits=Limits(body_bytes=asked.max_body),
    )
    try:
        start(options)
    except RefusedError as refusal:
        say(" ".join(str(refusal).split()))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
