"""Labels in memory: a test says how predictions ended."""

from collections.abc import Mapping

from headway.evidence.outcome import Outcomes
from headway.reconcile.ports import PortError

__all__ = ["FakeLabels"]


class FakeLabels:
    """Implements `ports.Labels`; `asked` are the times of a label that were asked for."""

    def __init__(self) -> None:
        self.told: dict[str, Outcomes] = {}
        self.fault: PortError | None = None
        self.asked: list[float] = []

    def outcomes(
        self,
        model: str,  # noqa: ARG002 - there is one
        environment: str,  # noqa: ARG002
        *,
        since: float,  # noqa: ARG002
        within_s: float,
        now: float,  # noqa: ARG002
    ) -> Mapping[str, Outcomes]:
        """As the port says, with what the test said."""
        self.asked.append(within_s)
        if self.fault:
            raise self.fault
        return dict(self.told)
