"""The release statement: a signed SLSA verification summary that lets one bundle into one environment.

`headway serve` and the init container ask it before they start, so it imports nothing of records or specs.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from headway.evidence.dsse import EnvelopeError, enclose, verified
from headway.evidence.statement import Descriptor, Statement

__all__ = ["VSA_TYPE", "ReleaseClaim", "check_release", "read_release", "release_statement"]

VSA_TYPE = "https://slsa.dev/verification_summary/v1"

_RESOURCE = re.compile(r"headway://(?P<environment>[^/@]+)/(?P<model>[^/@]+)@(?P<version>[^/@]+)", re.ASCII)


class ReleaseClaim(Struct, frozen=True, kw_only=True):
    """What a release statement says: this bundle passed what was asked of it for this environment.

    `policy` is the digest of what was asked (`wish_digest`), `evidence` the digests of the records it rests on, `at`
    RFC 3339 in UTC.
    """

    model: str
    version: str
    bundle: str
    environment: str
    policy: str
    signer: str
    at: str
    evidence: tuple[str, ...] = ()


class _Verifier(Struct, frozen=True, kw_only=True):
    id: str


class _Named(Struct, frozen=True, kw_only=True):
    uri: str
    digest: dict[str, str]


class _Summary(Struct, frozen=True, kw_only=True, rename="camel"):
    """The predicate (slsa.dev/spec/v1.1/verification_summary)."""

    verifier: _Verifier
    time_verified: str
    resource_uri: str
    policy: _Named
    input_attestations: tuple[_Named, ...] = ()
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: tuple[str, ...]
    slsa_version: str = "1.1"


_decoder = msgspec.json.Decoder(Statement[_Summary])


def release_statement(claim: ReleaseClaim, sign: Callable[[bytes], bytes]) -> bytes:
    """Sign the statement that lets `claim.bundle` into `claim.environment`: a DSSE envelope.

    ValueError when a name could be read as another one.
    """
    resource = f"headway://{claim.environment}/{claim.model}@{claim.version}"
    if not _RESOURCE.fullmatch(resource):
        raise ValueError(f"{resource!r} does not name an environment, a model and a version")
    summary = _Summary(
        verifier=_Verifier(id=f"https://headway.dev/decider/{claim.signer}"),
        time_verified=claim.at,
        resource_uri=resource,
        policy=_Named(uri="https://headway.dev/wish", digest={"sha256": claim.policy}),
        input_attestations=tuple(
            _Named(uri="https://headway.dev/record/v1", digest={"sha256": digest}) for digest in claim.evidence
        ),
        verification_result="PASSED",
        verified_levels=("SLSA_BUILD_LEVEL_UNEVALUATED", "HEADWAY_GATES_PASSED"),
    )
    statement = Statement(
        subject=(Descriptor(name=f"{claim.model}@{claim.version}", digest={"sha256": claim.bundle}),),
        predicate_type=VSA_TYPE,
        predicate=summary,
    )
    return enclose(msgspec.json.encode(statement), claim.signer, sign)


def read_release(envelope: bytes, keys: Mapping[str, str]) -> ReleaseClaim:
    """What a release statement says, once one of `keys` (name to public key in hex) is shown to have signed it.

    EnvelopeError says why it does not count.
    """
    payload, signer = verified(envelope, keys)
    try:
        statement = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise EnvelopeError(f"not a release statement: {fault}") from None
    summary = statement.predicate
    place = _RESOURCE.fullmatch(summary.resource_uri)
    if statement.predicate_type != VSA_TYPE or place is None or len(statement.subject) != 1:
        raise EnvelopeError("not a release statement: it names no single bundle, or is of another kind")
    if summary.verification_result != "PASSED":
        raise EnvelopeError(f"the checks ended with {summary.verification_result}")
    return ReleaseClaim(
        model=place["model"],
        version=place["version"],
        bundle=statement.subject[0].digest.get("sha256", ""),
        environment=place["environment"],
        policy=summary.policy.digest.get("sha256", ""),
        signer=signer,
        at=summary.time_verified,
        evidence=tuple(named.digest.get("sha256", "") for named in summary.input_attestations),
    )


def check_release(envelope: bytes, *, keys: Mapping[str, str], bundle: str, environment: str) -> str:
    """Why this statement does not let `bundle` into `environment`; empty when it does.

    `keys` are the deciders of the environment by name, from outside Git.

    >>> check_release(b"{}", keys={}, bundle="b", environment="production")[:30]
    'the release statement is refus'
    """
    try:
        claim = read_release(envelope, keys)
    except EnvelopeError as fault:
        return f"the release statement is refused: {fault}"
    if claim.environment != environment:
        return f"the release statement is for {claim.environment!r}, not for {environment!r}"
    if not bundle or claim.bundle != bundle:
        return f"the release statement names bundle {claim.bundle[:12]}…, and this is {bundle[:12]}…"
    return ""
