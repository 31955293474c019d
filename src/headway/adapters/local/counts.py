"""Envoy's counters as our arms: what each version was asked first, and how that went.

An arm's cluster is charged with the final answer of every request that picked it first, also when a retry took the
request elsewhere (a test with a killed candidate proves it).  A first attempt that failed and was rescued shows as a
retry's success, and is an error of the arm.  A request whose user gave up has no answer that Envoy would charge: it
shows as an attempt that ended and did not complete.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from headway.evidence.window import Arm
from headway.render.traffic.envoy.server import COUNTED, EDGES_MS, TOP

__all__ = ["MERGE", "arms", "question"]

# Answers nothing, and makes the next answer fresh.
MERGE = "/stats?filter=%5E%24"


def question(clusters: Iterable[str]) -> str:
    """The admin target that answers for these clusters."""
    names = "|".join(re.escape(name) for name in clusters)
    pattern = rf"^cluster\.({names})\.upstream_rq_({'|'.join(COUNTED)})$"
    return f"/stats?format=json&histogram_buckets=cumulative&filter={quote(pattern, safe='')}"


def arms(body: bytes, clusters: Mapping[str, str]) -> dict[str, Arm]:
    """Cumulative counts by cluster; ValueError when this is no answer of Envoy's.

    `clusters` says whose attempts are under way for each: that of the version's own processes.
    """
    try:
        stats = msgspec.json.decode(body)["stats"]
        counters = {row["name"]: row["value"] for row in stats if "name" in row}
        timings = {row["name"]: row["buckets"] for part in stats for row in part.get("histograms", ())}
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"Envoy's counts cannot be read: {error!r}") from error
    return {name: _arm(name, own, counters, timings) for name, own in clusters.items()}


def _arm(name: str, own: str, counters: dict[str, int], timings: dict[str, list[dict[str, Any]]]) -> Arm:
    def count(what: str, cluster: str = name) -> int:
        return counters.get(f"cluster.{cluster}.upstream_rq_{what}", 0)

    def below(what: str) -> dict[float, int]:
        return {row["upper_bound"]: row["cumulative"] for row in timings.get(f"cluster.{name}.upstream_rq_{what}", ())}

    completed = count("completed")
    # Attempts are older than the other counts, by what Envoy takes to merge them: so these are too few if anything.
    left = max(0, below("headers_count").get(TOP, 0) - count("retry") - completed)
    starts = completed + left
    begun = starts + count("active", own) + count("pending_active", own)
    unanswered = starts - count("2xx") - count("3xx")
    # A rescued request whose second answer was no 2xx either is in both terms; never count more errors than starts.
    errors = min(starts, unanswered + count("retry_success"))
    timed = below("time")
    answered = timed.get(TOP, 0)
    # What timed out was never timed by Envoy, nor what was left, and is slower than every edge.
    slower = tuple(answered - timed.get(edge, 0) + count("timeout") + left for edge in EDGES_MS)
    return Arm(starts=starts, begun=begun, errors=errors, slower=slower)
