"""The JSON Schemas say what the loader says, as far as a schema can tell."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from msgspec import Struct
from tests.spec.drawn import damaged, documents, records
from tests.spec.test_explain import RECORDS as ALL_RECORDS

from headway.app.demo.files import MODEL_YAML, PRODUCTION_YAML
from headway.spec.convert import record_reader
from headway.spec.explain import DOCUMENTED
from headway.spec.lock import Lock, LockSpec, PinnedFile
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.release import Release, ReleaseSpec, Served
from headway.spec.schema import schema
from headway.spec.yaml import Node, read_nodes

QUICK = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
# The records within the kinds; a kind itself says `kind:` too.
RECORDS = [kind for kind in ALL_RECORDS if kind not in DOCUMENTED.values()]
SCHEMAS = {name: Draft202012Validator(schema(name)) for name in DOCUMENTED}


def reads(name: str, data: bytes) -> bool:
    """Does the loader take a document as one of this kind?"""
    nodes, findings = read_nodes("f.yaml", data)
    assert not findings
    said = nodes[0].fields.get("kind") if nodes else None
    record_reader(DOCUMENTED[name], name, skip="kind")(nodes[0], findings)
    return not findings and said is not None and said[1].text == name


def as_json(node: Node) -> Any:
    """What an editor sees of a file."""
    if node.kind == "mapping":
        return {name: as_json(value) for name, (_, value) in node.fields.items()}
    return [as_json(item) for item in node.items] if node.kind == "list" else node.value


@pytest.mark.parametrize("name", list(DOCUMENTED))
def test_a_schema_is_one_and_refuses_unknown_fields(name: str) -> None:
    made = schema(name)
    Draft202012Validator.check_schema(made)
    for record in (made, *made["$defs"].values()):
        assert record["additionalProperties"] is False
        assert all(field["description"] for at, field in record["properties"].items() if at != "kind")


@pytest.mark.parametrize("name", list(DOCUMENTED))
def test_damaged_documents_are_judged_alike(name: str) -> None:
    @QUICK
    @given(damaged(documents(name, DOCUMENTED[name])))
    def holds(document: Any) -> None:
        if document is not None:  # nothing at all is no document
            assert SCHEMAS[name].is_valid(document) == reads(name, msgspec.json.encode(document))

    holds()


@pytest.mark.parametrize("kind", RECORDS, ids=[kind.__name__ for kind in RECORDS])
def test_damaged_records_are_judged_alike(kind: type[Struct]) -> None:
    definitions = next(each["$defs"] for each in map(schema, DOCUMENTED) if kind.__name__ in each["$defs"])
    validator = Draft202012Validator({**definitions[kind.__name__], "$defs": definitions})
    read = record_reader(kind, kind.__name__)

    @settings(QUICK, max_examples=60)
    @given(damaged(records(kind)))
    def holds(record: Any) -> None:
        nodes, findings = read_nodes("f.yaml", msgspec.json.encode({"it": record}))
        read(nodes[0].fields["it"][1], findings)
        assert validator.is_valid(record) == (not findings)

    holds()


@pytest.mark.parametrize("name", list(DOCUMENTED))
def test_documents_with_types_as_they_should_be_are_taken_by_both(name: str) -> None:
    @QUICK
    @given(documents(name, DOCUMENTED[name]))
    def holds(document: Any) -> None:
        assert SCHEMAS[name].is_valid(document)
        assert reads(name, msgspec.json.encode(document))

    holds()


@pytest.mark.parametrize(("name", "text"), [("Model", MODEL_YAML), ("Environment", PRODUCTION_YAML)])
def test_files_as_people_write_them_validate(name: str, text: str) -> None:
    nodes, _ = read_nodes("f.yaml", text.encode())
    SCHEMAS[name].validate(as_json(nodes[0]))


def test_what_headway_writes_validates() -> None:
    served = Served(version="1.2.0", bundle="ab")
    release = Release(
        apiVersion=API_VERSION, metadata=Metadata(name="delay"), spec=ReleaseSpec(environment="e", stable=served)
    )
    file = PinnedFile(path="a.csv", size=3, sha256="cd", rows=2)
    lock = Lock(
        apiVersion=API_VERSION,
        metadata=Metadata(name="delay"),
        spec=LockSpec(sources=(file,), train=(file,), test=(), split="ef"),
    )
    for name, document in (("Release", release), ("Lock", lock)):
        nodes, _ = read_nodes("f.yaml", msgspec.yaml.encode(document))
        SCHEMAS[name].validate(as_json(nodes[0]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window", 60),
        ("window", "60"),
        ("window", "1m30s"),
        ("stages", [True]),
        ("strategy", "cannary"),
        ("keep", None),
    ],
)
def test_an_editor_marks_what_check_refuses(field: str, value: object) -> None:
    nodes, _ = read_nodes("f.yaml", MODEL_YAML.encode())
    document = as_json(nodes[0])
    document["spec"]["rollout"][field] = value
    assert not SCHEMAS["Model"].is_valid(document)
    assert not reads("Model", msgspec.json.encode(document))


@pytest.mark.parametrize(
    ("name", "record", "taken"),
    [
        ("Expect", {"between": [1, 2]}, True),
        ("Expect", {"between": [1]}, False),
        ("Expect", {"between": [1, 2, 3]}, False),
        ("Rollout", {"guardrails": [{"errors": "rate"}, {"latency": "p95"}]}, True),
        ("Rollout", {"guardrails": [{"floor": "1%"}]}, False),
        ("Rollout", {"guardrails": [{"errors": "rate", "latency": "p95"}]}, False),
        ("Resources", {"memory": 1024}, True),
        ("Resources", {"memory": 2**63}, False),
        ("Replicas", {"min": 2**63}, False),
        ("Metadata", {"name": 1.5, "labels": {"a": True}}, True),
        ("Metadata", {"name": None}, False),
    ],
)
def test_corners_are_judged_alike(name: str, record: object, taken: bool) -> None:  # noqa: FBT001 - a column of the table
    kind = next(kind for kind in RECORDS if kind.__name__ == name)
    definitions = next(each["$defs"] for each in map(schema, DOCUMENTED) if name in each["$defs"])
    nodes, findings = read_nodes("f.yaml", msgspec.json.encode({"it": record}))
    record_reader(kind, name)(nodes[0].fields["it"][1], findings)
    assert (not findings) == taken
    assert Draft202012Validator({**definitions[name], "$defs": definitions}).is_valid(record) == taken
