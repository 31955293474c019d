"""Writes docs/reference/serving-performance.md: the tables of a run, with versions, settings and the machine."""

import json
from collections.abc import Mapping, Sequence

from bench.rows import Row, claims
from bench.serving.peers.table import PEERS, UNCONVERTED, Peer
from bench.serving.rounds import Entry

__all__ = ["page"]

HEAD = """\
# What a served prediction costs, beside other servers

Written by `python -m bench.serving`, which installs the other servers from the package index, each in an environment
of its own, checks that each answers as scikit-learn does, and asks all in turn in one run. The model is a random
forest of 100 trees, depth 8, over 20 features; a request is one row as JSON in the server's own protocol, over
loopback and connections that are kept. Requests as fast as the answers come are those of `wrk`, which costs the least
of generators; it has the same cores all the same, so **read ratios**; absolute numbers are those of this machine:

"""
ONNX = """\
Medians of the rounds. The same call of ONNX Runtime on one thread is under every server, except under MLflow's, which
has its own flavour. CPU is that of a server's processes; memory is proportional (PSS), under load; ready is the time
from the start of the process to the first answer (MLflow saves the model first)."""


def page(
    machine: str,
    rows: Sequence[Row],
    converted: Mapping[str, Entry],
    unconverted: Mapping[str, Entry],
    versions: Mapping[str, Mapping[str, str] | str],
) -> str:
    """The whole page."""
    parts = [
        HEAD + machine,
        "## What is promised",
        claims(rows),
        "## The forest as ONNX",
        ONNX,
        _entries(converted),
        "## The forest as scikit-learn leaves it",
        _entries(unconverted),
        "## Versions and settings",
        "What is not named is as the server comes.",
        _settings([*PEERS, *UNCONVERTED], versions),
    ]
    return "\n\n".join(parts) + "\n"


def _entries(entries: Mapping[str, Entry]) -> str:
    counts = sorted({count for each in entries.values() for count in each.seen}, reverse=True)
    heads = [f"{count} client{'s' * (count > 1)}: requests/s | p50 / p95 / p99 ms | CPU µs" for count in counts]
    lines = [" | ".join(["| server", *heads, "PSS MB", "ready s |"]), "|---" * (3 + 3 * len(counts)) + "|"]
    for title, each in entries.items():
        if each.fault:
            lines.append(f"| {title} | not measured: {each.fault}" + " | " * (3 * len(counts) + 1) + " |")
            continue
        cells = [
            f"{seen.rate:,.0f} | {seen.p50_ms:.2f} / {seen.p95_ms:.2f} / {seen.p99_ms:.2f} | {seen.cpu_us:,.0f}"
            for seen in (each.seen[count] for count in counts)
        ]
        lines.append(" | ".join([f"| {title}", *cells, f"{each.pss_mb:.0f}", f"{each.ready_s:.1f} |"]))
    return "\n".join(lines)


def _settings(peers: Sequence[Peer], versions: Mapping[str, Mapping[str, str] | str]) -> str:
    lines = ["| server | settings | installed |", "|---|---|---|"]
    for peer in peers:
        told = versions.get(peer.program, "")
        installed = told if isinstance(told, str) else ", ".join(f"{name} {version}" for name, version in told.items())
        settings = f"`{json.dumps(peer.settings)}`" if peer.settings else "none"
        lines.append(f"| {peer.title} | {settings} | {installed} |")
    return "\n".join(lines)
