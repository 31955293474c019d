"""Explanations: every field is told, by every path that a finding can name."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from headway.spec.explain import DOCUMENTED, explain, lines_of
from headway.spec.shape import Either, Fixed, Many, Record, Shape, Table, fields_of
from headway.spec.words import words_of


def within(shape: Shape) -> Iterator[type[Struct]]:
    match shape:
        case Record(kind=kind):
            yield kind
        case Many(of=of) | Table(of=of):
            yield from within(of)
        case Either(of=several) | Fixed(of=several):
            for each in several:
                yield from within(each)
        case _:
            return


def paths(kind: type[Struct], at: str) -> Iterator[tuple[type[Struct], str, str]]:
    """Every record, with the path of each of its fields as the loader names it."""
    for name, field in fields_of(kind).items():
        yield kind, name, f"{at}.{name}"
        for below in within(field.shape):
            yield from paths(below, f"{at}.{name}")


EVERY = [each for name, kind in DOCUMENTED.items() for each in paths(kind, name)]
RECORDS = list(dict.fromkeys(kind for kind, _, _ in EVERY))


@pytest.mark.parametrize(("kind", "name", "path"), EVERY, ids=[path for _, _, path in EVERY])
def test_every_path_is_explained(kind: type[Struct], name: str, path: str) -> None:
    about = explain(path)
    assert about.path == path
    assert about.says
    assert about.takes
    assert about.required or about.default
    assert explain(path.replace(".spec.", ".")).path == path
    assert words_of(kind).fields[name]


@pytest.mark.parametrize("kind", RECORDS, ids=[kind.__name__ for kind in RECORDS])
def test_a_docstring_tells_its_fields_and_no_others(kind: type[Struct]) -> None:
    words = words_of(kind)
    assert list(words.fields) == list(fields_of(kind))
    assert all(says.endswith((".", "?")) for says in words.fields.values())
    assert words.says.endswith((".", "?"))


def test_quantities_are_told_with_their_units() -> None:
    deadline = {
        line.name: line for line in lines_of(DOCUMENTED["Model"]) for line in explain("Model.rollout").below[0].fields
    }
    assert explain("Model.rollout.deadline.after").default == "2h"
    assert "duration" in explain("Model.rollout.deadline.after").takes
    assert deadline["window"].default == "1m"
    assert explain("Model.serve.resources.memory").default == "512Mi"
    assert explain("Model.data.split.test").default == "20%"


def test_the_entries_of_a_union_are_told_apart_by_their_key() -> None:
    about = explain("Model.gates")
    assert [group.key for group in about.below] == ["metric", "latency", "signature"]
    assert "metric, latency, signature" in about.takes


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("Modle", "Did you mean 'Model'?"),
        ("Model.rolout", "Did you mean 'rollout'?"),
        ("Model.rollout.dedline", "Did you mean 'deadline'?"),
        ("Environment.trafic", "Did you mean 'traffic'?"),
        ("Model.task.label.x", "it has no fields"),
        ("", "There is no kind ''"),
        ("Model.", "there are: task"),
    ],
)
def test_a_misspelt_name_gets_the_nearest_known_one(path: str, near: str) -> None:
    with pytest.raises(LookupError) as refused:
        explain(path)
    assert near in str(refused.value)
