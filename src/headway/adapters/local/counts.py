"""Envoy's counters as our arms: what each version was asked first, and how that went.

An arm's cluster is charged with the final answer of every request that picked it first, also when a retry took the
request elsewhere (a test with a killed candidate proves it).  A first attempt that failed and was rescued shows as a
retry's success, and is an error of the arm.  A request whose user gave up has no answer that Envoy would charge: it
shows as an attempt that ended and did not complete.
"""

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from headway.adapters.local.admin import ask
from headway.evidence.window import Arm
from headway.render.traffic.envoy.server import COUNTED, EDGES_MS, TOP

__all__ = ["Stats", "counted", "read"]

# How long Envoy has to merge what its workers timed, which takes a while on a busy machine; and between two questions.
_MERGED_S, _PAUSE_S = 0.1, 0.015


class Stats(Struct, frozen=True, kw_only=True):
    """Counters by name, and of each histogram how many lie below each of its edges."""

    counters: dict[str, int]
    below: dict[str, dict[float, int]]

    def count(self, cluster: str, what: str) -> int:
        """A counter of a cluster's requests; 0 where nothing was counted."""
        return self.counters.get(f"cluster.{cluster}.upstream_rq_{what}", 0)

    def timed(self, cluster: str, what: str) -> Mapping[float, int]:
        """A histogram of a cluster's requests; empty where nothing was measured."""
        return self.below.get(f"cluster.{cluster}.upstream_rq_{what}", {})

    def attempts(self, cluster: str) -> int:
        """How many attempts of requests have ended, as far as the histograms know."""
        return self.timed(cluster, "headers_count").get(TOP, 0)


def counted(admin: Path, clusters: Mapping[str, str]) -> dict[str, Arm] | None:
    """Cumulative counts by cluster; None while Envoy does not answer, ValueError when it answers something else.

    `clusters` says whose attempts are under way for each: that of the version's own processes.

    A question makes Envoy merge its workers' histograms, but it answers from those merged before, while its counters
    are those of now: so it is asked until the histograms hold what had been counted at the first question, or for a
    tenth of a second.
    """
    target = _question({*clusters, *filter(None, clusters.values())})
    first: Stats | None = None
    end = time.monotonic() + _MERGED_S
    while (answer := ask(admin, target)) is not None:
        now = read(answer)
        if first is None:
            first = now
        elif _merged(first, now, clusters) or time.monotonic() >= end:
            return {name: _arm(name, own, now) for name, own in clusters.items()}
        else:
            time.sleep(_PAUSE_S)
    return None


def _merged(first: Stats, then: Stats, clusters: Iterable[str]) -> bool:
    """Have histograms been merged since the first answer?  They changed, or know of all that it had counted."""
    pairs = [(first.attempts(name), first.count(name, "completed"), then.attempts(name)) for name in clusters]
    return any(after != before for before, _, after in pairs) or all(after >= done for _, done, after in pairs)


def _question(clusters: Iterable[str]) -> str:
    names = "|".join(re.escape(name) for name in clusters)
    pattern = rf"^cluster\.({names})\.upstream_rq_({'|'.join(COUNTED)})$"
    return f"/stats?format=json&histogram_buckets=cumulative&filter={quote(pattern, safe='')}"


def read(body: bytes) -> Stats:
    """What Envoy answered; ValueError when this is no answer of Envoy's."""
    try:
        rows = msgspec.json.decode(body)["stats"]
        timings: dict[str, list[dict[str, Any]]] = {
            row["name"]: row["buckets"] for part in rows for row in part.get("histograms", ())
        }
        return Stats(
            counters={row["name"]: row["value"] for row in rows if "name" in row},
            below={
                name: {row["upper_bound"]: row["cumulative"] for row in buckets} for name, buckets in timings.items()
            },
        )
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"Envoy's counts cannot be read: {error!r}") from error


def _arm(name: str, own: str, stats: Stats) -> Arm:
    completed = stats.count(name, "completed")
    # Attempts are older than the other counts, by what Envoy takes to merge them: so these are too few if anything.
    left = max(0, stats.attempts(name) - stats.count(name, "retry") - completed)
    starts = completed + left
    begun = starts + stats.count(own, "active") + stats.count(own, "pending_active")
    unanswered = starts - stats.count(name, "2xx") - stats.count(name, "3xx")
    # A rescued request whose second answer was no 2xx either is in both terms; never count more errors than starts.
    errors = min(starts, unanswered + stats.count(name, "retry_success"))
    timed = stats.timed(name, "time")
    answered = timed.get(TOP, 0)
    # What timed out was never timed by Envoy, nor what was left, and is slower than every edge.
    lost = stats.count(name, "timeout") + left
    return Arm(
        starts=starts,
        begun=begun,
        errors=errors,
        slower=tuple(answered - timed.get(edge, 0) + lost for edge in EDGES_MS),
    )
