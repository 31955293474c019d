"""torch's files, forged as torch writes them: a pickle with persistent ids, and the tensors that they name."""

import pickle
import struct

import pytest
from tests.evidence.scan.forge import PAYLOAD, dumped, number, refusals, refused_globals, text, whole, zipped

from headway.evidence.scan import examine

MAGIC = dumped(0x1950A86A20F9469CFC6C, 2)


def tensor(key: str = "0", count: int = 2, kind: bytes = b"ctorch\nFloatStorage\n", more: bytes = b"") -> bytes:
    """The opcodes of a tensor of `count` numbers."""
    ident = b"(" + text("storage") + kind + text(key) + text("cpu") + number(count) + more + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + ident + b"K\0" + number(count) + b"\x85K\1\x85\x89" + hooks + b"tR"


def state(*tensors: bytes) -> bytes:
    """A state dict as torch pickles one."""
    held = b"".join(text(f"w{place}") + held + b"s" for place, held in enumerate(tensors))
    return whole(
        b"ccollections\nOrderedDict\n)R" + held + b"}" + text("_metadata") + b"ccollections\nOrderedDict\n)Rsb"
    )


def archive(data: bytes, **more: bytes) -> bytes:
    """An archive as torch.save writes one."""
    files = {"m/data.pkl": data, "m/byteorder": b"little", "m/data/0": bytes(8), "m/version": b"3\n"}
    return zipped({**files, **{f"m/{name}": held for name, held in more.items()}})


def legacy(data: bytes, tensors: bytes = struct.pack("<q2f", 2, 0, 0)) -> bytes:
    """The chain of pickles of torch before 1.6."""
    return MAGIC + dumped(1001, 2) + dumped({"little_endian": True}, 2) + data + dumped(["0"], 2) + tensors


def test_a_state_dict_passes() -> None:
    found = examine("m.pt", archive(state(tensor())))
    assert (found.form, found.refused) == ("torch", ())
    assert refusals(archive(state(tensor(), tensor())), "m.pth") == ()


def test_a_state_dict_of_old_passes() -> None:
    found = examine("m.pt", legacy(state(tensor(more=b"N"))))
    assert (found.form, found.refused) == ("torch, before 1.6", ())


@pytest.mark.parametrize(
    "data", [PAYLOAD, whole(b"cos\nsystem\n" + text("x") + b"\x85R"), whole(b"ctorch.hub\nload\n")]
)
def test_a_payload_is_refused_in_either_form(data: bytes) -> None:
    assert refusals(archive(data), "m.pt")
    assert refusals(legacy(data), "m.pt")


def test_a_module_of_the_teams_own_is_refused_until_it_is_allowed() -> None:
    data = whole(b"cnet\nNet\n)\x81}b")
    assert refused_globals(archive(data), "m.pt") == {"net:Net"}
    assert refusals(archive(data), "m.pt", {"net:Net"}) == ()


IDS = {
    "no tensor": text("x") + pickle.BINPERSID,
    "another kind": tensor(kind=b"cos\nsystem\n"),
    "a key that is a number": b"(" + text("storage") + b"ctorch\nFloatStorage\nK\0" + text("cpu") + b"K\2tQ",
    "another word": b"(" + text("module") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\2tQ",
    "too many numbers": tensor(count=3),
    "a negative count": tensor(count=-2),
    "a tensor that is not there": tensor("1"),
    "a way out": tensor("../version"),
    "two sizes": tensor() + b"0" + tensor(count=1),
}


@pytest.mark.parametrize("data", IDS.values(), ids=IDS)
def test_a_tensor_that_is_not_there_in_its_size_is_refused(data: bytes) -> None:
    assert refusals(archive(whole(data)), "m.pt")


@pytest.mark.parametrize("name", ["no tensor", "another kind", "too many numbers", "a negative count", "two sizes"])
def test_the_tensors_behind_a_chain_are_those_that_it_names(name: str) -> None:
    assert refusals(legacy(whole(IDS[name])), "m.pt")


def test_code_beside_the_tensors_is_refused() -> None:
    assert any(
        "TorchScript" in what for what in refusals(archive(state(tensor()), **{"code/__torch__.py": b""}), "m.pt")
    )
    assert refusals(archive(state(tensor()), **{"constants.pkl": PAYLOAD}), "m.pt")
    assert refusals(zipped({"m/data.pkl": state(), "n/data.pkl": PAYLOAD}), "m.pt")


def test_a_second_chain_behind_the_magic_number_is_no_way_round() -> None:
    assert refused_globals(legacy(state())[:-1] + PAYLOAD, "m.pt") == set()
    assert refusals(legacy(state())[:-1] + PAYLOAD, "m.pt")
    assert refused_globals(MAGIC + PAYLOAD, "m.pkl") | refused_globals(MAGIC + PAYLOAD, "m.pt") == {"os:system"}


def test_persistent_ids_have_no_place_in_other_files() -> None:
    assert refusals(state(tensor()), "m.pkl")
