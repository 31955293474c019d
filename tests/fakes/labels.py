"""Labels in memory: a test says what was predicted, and what came of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from headway.evidence.outcome import Outcomes
from headway.reconcile.ports import PortError

__all__ = ["FakeLabels"]


class _Row(Struct):
    version: str
    at: float
    answer: object
    label: object = None
    labelled: float = 0.0


class FakeLabels:
    """Implements `ports.Labels` for one model; `asked` are the times of a label that were asked for."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], _Row] = {}
        self.fault: PortError | None = None
        self.asked: list[float] = []

    def predicted(self, identity: str, version: str, answers: Sequence[object], *, at: float) -> None:
        """An answer of a version, a row or more of it."""
        for row, answer in enumerate(answers):
            self.rows.setdefault((identity, row), _Row(version=version, at=at, answer=answer))

    def labelled(self, identity: str, label: object, *, row: int = 0, at: float) -> None:
        """A label that came for a row."""
        found = self.rows.get((identity, row))
        if found and found.label is None:
            found.label, found.labelled = label, at

    def outcomes(
        self,
        model: str,  # noqa: ARG002 - there is one
        environment: str,  # noqa: ARG002
        *,
        since: float,
        within_s: float,
        now: float,
    ) -> Mapping[str, Outcomes]:
        """As the port says, with what the test said."""
        self.asked.append(within_s)
        rows = [row for row in self.rows.values() if since <= row.at <= now - within_s]
        return self._counted(lambda row: row.version, rows, within_s)

    def minutes(
        self,
        model: str,  # noqa: ARG002 - there is one
        environment: str,  # noqa: ARG002
        version: str,
        *,
        within_s: float,
        now: float,
        minutes: int,
    ) -> Sequence[Outcomes]:
        """As the port says."""
        until = now - within_s
        since = until - 60.0 * minutes
        rows = [row for row in self.rows.values() if since <= row.at <= until and row.version == version]
        counted = self._counted(lambda row: int((row.at - since) // 60.0), rows, within_s)
        return [counted.get(minute, Outcomes()) for minute in range(min(counted, default=minutes), minutes)]

    def _counted(self, group: Callable[[_Row], Any], rows: Sequence[_Row], within_s: float) -> dict[Any, Outcomes]:
        if self.fault:
            raise self.fault
        counts: dict[Any, Counter[str]] = defaultdict(Counter)
        for row in rows:
            known = row.label is not None and row.labelled <= row.at + within_s
            wrong = known and row.answer != row.label
            counts[group(row)]["wrong" if wrong else "right" if known else "unlabelled"] += 1
        return {
            name: Outcomes(of=seen.total(), labelled=seen["wrong"] + seen["right"], wrong=seen["wrong"])
            for name, seen in counts.items()
        }
