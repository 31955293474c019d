"""Records and labels as servers write them, joined and counted; no label counts that came too late."""

from pathlib import Path

import pytest
from tests.adapters.local import recorded

from headway.adapters.local.outcomes import GRACE_S, RecordedOutcomes
from headway.adapters.local.records import records_file
from headway.evidence.outcome import Outcomes
from headway.reconcile.ports import PortError
from headway.serve.records.sink import FileSink

START, WITHIN = 1_800_000_000.0, 600.0
LATER = START + WITHIN + GRACE_S + 100.0


def predicted(identity: str, version: str, answers: list[object], *, at: float = START + 1.0) -> bytes:
    return recorded.predicted(identity, version, answers, at=at)


def labelled(identity: str, label: object, *, row: int = 0, at: float = START + 2.0) -> bytes:
    return recorded.labelled(identity, label, row=row, at=at)


class Records:
    """A run folder whose records a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reader = RecordedOutcomes(root)
        self.file = records_file(root, "delay", "production")
        self.sink = FileSink(self.file)

    def read(self, now: float = LATER, *, since: float = START) -> dict[str, Outcomes]:
        """Counts by version at a time."""
        return dict(self.reader.outcomes("delay", "production", since=since, within_s=WITHIN, now=now))


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path)


def test_labels_find_their_rows_whichever_server_they_came_to(records: Records) -> None:
    records.sink.write([predicted("a", "1", [1, 0]), predicted("b", "2", [1])])
    records.sink.write([labelled("a", 1), labelled("a", 1, row=1), labelled("b", 1.0), labelled("never made", 1)])
    assert records.read() == {"1": Outcomes(of=2, labelled=2, wrong=1), "2": Outcomes(of=1, labelled=1, wrong=0)}


def test_nothing_counts_before_its_time_is_over_and_a_late_label_is_none(records: Records) -> None:
    records.sink.write([predicted("a", "1", [1]), predicted("b", "1", [1]), labelled("a", 1)])
    assert records.read(START + WITHIN) == {}
    records.sink.write([labelled("b", 0, at=START + 1.0 + WITHIN + 1.0)])
    assert records.read() == {"1": Outcomes(of=2, labelled=1, wrong=0)}


def test_what_was_predicted_before_the_rollout_is_not_counted(records: Records) -> None:
    records.sink.write([predicted("old", "1", [1], at=START - 5.0), labelled("old", 0), predicted("new", "1", [1])])
    assert records.read() == {"1": Outcomes(of=1)}


def test_the_first_label_stands_and_a_retry_is_charged_to_the_first_version(records: Records) -> None:
    records.sink.write([predicted("a", "1", ["no"]), predicted("a", "2", ["yes"])])
    records.sink.write([labelled("a", "yes"), labelled("a", "no", at=START + 3.0)])
    assert records.read() == {"1": Outcomes(of=1, labelled=1, wrong=1)}


def test_reading_goes_on_where_it_stopped_also_in_a_file_that_was_turned_away(records: Records) -> None:
    records.sink.write([predicted("a", "1", [1])])
    first = records.read()
    small = FileSink(records.file, most_bytes=records.file.stat().st_size + 10)
    small.write([labelled("a", 0)])
    assert records.file.with_name(f"{records.file.name}.1").exists()
    again = RecordedOutcomes(records.root)
    told = again.outcomes("delay", "production", since=START, within_s=WITHIN, now=LATER)
    assert (first["1"], told["1"]) == (Outcomes(of=1), Outcomes(of=1, labelled=1, wrong=1))
    assert dict(again.outcomes("delay", "production", since=START, within_s=WITHIN, now=LATER)) == dict(told)


def test_half_a_line_waits_for_its_end_and_rubbish_is_passed_over(records: Records) -> None:
    line = predicted("a", "1", [1])
    records.file.write_bytes(b"\xff{rubbish\n[1, 2]\n" + line[:40])
    assert records.read() == {}
    with records.file.open("ab") as file:
        file.write(line[40:] + b"\n")
    assert records.read() == {"1": Outcomes(of=1)}


def test_the_database_can_be_lost_and_one_that_is_none_is_told(records: Records) -> None:
    records.sink.write([predicted("a", "1", [1]), labelled("a", 1)])
    told = records.read()
    base = records.file.with_suffix(".db")
    base.unlink()
    assert records.read() == told
    base.write_bytes(b"no database at all" * 100)
    with pytest.raises(PortError, match="cannot be used"):
        records.read()


def test_ids_are_kept_as_hashes_and_nobody_else_may_read_them(records: Records) -> None:
    records.sink.write([predicted("customer-77-secret", "1", [1])])
    records.read()
    base = records.file.with_suffix(".db")
    assert b"customer-77-secret" not in base.read_bytes()
    assert base.stat().st_mode & 0o077 == 0
