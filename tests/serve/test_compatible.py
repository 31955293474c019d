"""The server keeps what a version's number promises: who was answered by one version is answered by the next."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.evidence.test_number import VALUES, signatures

from headway.evidence.bundle import Signature
from headway.evidence.compatible import refusals
from headway.serve.batching.rows import Layout
from headway.serve.fault import Fault
from headway.serve.protocols import invocations, oip

KINDS = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES", type(None): "FP64"}


def answered(signature: Signature, request: Mapping[str, Any], protocol: str) -> bool:
    """Does the server's own parser accept one row?"""
    layout = Layout(signature)
    inputs = [{"name": n, "shape": [1], "datatype": KINDS[type(v)], "data": [v]} for n, v in request.items()]
    try:
        if protocol == "oip":
            oip.parse(json.dumps({"inputs": inputs}).encode(), layout, ())
        else:
            invocations.parse(json.dumps({"dataframe_records": [request]}).encode(), layout)
    except Fault:
        return False
    return True


@st.composite
def steps(draw: st.DrawFn) -> tuple[Signature, Signature, Mapping[str, Any]]:
    """A version, one that may follow it, and a request of before, its optional columns null or left out."""
    before = draw(signatures().filter(lambda signature: signature.inputs))
    near = [*before.inputs, *draw(signatures()).inputs]
    chosen = {column.name: column for column in draw(st.permutations(near)) if draw(st.booleans())}
    after = Signature(inputs=tuple(chosen.values()) or before.inputs, outputs=before.outputs)
    request = {}
    for column in before.inputs:
        value = draw(st.sampled_from([*VALUES[column.type], *([None] if column.nullable else [])]))
        if value is not None or draw(st.booleans()):
            request[column.name] = value
    return before, after, request


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
@given(steps(), st.sampled_from(["oip", "invocations"]))
def test_a_request_of_yesterday_is_answered_unless_the_number_is_a_major_one(
    step: tuple[Signature, Signature, Mapping[str, Any]], protocol: str
) -> None:
    before, after, request = step
    assume(not refusals(before, after) and any(column.name in request for column in after.inputs))
    assert answered(before, request, protocol)
    assert answered(after, request, protocol)


@settings(deadline=None)
@given(steps(), st.sampled_from(["oip", "invocations"]))
def test_one_request_with_the_columns_of_both_suits_both_while_one_takes_over(
    step: tuple[Signature, Signature, Mapping[str, Any]], protocol: str
) -> None:
    mine, other, request = step
    assume(request)
    known = {column.name for column in mine.inputs}
    strangers = {column.name: "of the other" for column in other.inputs if column.name not in known}
    assert answered(mine, {**strangers, **request}, protocol)
