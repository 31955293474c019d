"""A number says what a change means to those who send requests."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from headway.evidence.bundle import Column, ColumnType, Signature
from headway.evidence.compatible import refusals
from headway.evidence.number import Numbered, next_version, parts

VALUES: Mapping[str, tuple[Any, ...]] = {
    "float64": (1.5, -0.0),
    "int64": (1, 7),
    "bool": (True, False),
    "string": ("a", "b", "c"),
}
TYPES: tuple[ColumnType, ...] = ("float64", "int64", "bool", "string")
OUTPUT = Column(name="prediction", type="float64")


def accepts(signature: Signature, request: Mapping[str, Any]) -> bool:
    """The meaning of a signature, written down apart from the product: what it does not take is ignored."""
    if request and not any(column.name in request for column in signature.inputs):
        return False
    for column in signature.inputs:
        value = request.get(column.name)
        if value is None:
            if not column.nullable:
                return False
            continue
        fits = {
            "float64": type(value) in {int, float},
            "int64": type(value) is int,
            "bool": type(value) is bool,
            "string": type(value) is str,
        }
        if not fits[column.type] or (column.categories is not None and value not in column.categories):
            return False
    return True


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    kind = draw(st.sampled_from(TYPES))
    some = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1).map(tuple)
    categories = draw(st.none() | some) if kind == "string" else None
    return Column(name=name, type=kind, nullable=draw(st.booleans()), categories=categories)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    names = draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3))
    return Signature(inputs=tuple(draw(columns(name)) for name in names), outputs=(OUTPUT,))


@st.composite
def requests(draw: st.DrawFn) -> tuple[Signature, Mapping[str, Any]]:
    """A signature and a request of its columns."""
    signature = draw(signatures())
    every = st.sampled_from([value for values in VALUES.values() for value in values])
    return signature, {column.name: draw(st.none() | every) for column in signature.inputs}


@settings(deadline=None, max_examples=400)
@given(requests(), signatures())
def test_without_a_refusal_every_request_stays_valid(
    asked: tuple[Signature, Mapping[str, Any]], after: Signature
) -> None:
    before, request = asked
    assume(accepts(before, request))
    assume(not request or any(column.name in request for column in after.inputs))
    if not refusals(before, after):
        assert accepts(after, request)


@settings(deadline=None)
@given(signatures())
def test_a_signature_refuses_nothing_of_its_own(signature: Signature) -> None:
    assert refusals(signature, signature) == ()


X = Column(name="x", type="string", categories=("a", "b"))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ((X,), (X, Column(name="y", type="bool")), "2.0.0"),
        ((X,), (X, Column(name="y", type="bool", nullable=True)), "1.3.0"),
        ((X,), (structs.replace(X, categories=("a",)),), "2.0.0"),
        ((X,), (structs.replace(X, categories=("a", "b", "c")),), "1.3.0"),
        ((X,), (structs.replace(X, categories=None),), "1.3.0"),
        ((structs.replace(X, categories=None),), (X,), "2.0.0"),
        ((structs.replace(X, nullable=True),), (X,), "2.0.0"),
        ((Column(name="x", type="int64"),), (Column(name="x", type="float64"),), "1.3.0"),
        ((Column(name="x", type="float64"),), (Column(name="x", type="int64"),), "2.0.0"),
        ((X, Column(name="y", type="bool")), (X,), "1.3.0"),
        ((X,), (Column(name="y", type="bool", nullable=True),), "2.0.0"),
        ((X,), (), "2.0.0"),
    ],
)
def test_a_request_refused_now_makes_a_major_version(
    before: tuple[Column, ...], after: tuple[Column, ...], wanted: str
) -> None:
    made = Numbered(version="1.2.3", signature=Signature(inputs=before, outputs=()), recipe="r", train="t")
    assert next_version([made], Signature(inputs=after, outputs=()), recipe="new", train="t") == wanted


def test_other_outputs_make_a_major_version() -> None:
    made = Numbered(version="1.0.0", signature=Signature(inputs=(), outputs=(OUTPUT,)), recipe="r", train="t")
    assert next_version([made], Signature(inputs=(), outputs=()), recipe="r", train="new") == "2.0.0"


def test_an_unknown_signature_counts_as_changed() -> None:
    made = Numbered(version="1.0.0", signature=None, recipe="r", train="t")
    assert next_version([made], Signature(inputs=(), outputs=()), recipe="r", train="new") == "2.0.0"


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "v1.0.0", "1.-1.0", "1.²0.0", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MAJOR\.MINOR\.PATCH"):
        parts(text)


steps = st.lists(st.tuples(signatures(), st.sampled_from("rs"), st.integers(0, 4).map(str)), min_size=1, max_size=8)


@settings(deadline=None)
@given(steps)
def test_numbers_only_rise_and_one_recipe_on_one_data_has_one_number(made: list[tuple[Signature, str, str]]) -> None:
    known: list[Numbered] = []
    for signature, recipe, train in made:
        number = next_version(known, signature, recipe=recipe, train=train)
        seen = [one for one in known if (one.recipe, one.train) == (recipe, train)]
        if seen:
            assert number == seen[0].version
            continue
        assert all(parts(number) > parts(one.version) for one in known)
        known.append(Numbered(version=number, signature=signature, recipe=recipe, train=train))
    assert known[0].version == "1.0.0"
    assert len({(one.recipe, one.train) for one in known}) == len({one.version for one in known})


@given(st.permutations(range(5)))
def test_the_order_in_which_versions_are_told_does_not_matter(order: list[int]) -> None:
    empty = Signature(inputs=(), outputs=())
    known = [Numbered(version=f"1.{n}.0", signature=empty, recipe=f"r{n}", train="t") for n in range(5)]
    assert next_version([known[n] for n in order], empty, recipe="new", train="t") == "1.5.0"
