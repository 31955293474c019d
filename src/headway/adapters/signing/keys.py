"""Ed25519 keys in files that only their owner can read.  A private key never leaves this module but as signatures."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from headway.reconcile.ports import PortError

__all__ = ["KeyFile", "create", "find", "load"]

_MOST_BYTES = 4096


class KeyFile:
    """A private key read from a file; it signs, and shows its public half only."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._name = name
        self._key = key
        self._public = key.public_key().public_bytes_raw().hex()

    def __repr__(self) -> str:
        return f"KeyFile({self._name!r}, {self._public[:8]}…)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not copied into another process")

    @property
    def name(self) -> str:
        """The signer's name in headway.yaml."""
        return self._name

    @property
    def public(self) -> str:
        """The public key, hex."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature (64 bytes)."""
        return self._key.sign(data)


def create(folder: Path, name: str) -> str:
    """Make a key for the signer `name` and return its public half in hex.

    The file `<public>.<name>.pem` is new, readable by its owner only, and never overwritten; PortError when it cannot
    be written.
    """
    if not name or not all(letter.isalnum() or letter in "-_" for letter in name) or not name.isascii():
        raise PortError(f"{name!r} cannot name a signer: use letters, digits, - and _.")
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    path = folder / f"{public}.{name}.pem"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_others(folder, folder.lstat())
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as fault:
        raise PortError(f"No key could be written to {path}: {fault.strerror}. Choose another folder.") from fault
    return public


def find(folder: Path, public: str) -> Path | None:
    """The file of the key with this public half (hex); None when it is not here."""
    if len(public) != 64 or not all(letter in "0123456789abcdef" for letter in public):
        return None
    return next(iter(sorted(folder.glob(f"{public}.*.pem"))), None)


def load(path: Path, name: str = "") -> KeyFile:
    """Read a key; `name` is the signer's name, by default the one in the file's name.

    PortError when the file or its folder can be read or replaced by others, or holds no Ed25519 key.
    """
    try:
        _refuse_replacing(path.parent, path.parent.stat())
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise PortError(f"{path} is no regular file.")
            _refuse_others(path, state)
            data = file.read(_MOST_BYTES + 1)
    except OSError as fault:
        raise PortError(
            f"The key {path} cannot be read: {fault.strerror}. Name a key file with HEADWAY_KEY."
        ) from fault
    try:
        # The cause is not chained: nothing that stood in the file may reach a log.
        key = load_pem_private_key(data, password=None) if len(data) <= _MOST_BYTES else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise PortError(f"{path} holds no Ed25519 private key in PEM without a password. `headway init` makes one.")
    found = KeyFile(name or path.name.removesuffix(".pem").rpartition(".")[2], key)
    stem = path.name.partition(".")[0]
    if len(stem) == 64 and stem != found.public:
        raise PortError(f"{path} is named after another key than the one it holds. Put the right file back.")
    return found


def _refuse_others(path: Path, state: os.stat_result) -> None:
    if state.st_uid != os.geteuid():
        raise PortError(f"{path} belongs to another user (id {state.st_uid}). Use a key of your own.")
    if state.st_mode & 0o077:
        what = "go-rwx"
        raise PortError(f"{path} can be read or changed by other users. Run `chmod {what} {path}`, then try again.")


def _refuse_replacing(folder: Path, state: os.stat_result) -> None:
    """A folder in which others may put another file in the key's place; in a sticky one (/tmp) they may not."""
    if state.st_uid not in {os.geteuid(), 0} or (state.st_mode & 0o022 and not state.st_mode & stat.S_ISVTX):
        what = "go-w"
        raise PortError(f"In {folder} other users can replace the key. Run `chmod {what} {folder}`, then try again.")
