"""Envelopes have one form of bytes, and others can read them."""

import json
from base64 import b64decode, b64encode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from tests.fakes.signing import MemorySigning

from headway.evidence.dsse import MOST_BYTES, enclose
from headway.evidence.envelope import EnvelopeError, open_envelope, seal
from headway.evidence.record import Alerted, Record, Requested, Signers, Subject
from headway.evidence.verdict import Answer, Verdict

ANN = MemorySigning("ann")
KEYS = {"ann": ANN.public}
RECORD = Record(
    subject=Subject(model="delay", version="1.0.0", bundle="ab" * 32, environment="production"),
    at="2026-01-02T03:04:05Z",
    main="c" * 40,
    seen=Requested(action="approve", to="1.0.0", why="spät ist nicht gut"),
    signer="ann",
    headway="0",
)


def statement(data: bytes) -> dict[str, object]:
    said: dict[str, object] = json.loads(b64decode(json.loads(data)["payload"]))
    return said


def test_a_record_comes_back_with_its_signer_and_digest() -> None:
    data = seal(RECORD, ANN.sign)
    opened = open_envelope(data, KEYS)
    assert (opened.record, opened.signer) == (RECORD, "ann")
    assert len(opened.digest) == 64


def test_it_is_a_statement_about_the_bundle() -> None:
    said = statement(seal(RECORD, ANN.sign))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://headway.dev/record/v1"
    assert said["subject"] == [{"name": "delay@1.0.0", "digest": {"sha256": "ab" * 32}}]


def test_without_a_bundle_it_is_a_statement_about_main() -> None:
    said = statement(seal(structs.replace(RECORD, subject=Subject(model="delay")), ANN.sign))
    assert said["subject"] == [{"name": "delay", "digest": {"gitCommit": "c" * 40}}]


def test_the_first_record_of_an_empty_repository_has_a_subject_too() -> None:
    first = structs.replace(RECORD, subject=Subject(), main="", seen=Signers(signers=(ANN.listed(),)))
    assert open_envelope(seal(first, ANN.sign), KEYS).record == first


def test_another_implementation_of_dsse_accepts_it() -> None:
    envelope = Envelope.from_dict(json.loads(seal(RECORD, ANN.sign)))
    key = SSlibKey("ann", "ed25519", "ed25519", {"public": ANN.public})
    assert set(envelope.verify([key], 1)) == {"ann"}
    other = SSlibKey("ann", "ed25519", "ed25519", {"public": MemorySigning("eve").public})
    with pytest.raises(VerificationError):
        envelope.verify([other], 1)


def test_we_accept_what_another_implementation_signed() -> None:
    theirs = Envelope(b"{}", "application/vnd.in-toto+json", {})
    signature = ANN.sign(theirs.pae())
    assert enclose(b"{}", "ann", ANN.sign) == msgspec.json.encode(
        {
            "payload": b64encode(b"{}").decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"keyid": "ann", "sig": b64encode(signature).decode()}],
        }
    )


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    sealed = seal(RECORD, ANN.sign)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sealed[at]))
    with pytest.raises(EnvelopeError):
        open_envelope(sealed[:at] + bytes([other]) + sealed[at + 1 :], KEYS)


def test_another_spelling_of_the_same_envelope_is_refused() -> None:
    spaced = json.dumps(json.loads(seal(RECORD, ANN.sign))).encode()
    with pytest.raises(EnvelopeError, match="another spelling"):
        open_envelope(spaced, KEYS)


def envelope_of(record: dict[str, object]) -> bytes:
    payload = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "delay@1.0.0", "digest": {"sha256": "ab" * 32}}],
        "predicateType": "https://headway.dev/record/v1",
        "predicate": record,
    }
    return enclose(json.dumps(payload).encode(), "ann", ANN.sign)


def plain() -> dict[str, object]:
    value: dict[str, object] = msgspec.to_builtins(RECORD)
    return value


def test_a_record_of_an_unknown_kind_is_refused() -> None:
    assert open_envelope(envelope_of(plain()), KEYS).record == RECORD
    with pytest.raises(EnvelopeError, match="kind that is known"):
        open_envelope(envelope_of({**plain(), "seen": {"kind": "rumour"}}), KEYS)


def test_a_record_about_something_else_than_its_statement_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="subject"):
        open_envelope(envelope_of({**plain(), "subject": {"model": "other"}}), KEYS)


def test_a_record_in_anothers_name_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="signed by 'ann', but the record says 'bob'"):
        open_envelope(envelope_of({**plain(), "signer": "bob"}), KEYS)


@pytest.mark.parametrize("change", [{"payloadType": "text/plain"}, {"signatures": []}, {"extra": 1}])
def test_another_envelope_is_refused(change: dict[str, object]) -> None:
    envelope = json.loads(seal(RECORD, ANN.sign))
    with pytest.raises(EnvelopeError, match="not a DSSE envelope"):
        open_envelope(msgspec.json.encode({**envelope, **change}), KEYS)


def test_two_signatures_are_refused() -> None:
    envelope = json.loads(seal(RECORD, ANN.sign))
    with pytest.raises(EnvelopeError, match="one signature"):
        open_envelope(msgspec.json.encode({**envelope, "signatures": envelope["signatures"] * 2}), KEYS)


@pytest.mark.parametrize("data", [b" " * (MOST_BYTES + 1), b"[" * 200_000, b"", b"\xff\xfe", b"null"])
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(data, KEYS)


def test_a_deeply_nested_record_is_refused() -> None:
    nested = '{"a":' * 50_000 + "1" + "}" * 50_000
    with pytest.raises(EnvelopeError):
        open_envelope(enclose(nested.encode(), "ann", ANN.sign), KEYS)


def test_a_payload_that_is_no_text_is_refused() -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(enclose(b'{"\x80":1}', "ann", ANN.sign), KEYS)


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_what_could_not_be_read_again_is_not_signed(number: float) -> None:
    verdict = Verdict(name="drift", rule="drift/1", inputs={}, answer=Answer.FAIL, numbers={"score": number})
    record = structs.replace(RECORD, seen=Alerted(monitor="drift", state="raised"), verdicts=(verdict,))
    with pytest.raises(EnvelopeError):
        seal(record, ANN.sign)
