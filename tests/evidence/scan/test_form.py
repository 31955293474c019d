"""A file's form is told by its bytes and held against its name; and the lists of what is allowed hold together."""

import _compat_pickle
import importlib

import pytest
from tests.evidence.scan.forge import dumped, joblibbed, refusals, saved

from headway.evidence.scan import examine
from headway.evidence.scan.allowed import REVIEWED
from headway.evidence.scan.use import Use

HONEST = {"pickle": dumped({"a": 1}), "npy": saved([1.0]), "joblib, compressed": joblibbed({"a": 1}, compress=3)}
PROMISES = {
    "m.pkl": {"pickle", "joblib, compressed"}, "m.joblib": {"pickle", "joblib, compressed"}, "m.npy": {"npy"},
    "m.pt": set(), "m.onnx": set(), "m.safetensors": set(), "m.npz": set(), "m.skops": set(), "m.json": set(),
    "m": set(HONEST), "m.model": set(HONEST), "m.gz": {"joblib, compressed"}, "M.PKL": {"pickle", "joblib, compressed"},
}  # fmt: skip


@pytest.mark.parametrize("name", PROMISES)
@pytest.mark.parametrize("form", HONEST)
def test_a_name_that_promises_another_form_is_refused(name: str, form: str) -> None:
    found = examine(name, HONEST[form])
    assert found.form == form
    assert (not found.refused) == (form in PROMISES[name])


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\x89HDF\r\n\x1a\n", b"GGUF\x03", b"\x7fELF", b"no model"]
)
def test_what_has_no_known_form_is_refused_with_what_to_do(data: bytes) -> None:
    found = examine("m.bin", data)
    assert found.refused
    assert all(refusal.cure for refusal in found.refused)


def test_every_reviewed_global_has_a_plain_name() -> None:
    for full in REVIEWED:
        module, _, name = full.partition(":")
        assert all(part.isidentifier() for part in (*module.split("."), name)), full


def test_no_old_name_becomes_another_global_than_was_reviewed() -> None:
    # Protocols 0 to 2 translate names of Python 2 as they load them.
    for full, use in REVIEWED.items():
        module, name = full.split(":")
        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        assert f"{module}:{name}" in REVIEWED, full
        assert REVIEWED[f"{module}:{name}"] == use, full


RUN = {"eval", "exec", "open", "load", "loads", "system", "getattr", "partial", "run", "call", "apply", "import_module"}


def test_nothing_reviewed_is_called_like_a_runner() -> None:
    assert not {full for full in REVIEWED if full.partition(":")[2] in RUN}


@pytest.mark.filterwarnings("ignore")  # old names of modules are on the list, and say so when they are imported
def test_what_is_made_empty_is_a_class_wherever_it_is_installed() -> None:
    checked = 0
    for full, use in REVIEWED.items():
        module, _, name = full.partition(":")
        if use is not Use.EMPTY or not module.startswith(("sklearn.", "scipy.")):
            continue
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ImportError:
            continue
        if found is not None:
            assert isinstance(found, type), full
            checked += 1
    assert checked > 150


def test_an_estimator_of_any_protocol_is_refused_under_a_name_for_something_else() -> None:
    assert any("its name promises" in what for what in refusals(HONEST["pickle"], "m.onnx"))


def test_a_file_of_catboost_is_known_by_its_mark_and_refused_when_it_is_cut_off() -> None:
    whole = b"CBM1" + (24).to_bytes(4, "little") + (16).to_bytes(4, "little") + bytes(20)
    assert (examine("model.cbm", whole).form, examine("model.cbm", whole).refused) == ("CatBoost", ())
    for cut in (whole[:12], whole[:-1], b"CBM1" + bytes(4) + whole[8:]):
        assert "cut off" in examine("model.cbm", cut).refused[0].what
    assert "its name promises CatBoost" in examine("model.cbm", b"\x80\x04N.").refused[0].what
