"""Rules for the task and its data: where rows come from, how they part, what columns must look like."""

from collections.abc import Iterator, Sequence

from headway.spec.data import Data, Expect, Split
from headway.spec.finding import Finding, Place, error, warning
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Unmatched
from headway.spec.rules.names import fault_of_path
from headway.spec.yaml import excerpt

__all__ = ["data_faults", "data_paths"]


def data_paths(data: Data) -> Sequence[tuple[str, str]]:
    """The fields that name data files, with their patterns.

    >>> data_paths(Data(path="data/*.csv"))
    [('path', 'data/*.csv')]
    """
    named = (("path", data.path), ("train", data.train), ("test", data.test))
    return [(field, pattern) for field, pattern in named if pattern is not None]


def data_faults(placed: Placed[Model], unmatched: Unmatched) -> Iterator[Finding]:
    """What is wrong with the task and the data section."""
    yield from _task(placed)
    yield from _sources(placed, unmatched)
    yield from _split(placed)
    for name, wish in placed.value.spec.data.expect.items():
        yield from _expect(name, wish, placed.place("spec", "data", "expect", name))
    yield from _rows(placed)


def _task(placed: Placed[Model]) -> Iterator[Finding]:
    spec = placed.value.spec
    task, data = spec.task, spec.data
    label = excerpt(task.label)
    if task.positive is not None and task.kind != "classification":
        at = placed.place("spec", "task", "positive")
        why = "A regression has no classes."
        yield error("E226", "positive class of a regression", at, why=why, do="Take `positive` out.")
    if task.label in data.drop:
        at = placed.place("spec", "data", "drop", data.drop.index(task.label))
        why = "Without the label there is nothing to learn from and nothing to compare with."
        do = "Take it out of `drop`; the label is never among the features."
        yield error("E218", f"label '{label}' is dropped", at, why=why, do=do)
    for field, column in (("unit", data.unit), ("split", data.split.by)):
        if column == task.label:
            at = placed.place("spec", "data", field)
            why = "Rows would be chosen by the very value that is to be predicted."
            yield error("E218", f"label '{label}' chooses rows", at, why=why, do="Name another column.")


def _sources(placed: Placed[Model], unmatched: Unmatched) -> Iterator[Finding]:
    data, at = placed.value.spec.data, placed.place("spec", "data")
    named = [field for field, _ in data_paths(data)]
    if named not in (["path"], ["train", "test"]):
        has = " and ".join(f"`{field}`" for field in named) or "none of them"
        why = f"It takes `path`, which is split, or both `train` and `test`; here is {has}."
        yield error("E220", "data are not named", at, why=why, do="Write `path: data/*.csv`, say.")
    elif data.train is not None and data.train == data.test:
        at = placed.place("spec", "data", "test")
        why = "Tested on its own training rows, every model looks good."
        yield error("E219", "test data are the training data", at, why=why, do="Name other files, or use `path`.")
    for field, pattern in data_paths(data):
        at, shown = placed.place("spec", "data", field), excerpt(pattern)
        if fault := fault_of_path(pattern):
            do = "Data lie below the model's folder."
            yield error("E026", f"path '{shown}' is not taken", at, why=f"Of this path, {fault}.", do=do)
        elif why := unmatched.get((placed.folder, pattern), ""):
            do = "Put the files there, or mend the path."
            yield error("E030", f"data path '{shown}' matches nothing", at, why=why, do=do)


def _split(placed: Placed[Model]) -> Iterator[Finding]:
    data = placed.value.spec.data
    split, at = data.split, placed.place("spec", "data", "split")
    if data.train is not None and data.test is not None and split != Split():
        why = "`train` and `test` name their own files, so nothing is split."
        yield warning("E222", "split does nothing", at, why=why, do="Take it out, or name the data by `path`.")
        return
    fault = _fault_of_split(split)
    if fault:
        yield error("E221", "split leaves no rows", at, why=fault, do="Write `split: {test: 20%}`, say.")


def _fault_of_split(split: Split) -> str:
    shares = [each for each in (split.test, split.train) if each is not None and each <= 1]
    if not split.by and (split.test > 1 or (split.train or 0) > 1):
        return "A duration needs `by`, the column that says when a row happened."
    if split.test == 0 or split.train == 0:
        return "One of the two parts would be empty."
    if split.test == 1 or sum(shares) > 1 + 1e-9:
        return "Test and training rows together would be more than all."
    return ""


def _expect(name: str, wish: Expect, at: Place) -> Iterator[Finding]:
    shown = excerpt(name)
    if wish.between and wish.between[0] > wish.between[1]:
        why = f"No value lies between {wish.between[0]:g} and {wish.between[1]:g}."
        yield error("E224", f"'{shown}' can never be as expected", at, why=why, do="Write the smaller one first.")
    if wish.categories == ():
        why = "No category is allowed, so every value is refused."
        yield error("E224", f"'{shown}' can never be as expected", at, why=why, do="List them, or write `train`.")
    if wish.between and wish.type in {"string", "boolean"}:
        why = f"A {wish.type} lies between no numbers."
        yield error("E224", f"'{shown}' can never be as expected", at, why=why, do="Remove one of the two.")
    if wish == Expect():
        why = "It says nothing of the column, so any column of that name passes."
        yield warning("E225", f"nothing is expected of '{shown}'", at, why=why, do="Add `between`, say.")
    elif wish.nulls_at_most is not None and wish.nulls_at_most >= 1:
        why = "A column may be empty, so this limit never fails."
        yield warning("E225", f"nothing is expected of '{shown}'", at, why=why, do="Write less than 100%.")


def _rows(placed: Placed[Model]) -> Iterator[Finding]:
    rows = placed.value.spec.data.rows
    for field in ("train_at_least", "test_at_least"):
        if getattr(rows, field) < 1:
            at = placed.place("spec", "data", "rows", field)
            why = "Without rows nothing is learnt and nothing is tested."
            yield error("E223", f"'{field}' asks for no rows", at, why=why, do="Write 1 or more.")
    if rows.leaked_at_most >= 1:
        at = placed.place("spec", "data", "rows", "leaked_at_most")
        why = "All test rows may then stand among the training rows."
        yield warning("E225", "leakage is not limited", at, why=why, do="Write `leaked_at_most: 1%`, say.")
