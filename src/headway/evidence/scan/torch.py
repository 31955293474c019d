"""torch's files: an archive of one pickle and its tensors, and the older chain of pickles with the tensors behind.

A tensor is named in the pickle by a persistent id; the id must be plain, and its bytes must be there.
"""

import re

from headway.evidence.scan.archive import content, entries
from headway.evidence.scan.fault import ForbiddenError
from headway.evidence.scan.pickle import walk, walk_one
from headway.evidence.scan.report import Report
from headway.evidence.scan.reviewed_torch import STORAGES
from headway.evidence.scan.shadow import Global, Shadow

__all__ = ["LEGACY", "PICKLE", "read_legacy", "read_torch"]

PICKLE = re.compile(r"([^/]+)/data\.pkl")
# torch/serialization.py: MAGIC_NUMBER 0x1950a86a20f9469cfc6c as a pickle of its own.
LEGACY = re.compile(rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL)

# Magic number, version, system, model, and the order of the tensors.
_LEGACY_PICKLES = 5
_BESIDE = re.compile(
    r"data/[0-9A-Za-z_]+|version|byteorder|\.data/serialization_id|\.format_version|\.storage_alignment"
)


class _Storages:
    """Judges persistent ids, and keeps how many bytes each named tensor has."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def __call__(self, told: Shadow) -> bool:
        if (
            not isinstance(told, tuple)
            or len(told) not in (5, 6)
            or told[0] != "storage"
            or told[5:] not in ((), (None,))
        ):
            return False
        _, kind, key, location, count = told[:5]
        if not isinstance(kind, Global) or kind.name not in STORAGES or not isinstance(location, str):
            return False
        if not isinstance(key, str) or not isinstance(count, int) or count < 0:
            return False
        size = count * STORAGES[kind.name]
        return self.bytes.setdefault(key, size) == size


def read_torch(data: bytes, report: Report) -> None:
    """An archive of `data.pkl` and the tensors; with code of TorchScript in it, it is refused."""
    files = {entry.name: entry for entry in entries(data)}
    root = next(found[1] for found in map(PICKLE.fullmatch, files) if found)
    odd = [name for name in files if name != f"{root}/data.pkl" and not _beside(root, name)]
    if odd:
        cure = "Save the state dict alone: torch.save(model.state_dict(), path)"
        raise ForbiddenError(f"{odd[0]} stands in the torch archive, which is no tensor (TorchScript holds code)", cure)
    for entry in files.values():
        content(data, entry)
    storages = report.storage = _Storages()
    walk(content(data, files[f"{root}/data.pkl"]), report, arrays=False)
    for key, size in storages.bytes.items():
        held = files.get(f"{root}/data/{key}")
        if held is None or held.size != size:
            raise ForbiddenError(f"the tensor {key[:100]!a} is not in the torch archive in its size")


def _beside(root: str, name: str) -> bool:
    return name.startswith(f"{root}/") and _BESIDE.fullmatch(name.removeprefix(f"{root}/")) is not None


def read_legacy(data: bytes, report: Report) -> None:
    """Pickles one after the other, then for each tensor its count and its numbers."""
    storages = report.storage = _Storages()
    place = 0
    for _ in range(_LEGACY_PICKLES):
        place = walk_one(data, place, report, arrays=False)
    if len(data) - place != sum(8 + size for size in storages.bytes.values()):
        raise ForbiddenError("the tensors behind the pickles of this torch file are not those that it names")
