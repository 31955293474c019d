"""What is written of a value is read as that value: defaults above all, for people copy them."""

import msgspec
import pytest
from msgspec import Struct
from tests.spec.test_explain import RECORDS

from headway.spec.convert import record_reader
from headway.spec.finding import Finding
from headway.spec.plain import plain
from headway.spec.shape import Record, fields_of
from headway.spec.yaml import read_nodes

WITH_DEFAULTS = [kind for kind in RECORDS if not any(field.required for field in fields_of(kind).values())]


def read(kind: type[Struct], data: bytes) -> tuple[object, list[Finding]]:
    nodes, findings = read_nodes("f.yaml", data)
    return record_reader(kind, kind.__name__)(nodes[0], findings), findings


@pytest.mark.parametrize("kind", WITH_DEFAULTS, ids=[kind.__name__ for kind in WITH_DEFAULTS])
def test_defaults_are_written_as_they_are_read(kind: type[Struct]) -> None:
    found, findings = read(kind, msgspec.json.encode(plain(kind(), Record(kind=kind))))
    assert not findings
    assert found == kind()


@pytest.mark.parametrize("kind", WITH_DEFAULTS, ids=[kind.__name__ for kind in WITH_DEFAULTS])
def test_an_empty_mapping_is_all_defaults(kind: type[Struct]) -> None:
    assert read(kind, b"{}") == (kind(), [])
