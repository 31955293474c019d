"""Joins the answers of two versions to the same requests, as long as this process looks; a new process begins anew."""

import msgspec
from msgspec import Struct

from headway.adapters.local.admin import ask_model
from headway.adapters.local.words import PodView, View
from headway.evidence.pairs import Answer, Latest, Pairs, added, compared

__all__ = ["Pairing"]

_ANSWER_S = 1.0
# Answers that wait for the other version's: as many as a server keeps.
_MOST = 8192


class _Joined(Struct):
    """One place under one observer: how far each process was read, whose answers wait, and what was found."""

    epoch: str
    numbers: dict[str, int]
    waiting: dict[str, dict[str, Answer]]
    total: Pairs = Pairs()


class Pairing:
    """Sums of pairs by place; asked at every look."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], _Joined] = {}

    def look(self, view: View) -> Pairs | None:
        """The pairs since this observer began; None where requests are not copied."""
        key, force = (view.place.model, view.place.environment), view.place.force
        copied = [back.version for back in force.route.backends if back.weight > 0] if force else []
        if not force or force.route.split != "copies" or len(copied) != 2:
            return None
        joined = self._places.get(key)
        if joined is None or joined.epoch != view.epoch:
            joined = self._places[key] = _Joined(
                epoch=view.epoch, numbers={}, waiting={version: {} for version in copied}
            )
        for pod in view.pods:
            if pod.state == "ready" and pod.version in joined.waiting:
                for answer in _latest(view.place.model, pod, joined):
                    _join(joined, pod.version, answer)
        return joined.total


def _latest(model: str, pod: PodView, joined: _Joined) -> tuple[Answer, ...]:
    """What a process answered since it was asked before; nothing when it does not tell."""
    target = f"/v2/models/{model}/answers?after={joined.numbers.get(pod.name, 0)}"
    body = ask_model(pod.port, target, timeout_s=_ANSWER_S, nonce=pod.nonce)
    try:
        latest = msgspec.json.decode(body or b"", type=Latest)
    except msgspec.DecodeError:
        return ()
    joined.numbers[pod.name] = latest.number
    return latest.answers


def _join(joined: _Joined, version: str, answer: Answer) -> None:
    """Compare with the other version's answer if that is there; else wait for it, the oldest giving way."""
    stable, candidate = joined.waiting
    there = joined.waiting[candidate if version == stable else stable].pop(answer.pair, None)
    if there is not None:
        first, second = (answer, there) if version == stable else (there, answer)
        joined.total = added(joined.total, compared(first, second))
        return
    mine = joined.waiting[version]
    mine[answer.pair] = answer
    if len(mine) > _MOST:
        del mine[next(iter(mine))]
