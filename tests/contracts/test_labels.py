"""What every Labels does: the fake, and the join of the records that servers write on this machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest
from tests.adapters.local.recorded import labelled, predicted
from tests.fakes.labels import FakeLabels

from headway.adapters.local.outcomes import GRACE_S, RecordedOutcomes
from headway.adapters.local.records import records_file
from headway.evidence.outcome import Outcomes
from headway.reconcile.ports import Labels
from headway.serve.records.sink import FileSink

START, WITHIN = 1_800_000_000.0, 600.0
LATER = START + WITHIN + GRACE_S + 100.0


class Served(Protocol):
    """Who serves and is told of labels, and the port that counts."""

    port: Labels

    def predicted(self, identity: str, version: str, answers: Sequence[object], *, at: float) -> None:
        """A version answered."""

    def labelled(self, identity: str, label: object, *, row: int = 0, at: float) -> None:
        """A label came."""


class Remembered(FakeLabels):
    """In memory."""

    @property
    def port(self) -> Labels:
        """As above."""
        return self


class Recorded:
    """By records in a run folder."""

    def __init__(self, root: Path) -> None:
        self.port: Labels = RecordedOutcomes(root)
        self.sink = FileSink(records_file(root, "delay", "production"))

    def predicted(self, identity: str, version: str, answers: Sequence[object], *, at: float) -> None:
        """As above."""
        self.sink.write([predicted(identity, version, answers, at=at)])

    def labelled(self, identity: str, label: object, *, row: int = 0, at: float) -> None:
        """As above."""
        self.sink.write([labelled(identity, label, row=row, at=at)])


@pytest.fixture(params=["memory", "records"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Served:
    return Remembered() if request.param == "memory" else Recorded(tmp_path)


def read(served: Served, now: float = LATER, *, since: float = START) -> Mapping[str, Outcomes]:
    return dict(served.port.outcomes("delay", "production", since=since, within_s=WITHIN, now=now))


def test_where_nothing_was_predicted_nothing_is_counted(served: Served) -> None:
    assert read(served) == {}


def test_rows_are_counted_by_version_right_or_wrong_or_without_a_label(served: Served) -> None:
    served.predicted("a", "1", [1, 0, 1], at=START + 1.0)
    served.predicted("b", "2", ["yes"], at=START + 2.0)
    served.labelled("a", 1, at=START + 3.0)
    served.labelled("a", 1, row=1, at=START + 4.0)
    served.labelled("b", "yes", at=START + 5.0)
    served.labelled("never predicted", 1, at=START + 6.0)
    assert read(served) == {"1": Outcomes(of=3, labelled=2, wrong=1), "2": Outcomes(of=1, labelled=1, wrong=0)}


def test_nothing_counts_before_its_time_is_over(served: Served) -> None:
    served.predicted("a", "1", [1], at=START + 1.0)
    served.labelled("a", 0, at=START + 2.0)
    assert read(served, START + WITHIN) == {}
    assert read(served) == {"1": Outcomes(of=1, labelled=1, wrong=1)}


def test_a_label_that_comes_too_late_is_none(served: Served) -> None:
    served.predicted("a", "1", [1], at=START + 1.0)
    served.labelled("a", 0, at=START + 1.0 + WITHIN + 1.0)
    assert read(served) == {"1": Outcomes(of=1)}


def test_what_was_predicted_before_is_not_counted(served: Served) -> None:
    served.predicted("old", "1", [1], at=START - 1.0)
    served.predicted("new", "1", [1], at=START)
    served.labelled("old", 0, at=START)
    assert read(served) == {"1": Outcomes(of=1)}


def test_the_first_answer_and_the_first_label_stand(served: Served) -> None:
    served.predicted("a", "1", ["no"], at=START + 1.0)
    served.predicted("a", "2", ["yes"], at=START + 2.0)
    served.labelled("a", "yes", at=START + 3.0)
    served.labelled("a", "no", at=START + 4.0)
    assert read(served) == {"1": Outcomes(of=1, labelled=1, wrong=1)}


def test_who_asks_again_is_told_the_same(served: Served) -> None:
    served.predicted("a", "1", [1], at=START + 1.0)
    assert read(served) == read(served)


def by_minute(served: Served, now: float) -> list[Outcomes]:
    return list(served.port.minutes("delay", "production", "1", within_s=WITHIN, now=now, minutes=3))


def test_a_versions_minutes_are_told_in_the_order_of_time(served: Served) -> None:
    over = START + 180.0  # the end of the third minute
    for at, answers in ((10.0, [1, 0]), (130.0, [1]), (140.0, [0])):
        served.predicted(f"mine {at}", "1", answers, at=START + at)
        served.predicted(f"other {at}", "2", answers, at=START + at)
        served.labelled(f"mine {at}", 0, at=START + at + 1.0)
    served.predicted("before", "1", [1], at=START - 1.0)
    served.predicted("young", "1", [1], at=over + GRACE_S + 1.0)
    kept = GRACE_S if not isinstance(served, FakeLabels) else 0.0
    assert by_minute(served, over + WITHIN + kept) == [
        Outcomes(of=2, labelled=1, wrong=1),
        Outcomes(),
        Outcomes(of=2, labelled=2, wrong=1),
    ]
    assert by_minute(served, over + WITHIN + kept + 120.0)[0] == Outcomes(of=2, labelled=2, wrong=1)
    assert by_minute(served, over + WITHIN + kept + 3600.0) == []


def test_what_was_before_is_told_though_less_was_asked_for_meanwhile(served: Served) -> None:
    served.predicted("old", "1", [1], at=START - 60.0)
    served.predicted("new", "1", [1], at=START + 1.0)
    assert read(served) == {"1": Outcomes(of=1)}
    assert read(served, since=START - 100.0) == {"1": Outcomes(of=2)}
    assert read(served) == {"1": Outcomes(of=1)}
