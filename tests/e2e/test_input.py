"""What a user sends wrong is told to that user, by the name of the column, through the router."""

import http.client
import json
from typing import Any

import pytest
from tests.e2e.team import MODEL, Team

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

GOOD = {"distance": (1000.0, "FP64"), "temp": (50.0, "FP64")}


def ask(address: str, columns: dict[str, tuple[Any, str]]) -> tuple[int, str]:
    """One prediction: the status and what was said."""
    inputs = [
        {"name": name, "shape": [1], "datatype": kind, "data": [value]} for name, (value, kind) in columns.items()
    ]
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", f"/v2/models/{MODEL}/infer", json.dumps({"inputs": inputs}))
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, said


def test_bad_input_is_refused_by_the_name_of_its_column(team: Team) -> None:
    team.start()
    team.await_version("1.0.0")
    address = team.place()["address"]
    assert ask(address, GOOD)[0] == 200
    for column, wrong in (
        ("temp", {**GOOD, "temp": ("warm", "BYTES")}),
        ("temp", {**GOOD, "temp": ([1.0, 2.0], "FP64")}),
        ("distance", {"temp": GOOD["temp"]}),  # no flight of the training lacks it
    ):
        status, said = ask(address, wrong)
        assert (status, column in said) == (400, True), said
    assert ask(address, GOOD)[0] == 200
