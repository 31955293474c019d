"""A monitoring system in memory: a test says what each counter has shown."""

from collections.abc import Mapping, Sequence

from headway.reconcile.ports import PortError
from headway.stats.counters import Sample

__all__ = ["FakeMetrics"]


class FakeMetrics:
    """Implements `ports.Metrics`; `told` holds series by selector."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, list[Sample]]] = {}
        self.fault: PortError | None = None

    def add(self, selector: str, at: float, value: float, series: str = "a") -> None:
        """One scrape of a series."""
        self.told.setdefault(selector, {}).setdefault(series, []).append(Sample(at=at, value=value))

    def samples(
        self,
        address: str,  # noqa: ARG002 - there is one
        selector: str,
        *,
        at: float,
        over_s: float,
    ) -> Mapping[str, Sequence[Sample]]:
        """As the port says, with what the test said."""
        if self.fault:
            raise self.fault
        return {
            name: [one for one in samples if at - over_s < one.at <= at]
            for name, samples in self.told.get(selector, {}).items()
        }
