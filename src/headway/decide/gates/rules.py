"""The rules of the gates: from numbers to an answer.  Each is a pure function of JSON, so a record can be judged again.

A released rule never changes; a new one gets the next version and stands beside it.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from headway.decide.conclude import Rule, conclude
from headway.evidence.bundle import Signature
from headway.evidence.compatible import refusals
from headway.evidence.measurement import LatencyFacts, ScanFacts
from headway.evidence.verdict import Answer, Inputs, Verdict

__all__ = ["RULES", "Latency", "Scans", "Scored", "Signatures"]


class Scans(Struct, frozen=True, kw_only=True):
    """Inputs of `scan/1`: what stands in each model file."""

    name: str
    scans: tuple[ScanFacts, ...]


def scan_1(inputs: Inputs) -> Verdict:
    """Pass when every opcode of every model file was understood and allowed."""
    seen = msgspec.convert(inputs, Scans)
    refused = [(scan.file, what) for scan in seen.scans for what in scan.refused]
    if not seen.scans:
        return conclude("scan/1", seen, Answer.UNDECIDED, why="no model file was scanned, so nothing is known of any")
    if refused:
        shown = "; ".join(f"{file}: {what}" for file, what in refused[:5])
        more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
        why = (
            f"the model file holds what no policy allows: {shown}{more}. "
            "It would have passed with these types listed under `scan.allow` of a Policy, or written without them"
        )
        return conclude("scan/1", seen, Answer.FAIL, numbers={"refused": float(len(refused))}, why=why)
    return conclude("scan/1", seen, Answer.PASS, why=f"{len(seen.scans)} model files hold allowed types only")


class Scored(Struct, frozen=True, kw_only=True):
    """Inputs of `scored/1`: why measuring failed (empty: it did not), and test rows that got no answer."""

    name: str
    failed: str
    rows: int
    unscored: int


def scored_1(inputs: Inputs) -> Verdict:
    """Pass when measuring went through and every test row was answered."""
    seen = msgspec.convert(inputs, Scored)
    numbers = {"rows": float(seen.rows), "unscored": float(seen.unscored)}
    if seen.failed:
        why = f"the version could not be measured: {seen.failed}. It would have passed had it loaded and answered"
        return conclude("scored/1", seen, Answer.FAIL, numbers=numbers, why=why)
    if seen.unscored:
        why = (
            f"{seen.unscored:,} of {seen.rows:,} test rows got no answer; live requests like them would fail. "
            "It would have passed with an answer for every row: handle missing and unseen values, or drop such rows "
            "from the test data"
        )
        return conclude("scored/1", seen, Answer.FAIL, numbers=numbers, why=why)
    return conclude("scored/1", seen, Answer.PASS, numbers=numbers, why="every test row was answered")


class Latency(Struct, frozen=True, kw_only=True):
    """Inputs of `latency/1`: the quantile, its limit in seconds, the load in 1/s, and what was timed, if anything."""

    name: str
    quantile: str
    at_most: float
    at: float
    facts: LatencyFacts | None


# An open load that a busy machine sends up to a twentieth slower still says what it is asked to say.
REACHED = 0.95


def latency_1(inputs: Inputs) -> Verdict:
    """Compare a quantile under a stated load; a failed request fails, a load that was not reached never passes."""
    seen = msgspec.convert(inputs, Latency)
    facts = seen.facts
    if facts is None or facts.requests == 0 or seen.quantile not in facts.quantiles:
        why = f"no request was timed, and a {seen.quantile} of at most {_ms(seen.at_most)} is asked for"
        return conclude("latency/1", seen, Answer.UNDECIDED, why=why)
    found, load = facts.quantiles[seen.quantile], min(facts.offered, facts.answered)
    numbers = {"seconds": found, "load": load, "failures": float(facts.failures)}
    # At less load than asked for a quantile over the limit is a failure all the more.
    if facts.failures:
        answer = Answer.FAIL
        why = f"{facts.failures:,} of {facts.requests:,} requests failed; it would have passed without one"
    elif found > seen.at_most:
        answer = Answer.FAIL
        why = (
            f"the {seen.quantile} is {_ms(found)} at {load:.0f}/s, {_ms(found - seen.at_most)} over the limit; "
            f"it would have passed with {_ms(seen.at_most)} or less at {seen.at:g}/s"
        )
    elif load < REACHED * seen.at:
        answer = Answer.UNDECIDED
        why = (
            f"the load reached {load:.0f}/s of the {seen.at:g}/s asked for, so a {seen.quantile} of {_ms(found)} "
            "proves nothing; ask for less load, or measure on a faster machine"
        )
    else:
        answer = Answer.PASS
        why = f"the {seen.quantile} is {_ms(found)} at {load:.0f}/s: at most {_ms(seen.at_most)}"
    return conclude("latency/1", seen, answer, numbers=numbers, why=why)


class Signatures(Struct, frozen=True, kw_only=True):
    """Inputs of `signature/1`: what the candidate takes and what the live version takes (None: not known)."""

    name: str
    wanted: Literal["compatible", "any"]
    candidate: Signature | None
    live: Signature | None
    live_version: str


def signature_1(inputs: Inputs) -> Verdict:
    """Pass when no request that the live version accepts could be refused, or when `any` change is allowed."""
    seen = msgspec.convert(inputs, Signatures)
    if seen.wanted == "any":
        return conclude("signature/1", seen, Answer.PASS, why="any change of the signature is allowed")
    if not seen.live_version:
        return conclude(
            "signature/1", seen, Answer.NOT_APPLICABLE, why="there is no live version to be compatible with"
        )
    if seen.candidate is None or seen.live is None:
        return conclude("signature/1", seen, Answer.UNDECIDED, why="the signature of one side is not known")
    found = refusals(seen.live, seen.candidate)
    if found:
        why = (
            f"requests that {seen.live_version} accepts could be refused or answered otherwise: {'; '.join(found)}. "
            "It would have passed with these inputs optional and the outputs as they were, or with `signature: any`"
        )
        return conclude("signature/1", seen, Answer.FAIL, numbers={"refusals": float(len(found))}, why=why)
    return conclude("signature/1", seen, Answer.PASS, why=f"every request that {seen.live_version} accepts is accepted")


class Asked(Struct, frozen=True, kw_only=True):
    """Inputs of `asked/1`: the gates asked for by name, those that need no live version, and whether there is one."""

    name: str
    gates: tuple[str, ...]
    absolute: tuple[str, ...]
    live: bool


def asked_1(inputs: Inputs) -> Verdict:
    """No checks are not a pass; without a live version one gate must stand on its own."""
    seen = msgspec.convert(inputs, Asked)
    if not seen.gates:
        why = "no gate is asked for, so nothing was shown; ask for one, such as `{metric: auc, at_least: 0.7}`"
        return conclude("asked/1", seen, Answer.UNDECIDED, why=why)
    if not seen.live and not seen.absolute:
        why = (
            "there is no live version yet and every gate compares with one; "
            "the first version needs a gate on its own numbers, such as `at_least` or `latency`"
        )
        return conclude("asked/1", seen, Answer.UNDECIDED, why=why)
    return conclude("asked/1", seen, Answer.PASS, why=f"{len(seen.gates)} gates are asked for")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


RULES: Mapping[str, Rule] = {
    "asked/1": asked_1,
    "latency/1": latency_1,
    "scan/1": scan_1,
    "scored/1": scored_1,
    "signature/1": signature_1,
}
