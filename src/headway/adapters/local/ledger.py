"""What the supervisor must not forget: places, pods and Envoy, on the disk before they are acted on.

A supervisor that starts takes over what the one before it left, and nothing after the machine was started anew.
"""

from pathlib import Path

import msgspec
from msgspec import structs

from headway.adapters.local.memory import Memory
from headway.adapters.local.process import Identity, alive, boot_id, find
from headway.adapters.local.words import Engine, Place, Pod, Timing

__all__ = ["Ledger"]

_BOOT = "boot"
_ENVOY = "envoy"
_TIMING = "timing"


class Ledger:
    """Reads are from memory, writes go to the disk first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory = Memory(path)
        self._boot = boot_id()
        saved = self._memory.all()
        self.timing = msgspec.json.decode(saved.get(_TIMING, b"{}"), type=Timing)
        self.places: dict[str, Place] = {}
        self.pods: dict[str, Pod] = {}
        for key, data in saved.items():
            if key.startswith("place/"):
                self.places[key.removeprefix("place/")] = msgspec.json.decode(data, type=Place)
            if key.startswith("pod/"):
                pod = msgspec.json.decode(data, type=Pod)
                self.pods[pod.nonce] = structs.replace(pod, who=self._still(pod.who, pod.nonce))
        self.engine: Engine | None = None
        if saved.get(_BOOT) != self._boot.encode():
            self._begin_anew()
        elif _ENVOY in saved:
            engine = msgspec.json.decode(saved[_ENVOY], type=Engine)
            self.engine = structs.replace(engine, who=self._still(engine.who, engine.nonce))

    def _begin_anew(self) -> None:
        """The machine was started anew (or this is the first time): of the past only the addresses are kept."""
        ended = [f"pod/{nonce}" for nonce in self.pods] + [_ENVOY]
        self.pods = {}
        for key, place in self.places.items():
            self.places[key] = Place(model=place.model, environment=place.environment, host=place.host, port=place.port)
        kept = {f"place/{key}": msgspec.json.encode(place) for key, place in self.places.items()}
        self._memory.write(dict.fromkeys(ended) | kept | {_BOOT: self._boot.encode()})

    def _still(self, who: Identity | None, nonce: str) -> Identity | None:
        """The process as it runs now.  One that was about to be started when the writer died is found by its nonce."""
        if who is None:
            return find(nonce)
        return who if who.boot == self._boot and alive(who) else None

    def put_place(self, key: str, place: Place) -> None:
        """Note a place."""
        if self.places.get(key) != place:
            self._memory.write({f"place/{key}": msgspec.json.encode(place)})
        self.places[key] = place

    def put_pod(self, pod: Pod) -> None:
        """Note a pod."""
        if self.pods.get(pod.nonce) != pod:
            self._memory.write({f"pod/{pod.nonce}": msgspec.json.encode(pod)})
        self.pods[pod.nonce] = pod

    def drop_pod(self, nonce: str) -> None:
        """Forget a pod that ended."""
        self._memory.write({f"pod/{nonce}": None})
        self.pods.pop(nonce, None)

    def put_engine(self, engine: Engine | None) -> None:
        """Note Envoy, or that there is none."""
        self._memory.write({_ENVOY: msgspec.json.encode(engine) if engine else None})
        self.engine = engine

    def put_timing(self, timing: Timing) -> None:
        """Note the times to keep."""
        if timing != self.timing:
            self._memory.write({_TIMING: msgspec.json.encode(timing)})
        self.timing = timing

    def clear(self) -> None:
        """Forget everything: nothing runs any more."""
        self._path.unlink(missing_ok=True)
        self.places, self.pods, self.engine = {}, {}, None
