"""Texts for people: what `verify` and `replay` print of their views."""

from collections.abc import Sequence

from headway.app.proving import Proof
from headway.evidence.replay import Replayed

__all__ = ["proof_text", "replay_text"]


def proof_text(proof: Proof) -> str:
    """Line by line what was proven, found, or left open; the summary last."""
    lines = [
        f"{line.state.upper() if line.state == 'finding' else line.state:<10} {line.what}"
        + (f"\n{'':<11}{line.where}" if line.where else "")
        for line in proof.lines
    ]
    pinned = f"pinned in {proof.pinned}" if proof.pinned else "not pinned; `headway verify --pin` pins what is here now"
    return "\n".join([*lines, f"{proof.summary}: {proof.records} records, head {proof.head[:12] or 'none'}, {pinned}"])


def replay_text(found: Sequence[Replayed], *, every: bool) -> str:
    """Verdicts that did not come out the same (or every one), and how many did."""
    lines = [
        f"{again.outcome:<12} {again.subject}: {again.then.name}: {again.then.answer} by {again.then.rule}"
        + (f"\n{'':<13}{again.why}\n{'':<13}{again.path}" if again.why else "")
        for again in found
        if every or again.outcome != "same"
    ]
    same = sum(again.outcome == "same" for again in found)
    return "\n".join([*lines, f"{same} of {len(found)} verdicts came out the same"])
