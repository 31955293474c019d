"""The release statement lets one bundle into one environment, and nothing else."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headway.evidence.dsse import enclose
from headway.evidence.vsa import ReleaseClaim, check_release, read_release, release_statement

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
KEYS = {"prod": KEY.public_key().public_bytes_raw().hex()}
BUNDLE = "ab" * 32
CLAIM = ReleaseClaim(
    model="delay",
    version="1.4.2",
    bundle=BUNDLE,
    environment="production",
    policy="cd" * 32,
    signer="prod",
    at="2026-01-02T03:04:05Z",
    evidence=("ef" * 32,),
)


def test_a_release_statement_lets_its_bundle_into_its_environment() -> None:
    sealed = release_statement(CLAIM, KEY.sign)
    assert check_release(sealed, keys=KEYS, bundle=BUNDLE, environment="production") == ""
    assert read_release(sealed, KEYS) == CLAIM


@pytest.mark.parametrize(
    ("bundle", "environment", "reason"),
    [
        ("00" * 32, "production", "names bundle"),
        ("", "production", "names bundle"),
        (BUNDLE, "staging", "not for 'staging'"),
        (BUNDLE, "", "not for ''"),
    ],
)
def test_another_bundle_or_environment_is_refused(bundle: str, environment: str, reason: str) -> None:
    assert reason in check_release(
        release_statement(CLAIM, KEY.sign), keys=KEYS, bundle=bundle, environment=environment
    )


def test_another_key_is_refused() -> None:
    forged = release_statement(CLAIM, OTHER.sign)
    assert "not one of the key" in check_release(forged, keys=KEYS, bundle=BUNDLE, environment="production")


def test_without_keys_nothing_is_let_in() -> None:
    sealed = release_statement(CLAIM, KEY.sign)
    assert "not among the keys" in check_release(sealed, keys={}, bundle=BUNDLE, environment="production")


def test_a_changed_byte_is_refused() -> None:
    sealed = release_statement(CLAIM, KEY.sign)
    for at in range(0, len(sealed), 7):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        assert check_release(changed, keys=KEYS, bundle=BUNDLE, environment="production")


def test_a_failed_summary_is_refused() -> None:
    envelope = json.loads(release_statement(CLAIM, KEY.sign))
    statement = json.loads(b64decode(envelope["payload"]))
    statement["predicate"]["verificationResult"] = "FAILED"
    sealed = enclose(json.dumps(statement).encode(), "prod", KEY.sign)
    assert "FAILED" in check_release(sealed, keys=KEYS, bundle=BUNDLE, environment="production")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"payload":1}', b64encode(b"x")])
def test_nonsense_is_refused_with_a_reason(data: bytes) -> None:
    assert "refused" in check_release(data, keys=KEYS, bundle=BUNDLE, environment="production")


@pytest.mark.parametrize("name", ["a/b", "a@b", ""])
def test_a_name_that_could_be_read_as_another_is_not_signed(name: str) -> None:
    with pytest.raises(ValueError, match="does not name"):
        release_statement(msgspec.structs.replace(CLAIM, environment=name), KEY.sign)


def test_checking_a_release_loads_nothing_of_the_control_plane() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, headway.evidence.vsa; print(*sorted(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()
    rooms = {name for name in loaded if name.startswith("headway.")}
    assert rooms == {"headway.evidence", "headway.evidence.dsse", "headway.evidence.statement", "headway.evidence.vsa"}
    assert "securesystemslib" not in loaded
