"""The forms that model files have: how each is told by its bytes, how it is read, and which names promise it."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from headway.evidence.scan import boosting, npy, onnx, safetensors, skops, torch
from headway.evidence.scan.archive import entries
from headway.evidence.scan.compressed import name_of, opened
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.pickle import walk
from headway.evidence.scan.report import Report

__all__ = ["FORMS", "Form", "check_name", "is_model", "promises_pickle", "told"]

Read = Callable[[bytes, Report], None]

UNKNOWN = (
    "Save it as joblib, pickle, skops, npy, npz, safetensors, ONNX, a state dict of torch, or as XGBoost, LightGBM and "
    "CatBoost do"
)


class Form(NamedTuple):
    """A form: the bytes tell it; reading notes what is refused, or ends in ForbiddenError or MalformedError."""

    name: str
    tells: Callable[[bytes], object]
    read: Read


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(starts)


def _read_compressed(data: bytes, report: Report) -> None:
    walk(opened(data), report)


def _holds(name: str | re.Pattern[str]) -> Callable[[bytes], bool]:
    """An archive with a file of this name in it."""

    def tells(data: bytes) -> bool:
        names = [entry.name for entry in entries(data)] if data.startswith(_ZIP) else []
        return any(re.fullmatch(name, held) for held in names)

    return tells


def _all_arrays(data: bytes) -> bool:
    found = entries(data) if data.startswith(_ZIP) else ()
    return bool(found) and all(entry.name.endswith(".npy") for entry in found)


_ZIP = b"PK"
# PROTO, or the first opcode of what protocols 0 and 1 write: a mark, an empty container, a global, a number, a text.
_PICKLE = (b"\x80", *(bytes([sign]) for sign in b"(]})lcIJKLMFGVXUTSN"))

# The first that tells is it: compressed bytes first, as joblib opens them before it looks at anything else.
FORMS: tuple[Form, ...] = (
    Form("joblib, compressed", name_of, _read_compressed),
    Form("skops", _holds(re.escape(skops.SCHEMA)), skops.read_skops),
    Form("torch", _holds(torch.PICKLE), torch.read_torch),
    Form("npz", _all_arrays, npy.read_npz),
    Form("npy", _begins(npy.MAGIC), npy.read_npy),
    Form("torch, before 1.6", torch.LEGACY.match, torch.read_legacy),
    Form("safetensors", safetensors.tells_safetensors, safetensors.read_safetensors),
    Form("ONNX", onnx.MAGIC.match, onnx.read_onnx),
    Form("XGBoost JSON", boosting.tells_json, boosting.read_xgboost_json),
    Form("XGBoost UBJSON", boosting.tells_ubj, boosting.read_xgboost_ubj),
    Form("LightGBM", boosting.LIGHTGBM.match, boosting.read_lightgbm),
    Form("CatBoost", _begins(boosting.CATBOOST), boosting.read_catboost),
    Form("pickle", _begins(*_PICKLE), walk),
)

_BY_PICKLE = ("pkl", "pickle", "pck", "p", "dill", "cloudpickle")
_PICKLES = ("pickle", "joblib", "joblib, compressed")
# Endings that promise a form; any other name promises nothing.
_PROMISED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*_BY_PICKLE, "joblib", "jl", "sav"), _PICKLES),
    **dict.fromkeys(("z", "gz", "bz2", "xz", "lzma"), ("joblib, compressed",)),
    **dict.fromkeys(("pt", "pth", "ckpt"), ("torch", "torch, before 1.6")),
    "npy": ("npy",),
    "npz": ("npz",),
    "skops": ("skops",),
    "safetensors": ("safetensors",),
    "onnx": ("ONNX",),
    "json": ("XGBoost JSON",),
    "ubj": ("XGBoost UBJSON",),
    "txt": ("LightGBM",),
    "cbm": ("CatBoost",),
}


# What MLflow lays beside a model, under names without an ending.
_DESCRIPTIONS = frozenset({"MLmodel", "registered_model_meta"})
# What else lies beside a model.  Their bytes tell nothing: half of all texts begin as a pickle may.
_OTHERS = frozenset({
    "c", "cfg", "css", "csv", "data", "gitignore", "html", "in", "ini", "ipynb", "jpeg", "jpg", "js", "jsonl",
    "lock", "log", "md", "parquet", "pdf", "png", "py", "pyi", "rst", "sh", "sql", "svg", "toml", "tsv", "yaml",
    "yml",
})  # fmt: skip


def told(data: bytes) -> Form:
    """The form of these bytes; ForbiddenError when it is none that is known."""
    for form in FORMS:
        if form.tells(data):
            return form
    what = "it is empty" if not data else "it is in no form that is known here"
    raise ForbiddenError(what, UNKNOWN)


def check_name(name: str, form: str) -> None:
    """ForbiddenError when a file's name promises another form than its bytes have.

    >>> check_name("model.onnx", "ONNX")
    """
    promised = _PROMISED.get(_ending(name))
    if promised and form not in promised:
        cure = f"Give it a name that fits, or write it as {promised[0]}"
        raise ForbiddenError(f"its name promises {' or '.join(promised)}, and its bytes are {form}", cure)


def is_model(name: str, begin: bytes) -> bool:
    """Is a file among others a model, by its name, or else by the bytes that it begins with?

    >>> is_model("model.pkl", b""), is_model("README.md", b""), is_model("requirements.txt", b"numpy")
    (True, False, False)
    """
    ending = _ending(name)
    if ending in ("json", "txt"):
        return b'"learner"' in begin or boosting.LIGHTGBM.match(begin) is not None
    return ending not in _OTHERS and name.rpartition("/")[2] not in _DESCRIPTIONS


def promises_pickle(name: str) -> bool:
    """Would people hand a file of this name to `pickle.load`?"""
    return _ending(name) in _BY_PICKLE


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""
