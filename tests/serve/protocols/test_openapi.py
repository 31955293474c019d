"""The OpenAPI document is one, says the truth about requests, and its examples are answered.

openapi-3.1.json is the OpenAPI Initiative's schema of documents, https://spec.openapis.org/oas/3.1/schema/2022-10-07.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.serve.bundles import ROW, classifier_manifest, request
from tests.serve.running import Server

from headway.serve.protocols.openapi import Described, document

META = Draft202012Validator(json.loads((Path(__file__).parent / "openapi-3.1.json").read_text()))


@pytest.fixture(params=["server", "forest"])
def served(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def posts(told: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Path, schema, example of everything that is posted as JSON."""
    for path, item in told["paths"].items():
        if "post" in item:
            content = item["post"]["requestBody"]["content"]["application/json"]
            yield path, content["schema"], content["example"]


def test_the_document_is_openapi_and_its_schemas_are_schemas(served: Server) -> None:
    told = served.client.get("/openapi.json").json()
    META.validate(told)
    for _, schema, _ in posts(told):
        Draft202012Validator.check_schema(schema)


def test_every_example_fits_its_schema_and_is_answered_as_said(served: Server) -> None:
    told = served.client.get("/openapi.json").json()
    asked = list(posts(told))
    assert len(asked) == 5
    for path, schema, example in asked:
        Draft202012Validator(schema).validate(example)
        answer = served.client.post(path, json=example)
        assert answer.status_code == 200, answer.text
        said = told["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator(said).validate(answer.json())


def test_every_path_that_is_read_is_there(served: Server) -> None:
    told = served.client.get("/openapi.json").json()
    for path, item in told["paths"].items():
        if "get" in item:
            assert served.client.get(path).status_code == 200


@pytest.mark.parametrize("value", ["far", None, [1.0, 2.0], True, {}])
def test_what_a_schema_forbids_is_refused(server: Server, value: object) -> None:
    schemas = {
        path: Draft202012Validator(schema) for path, schema, _ in posts(server.client.get("/openapi.json").json())
    }
    row = {**ROW, "distance": value}
    for path, body in {
        "/v2/models/delay/infer": request([row]),
        "/invocations": {"dataframe_records": [row]},
    }.items():
        assert not schemas[path].is_valid(body)
        assert server.client.post(path, json=body).status_code == 400


def test_one_model_can_be_asked_for_alone(server: Server) -> None:
    told = server.client.get("/v2/models/delay/openapi.json").json()
    META.validate(told)
    assert "/v2/models/delay/infer" in told["paths"]


def test_several_models_are_told_by_name_only() -> None:
    datatypes = {"distance": "FP64", "temp": "FP64", "carrier": "BYTES"}
    models = [
        Described(manifest=classifier_manifest(model=name), datatypes=datatypes, row=tuple(ROW.values()))
        for name in ("delay", "de lay")
    ]
    told = document(models, "1.0")
    META.validate(told)
    assert "/invocations" not in told["paths"]
    assert {"/v2/models/delay/infer", "/v2/models/de%20lay/infer"} <= set(told["paths"])
