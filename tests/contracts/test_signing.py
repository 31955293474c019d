"""What every Signing does, the fake and the real one."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.fakes.signing import MemorySigning

from headway.adapters.signing.keys import create, find, load
from headway.reconcile.ports import Signing


@pytest.fixture(params=["memory", "file"])
def signing(request: pytest.FixtureRequest, tmp_path: Path) -> Signing:
    if request.param == "memory":
        return MemorySigning("ann")
    path = find(tmp_path / "keys", create(tmp_path / "keys", "ann"))
    assert path is not None
    return load(path)


def test_a_signature_is_checked_with_the_public_key(signing: Signing) -> None:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signing.public))
    public.verify(signing.sign(b"data"), b"data")
    with pytest.raises(InvalidSignature):
        public.verify(signing.sign(b"data"), b"other data")


def test_a_signer_has_a_name_and_a_key(signing: Signing) -> None:
    assert signing.name == "ann"
    assert len(signing.sign(b"")) == 64
    assert len(signing.public) == 64


def test_the_private_key_is_not_shown(signing: Signing) -> None:
    assert "private" not in repr(signing).lower()
