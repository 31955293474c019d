"""Which classes a team's own files make allowable, and which names they can never take over."""

from headway.evidence.declared import declared_classes

CODE = b"class Clean:\n    class Inner: pass\ndef log(x): pass\nif True:\n    class Late: pass\n"


def test_classes_and_functions_at_top_level_are_declared_by_every_name_that_imports_them() -> None:
    assert set(declared_classes({"features.py": CODE})) == {"features:Clean", "features:log"}
    assert set(declared_classes({"src/features.py": CODE})) == {
        "src.features:Clean", "src.features:log", "features:Clean", "features:log",
    }  # fmt: skip
    assert set(declared_classes({"pack/__init__.py": CODE})) == {"pack:Clean", "pack:log"}


def test_a_file_called_like_a_library_declares_nothing() -> None:
    for path in ("os.py", "sklearn/linear_model.py", "numpy.py", "collections/abc.py", "subprocess/__init__.py"):
        declared = set(declared_classes({path: CODE}))
        assert not any(name.startswith(("os:", "sklearn", "numpy", "collections", "subprocess")) for name in declared)
    assert set(declared_classes({"src/os.py": b"class system: pass"})) == {"src.os:system"}


def test_a_package_is_known_by_its_folder() -> None:
    assert "lib:Clean" in set(declared_classes({"lib/__init__.py": CODE, "train.py": b""}))


def test_a_file_that_is_no_python_declares_nothing() -> None:
    for data in (b"class", b"\0", b"(" * 100_000, b"\xff\xfe"):
        assert set(declared_classes({"features.py": data, "README.md": CODE})) == set()
