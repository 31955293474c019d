"""What the supervisor does for those who ask, and its step: processes, then traffic.

Every step may be the last: what must not be forgotten is on the disk before it is done.
"""

import sys
import time
from pathlib import Path

from msgspec import structs

from headway.adapters.local import pods as processes
from headway.adapters.local.addresses import address
from headway.adapters.local.choice import candidate_lives, crowded, reset
from headway.adapters.local.herd import Herd
from headway.adapters.local.ledger import Ledger
from headway.adapters.local.router import Router
from headway.adapters.local.traffic import Mover
from headway.adapters.local.words import Carried, Place, Pod, PodView, Timing, View, place_key

__all__ = ["Keeper"]

_TRIM_S = 10.0
_LOG_MOST = 16 * 2**20
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")


class Keeper:
    """Owns Envoy and the model processes.  `step` is called often and does what can be done now."""

    def __init__(self, root: Path, run: Path, program: str) -> None:
        self._folders = folders = processes.Folders(root)
        self._trimmed = 0.0
        log = folders.logs / "envoy.log"
        self._admin = run / "admin"
        self._ledger = Ledger(root / "supervisor.db")
        self._herd = Herd(self._ledger, folders)
        router = Router(folders.envoy, admin=self._admin, log=log, program=program)
        self._mover = Mover(self._ledger, self._herd, router, gone=run / "gone", log=log)
        self._heard = time.monotonic()

    def hear(self) -> None:
        """The decider lives."""
        self._heard = time.monotonic()

    def apply(self, wish: Place, timing: Timing) -> str:
        """Take a wish over; a sentence when it cannot be had."""
        key = place_key(wish.model, wish.environment)
        old = self._ledger.places.get(key, wish)
        place = structs.replace(old, works=wish.works, wished=wish.wished, objects=wish.objects)
        if not candidate_lives(wish.wished):
            place = structs.replace(place, tripped="")
        if wish.wished:
            problem = self._crowded(key, wish.wished)
            if problem:
                return problem
            found = self._address(key, place, wish.wished.route.listen)
            if isinstance(found, str):
                return found
            place = structs.replace(place, host=found[0], port=found[1])
        self._ledger.put_timing(timing)
        self._ledger.put_place(key, place)
        self.hear()
        return ""

    def _crowded(self, key: str, wished: Carried) -> str:
        """Why there is no room for another place, or for more versions in one; those that are there stay."""
        there = {other: len(held.wished.route.backends) for other, held in self._ledger.places.items() if held.wished}
        versions = len(wished.route.backends)
        if versions <= max(there.get(key, 0), 2 if key in there else 0):
            return ""
        return crowded([*{**there, key: versions}.values()], _inotify_instances())

    def _address(self, key: str, place: Place, listen: str) -> tuple[str, int] | str:
        """The address to listen on: the one in use, the one used before, the one wished, or a free one."""
        held = (place.host, place.port) if place.force else None
        others = [each for other, each in self._ledger.places.items() if other != key and each.port]
        taken = {(each.host, each.port): f"{each.model} in {each.environment}" for each in others}
        return address(listen, held=held, before=place.port, taken=taken, model=place.model)

    def trip(self, key: str, why: str) -> bool:
        """Take every request of a place to stable; False when there is no candidate to take them from."""
        place = self._ledger.places.get(key)
        if place is None:
            return False
        tripped = reset(place, why)
        self._ledger.put_place(key, tripped)
        return tripped != place

    def view(self, key: str) -> View | None:
        """A place as it is."""
        place = self._ledger.places.get(key)
        if place is None:
            return None
        engine = self._ledger.engine
        trouble = self._mover.trouble()
        return View(
            place=place,
            pods=tuple(_view(pod) for pod in self._ledger.pods.values() if pod.place == key),
            troubles=self._herd.troubles(key) | ({"": trouble} if trouble else {}),
            admin=str(self._admin),
            epoch=f"{engine.nonce if engine else 'none'}-{place.generation}",
            envoy_pid=engine.who.pid if engine and engine.who else 0,
            listening=self._mover.listening(key),
        )

    def step(self) -> bool:
        """Do what can be done now; is anything on its way, so that the next look should be soon?"""
        lease = self._ledger.timing.lease
        beating = time.monotonic() - self._heard <= lease
        if not beating:
            for key in list(self._ledger.places):
                self.trip(key, f"nothing was heard of `headway up` for {lease:g} s")
        self._herd.step(self._mover.held)
        self._mover.step(beating=beating)
        self._trim()
        return self._mover.pending() or self._herd.pending()

    def _trim(self) -> None:
        """A log that grew too long is kept once more under another name, and begun anew."""
        if time.monotonic() - self._trimmed > _TRIM_S:
            self._trimmed = time.monotonic()
            for log in self._folders.logs.glob("*.log"):
                processes.trim(log, _LOG_MOST)

    def down(self) -> None:
        """End traffic first, the models after, Envoy last of all; then there is nothing to remember."""
        self._mover.end()
        self._herd.end_all()
        self._mover.end_envoy()
        self._ledger.clear()


def _inotify_instances() -> int:
    """How many a user may have; without a bound where the system has none such."""
    try:
        return int(_INOTIFY.read_text())
    except (OSError, ValueError):
        return sys.maxsize


def _view(pod: Pod) -> PodView:
    return PodView(
        name=f"{pod.work.name}-{pod.nonce[:6]}",
        work=pod.work.name,
        version=pod.work.version,
        pid=pod.who.pid if pod.who else 0,
        port=pod.port,
        nonce=pod.nonce,
        state="leaving" if pod.leaving else "ready" if pod.port else "starting",
    )
