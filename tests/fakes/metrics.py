"""A monitoring system in memory: a test says what each counter has shown."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache

from headway.reconcile.ports import PortError
from headway.stats.counters import Sample

__all__ = ["FakeMetrics"]

SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?")
MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|=)\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)')


class FakeMetrics:
    """Implements `ports.Metrics`; `told` holds the samples of series, such as `orders_total{pod="a"}`."""

    def __init__(self) -> None:
        self.told: dict[str, list[Sample]] = {}
        self.fault: PortError | None = None

    def add(self, series: str, at: float, value: float) -> None:
        """One scrape of a series."""
        self.told.setdefault(series, []).append(Sample(at=at, value=value))

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
        asked, found = _read(selector), {}
        for series, samples in self.told.items():
            labels = {label: text for label, (_, text) in _read(series).items()}
            within = [one for one in samples if at - over_s < one.at <= at]
            if within and all(_matches(labels.get(label, ""), *wanted) for label, wanted in asked.items()):
                found[json.dumps(sorted(labels.items()), separators=(",", ":"))] = within
        return found


def _matches(value: str, by: str, text: str) -> bool:
    return value == text if by == "=" else re.fullmatch(text, value) is not None


@cache
def _read(selector: str) -> Mapping[str, tuple[str, str]]:
    """What each label is compared with, and how."""
    whole = SELECTOR.fullmatch(selector)
    rest = whole[2] or "" if whole else "{"
    found = {"__name__": ("=", whole[1] if whole else "")}
    while rest:
        one = MATCHER.match(rest)
        if one is None:
            raise PortError(f"this is no selector: {selector}")
        found[one[1]] = (one[2], json.loads(one[3]))
        rest = rest[one.end() :]
    return found
