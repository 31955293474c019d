"""A rollout that has begun and has seen nothing yet; the stable version is known not to fail."""

from headway.evidence.stage import Rollout
from headway.evidence.window import Past
from headway.spec.release import Served

__all__ = ["START"]

START = Rollout(
    model="delay",
    environment="production",
    candidate=Served(version="2.0.0", bundle="b"),
    over=Served(version="1.0.0", bundle="a"),
    started=0.0,
    deadline=7200.0,
    before=Past(starts=5000, errors=0),
)
