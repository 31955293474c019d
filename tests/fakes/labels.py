"""Labels in memory: a test says what was predicted, and what came of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

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
        if self.fault:
            raise self.fault
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.rows.values():
            if since <= row.at <= now - within_s:
                known = row.label is not None and row.labelled <= row.at + within_s
                wrong = known and row.answer != row.label
                counts[row.version]["wrong" if wrong else "right" if known else "unlabelled"] += 1
        return {
            version: Outcomes(of=seen.total(), labelled=seen["wrong"] + seen["right"], wrong=seen["wrong"])
            for version, seen in counts.items()
        }
