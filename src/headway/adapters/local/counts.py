"""Envoy's counters as our arms: what each version was asked first, and how that went.

An arm's cluster is charged with the final answer of every request that picked it first, also when a retry took the
request elsewhere (a test with a killed candidate proves it).  A first attempt that failed and was rescued shows as a
retry's success, and is an error of the arm.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from headway.evidence.window import Arm
from headway.render.traffic.envoy_server import COUNTED, EDGES_MS, TOP_MS

__all__ = ["MERGE", "arms", "question"]

# Answers nothing, and makes the next answer fresh.
MERGE = "/stats?filter=%5E%24"


def question(clusters: Iterable[str]) -> str:
    """The admin target that answers for these clusters."""
    names = "|".join(re.escape(name) for name in clusters)
    pattern = rf"^cluster\.({names})\.upstream_rq_({'|'.join(COUNTED)})$"
    return f"/stats?format=json&histogram_buckets=cumulative&filter={quote(pattern, safe='')}"


def arms(body: bytes, clusters: Iterable[str]) -> dict[str, Arm]:
    """Cumulative counts by cluster; ValueError when this is no answer of Envoy's."""
    try:
        stats = msgspec.json.decode(body)["stats"]
        counters = {row["name"]: row["value"] for row in stats if "name" in row}
        timings = {row["name"]: row["buckets"] for part in stats for row in part.get("histograms", ())}
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"Envoy's counts cannot be read: {error!r}") from error
    return {name: _arm(name, counters, timings) for name in clusters}


def _arm(name: str, counters: dict[str, int], timings: dict[str, list[dict[str, Any]]]) -> Arm:
    def count(what: str) -> int:
        return counters.get(f"cluster.{name}.upstream_rq_{what}", 0)

    starts = count("completed")
    begun = starts + count("active") + count("pending_active")
    unanswered = starts - count("2xx") - count("3xx")
    # A rescued request whose second answer was no 2xx either is in both terms; never count more errors than starts.
    errors = min(starts, unanswered + count("retry_success"))
    below = {row["upper_bound"]: row["cumulative"] for row in timings.get(f"cluster.{name}.upstream_rq_time", ())}
    answered = below.get(TOP_MS, 0)
    # What timed out was never timed by Envoy, and is slower than every edge.
    slower = tuple(answered - below.get(edge, 0) + count("timeout") for edge in EDGES_MS)
    return Arm(starts=starts, begun=begun, errors=errors, slower=slower)
