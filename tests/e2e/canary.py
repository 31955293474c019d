"""A canary under way, and the world after it has come to its end."""

from collections import Counter

from tests.e2e.team import Team

from headway.evidence.stage import Rollout

__all__ = ["goes_on", "in_canary", "settled"]


def settled(team: Team, version: str) -> None:
    """This version alone answers, each process is one of those that shall run, and no decision was written twice."""
    team.await_version(version)
    team.until(lambda: len(team.processes("headway.serve")) == 2, "one process an environment serves")
    assert len(team.processes("headway.adapters.local.supervisor")) == 1
    assert len(team.processes("bootstrap-")) == 1  # Envoy
    assert not team.processes("launcher.py")
    assert f"version: {version}" in team.release()
    twice = {line: count for line, count in Counter(team.story()).items() if count > 1}
    assert twice == {}
    assert "Nothing to do." in team.headway("plan")
    assert "consistent" in team.headway("verify")


def in_canary(team: Team) -> Rollout:
    """Commit the second version and wait until two windows of its canary were judged; the rollout then."""
    team.better()
    seen: list[Rollout] = []

    def judged() -> bool:
        rollout = team.rollout()
        seen[:] = [rollout] if rollout else []
        return bool(rollout and len(rollout.windows) >= 2)

    team.until(judged, "two windows of the canary were judged", pause_s=0.05)
    return seen[0]


def goes_on(before: Rollout, after: Rollout) -> bool:
    """Is this the same test: begun then, with every window that was judged then?"""
    return after.started == before.started and after.windows[: len(before.windows)] == before.windows
