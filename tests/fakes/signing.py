"""A signer in memory, with a key that its name decides."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headway.spec.digest import digest
from headway.spec.project import Rights, Signer


class MemorySigning:
    """Signs with a key made from its name and a seed; equal names and seeds are equal signers."""

    def __init__(self, name: str, seed: str = "") -> None:
        self._name = name
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(digest(f"{name}:{seed}".encode())))

    @property
    def name(self) -> str:
        """The signer's name in headway.yaml."""
        return self._name

    @property
    def public(self) -> str:
        """The public key, hex."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature (64 bytes)."""
        return self._key.sign(data)

    def listed(self, may: Rights | None = None, revoked_after: str | None = None) -> Signer:
        """Its row in the list of signers."""
        return Signer(name=self._name, key=self.public, may=may or Rights(), revoked_after=revoked_after)
