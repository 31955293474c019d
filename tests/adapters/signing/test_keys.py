"""A private key stays with its owner."""

import os
import pickle
from pathlib import Path

import pytest

from headway.adapters.signing.keys import create, find, load
from headway.reconcile.ports import PortError


def test_a_key_is_written_for_its_owner_only(tmp_path: Path) -> None:
    public = create(tmp_path / "keys", "ann")
    path = find(tmp_path / "keys", public)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load(path).name == "ann"


def test_a_wide_umask_does_not_widen_a_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    finally:
        os.umask(before)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_keys_of_one_name_lie_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert create(folder, "ann") != create(folder, "ann")
    assert len(list(folder.iterdir())) == 2


def test_keys_are_not_made_in_a_folder_that_others_can_write(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(0o777)
    with pytest.raises(PortError, match="other users"):
        create(tmp_path / "keys", "ann")
    assert list((tmp_path / "keys").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../ann", "a b", "a.b", "é"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PortError, match="cannot name a signer"):
        create(tmp_path / "keys", name)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    assert path is not None
    path.chmod(mode)
    with pytest.raises(PortError, match="chmod go-rwx"):
        load(path)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_key_that_others_can_replace_is_refused(tmp_path: Path, mode: int) -> None:
    path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    assert path is not None
    path.parent.chmod(mode)
    with pytest.raises(PortError, match="Run `chmod go-w "):
        load(path)
    path.parent.chmod(mode | 0o1000)  # sticky, as /tmp is: nobody else can rename what is not theirs
    assert load(path).name == "ann"


def test_a_link_to_a_key_is_refused(tmp_path: Path) -> None:
    path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    assert path is not None
    (tmp_path / "link.pem").symlink_to(path)
    with pytest.raises(PortError, match="cannot be read"):
        load(tmp_path / "link.pem")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff" * 10_000, b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(PortError, match="holds no Ed25519") as refused:
        load(path)
    assert "c2VjcmV0" not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_in_another_keys_place_is_refused(tmp_path: Path) -> None:
    one, two = (create(tmp_path / "keys", "ann") for _ in range(2))
    first, second = find(tmp_path / "keys", one), find(tmp_path / "keys", two)
    assert first is not None
    assert second is not None
    second.replace(first)
    with pytest.raises(PortError, match="named after another key"):
        load(first)


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    assert find(tmp_path, "0" * 64) is None
    assert find(tmp_path, "../../etc/passwd") is None
    with pytest.raises(PortError, match="HEADWAY_KEY"):
        load(tmp_path / "none.pem")


def test_a_key_is_never_shown_or_copied(tmp_path: Path) -> None:
    path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    assert path is not None
    key = load(path)
    secret = path.read_text().splitlines()[1]
    assert secret not in f"{key!r} {key!s} {vars(key)}"
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(key)
