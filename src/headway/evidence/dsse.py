"""DSSE envelopes: one payload, one Ed25519 signature, one form of bytes.  Knows nothing of what is signed.

The model server checks release statements with this module, so it imports nothing but msgspec and cryptography.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = [
    "MOST_BYTES",
    "PAYLOAD_TYPE",
    "EnvelopeError",
    "enclose",
    "pae",
    "signer_of",
    "unverified_payload",
    "verified",
]

PAYLOAD_TYPE = "application/vnd.in-toto+json"

# A rollout of two hours in windows of a second is about 4 MiB; a longer one is judged in longer windows.
MOST_BYTES = 16 * 2**20


class EnvelopeError(ValueError):
    """These bytes are no envelope that counts; the message says why in a sentence."""


class _Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keyid: str
    sig: bytes


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payload: bytes
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815 - the wire name
    signatures: tuple[_Signature]


_decoder = msgspec.json.Decoder(_Envelope)


def pae(payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md).

    >>> pae(b"hi")
    b'DSSEv1 28 application/vnd.in-toto+json 2 hi'
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def enclose(payload: bytes, signer: str, sign: Callable[[bytes], bytes]) -> bytes:
    """Sign a payload and write the envelope; `signer` is kept as key id, a hint that nothing is trusted for."""
    envelope = _Envelope(
        payload=payload,
        payloadType="application/vnd.in-toto+json",
        signatures=(_Signature(keyid=signer, sig=sign(pae(payload))),),
    )
    return msgspec.json.encode(envelope)


def verified(data: bytes, keys: Mapping[str, str]) -> tuple[bytes, str]:
    """The payload and the name of the key that signed it; `keys` maps names to public keys in hex.

    Raises EnvelopeError when the bytes are not the one form of an envelope, or no key of that name signed them.
    """
    envelope = _read(data)
    (signature,) = envelope.signatures
    name = signature.keyid
    if name not in keys:
        raise EnvelopeError(f"signed by {name!r}, who is not among the keys that count here")
    try:
        _public(keys[name]).verify(signature.sig, pae(envelope.payload))
    except InvalidSignature:
        raise EnvelopeError(f"the signature is not one of the key of {name!r} over these bytes") from None
    except ValueError:
        raise EnvelopeError(f"the key of {name!r} is not an Ed25519 public key in hex") from None
    return envelope.payload, name


def signer_of(data: bytes) -> str:
    """Who is said to have signed; proves nothing.  EnvelopeError when the bytes are no envelope."""
    return _read(data).signatures[0].keyid


def unverified_payload(data: bytes) -> bytes:
    """What is said, without a check of the signature.  EnvelopeError when the bytes are no envelope."""
    return _read(data).payload


def _read(data: bytes) -> _Envelope:
    if len(data) > MOST_BYTES:
        raise EnvelopeError(f"{len(data)} bytes; an envelope has at most {MOST_BYTES}")
    try:
        envelope = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise EnvelopeError(f"not a DSSE envelope with one signature: {fault}") from None
    if msgspec.json.encode(envelope) != data:
        # Two spellings of one envelope would have two digests, and a chain names records by digest.
        raise EnvelopeError("an envelope in another spelling than the one that Headway writes")
    return envelope


@lru_cache(maxsize=256)
def _public(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
