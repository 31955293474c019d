"""Classes of a team's own that its model files may hold."""

from headway.evidence.declared import declared_classes

CLASS = b"class Clean: ...\n"


def test_a_module_beside_the_program_has_its_own_name() -> None:
    assert set(declared_classes({"features.py": CLASS, "train.py": b""})) == {"features:Clean"}


def test_a_module_below_is_known_from_the_model_and_from_its_own_folder() -> None:
    found = set(declared_classes({"src/features.py": CLASS, "src/fit.py": b""}))
    assert found == {"src.features:Clean", "features:Clean"}


def test_a_package_is_known_by_its_folder() -> None:
    assert "lib:Clean" in set(declared_classes({"lib/__init__.py": CLASS, "train.py": b""}))


def test_a_file_that_is_no_python_declares_nothing() -> None:
    assert not list(declared_classes({"train.py": b"(", "table.csv": CLASS, "deep.py": b"(" * 100_000}))
