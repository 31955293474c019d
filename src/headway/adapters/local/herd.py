"""The model processes of all places: looked at, started with back-off, ended gently.  Knows no weights."""

import secrets
import signal
import subprocess
import time

from msgspec import structs

from headway.adapters.local import pods as processes
from headway.adapters.local.choice import leaving
from headway.adapters.local.ledger import Ledger
from headway.adapters.local.process import alive, end_session, send
from headway.adapters.local.words import Pod, Work

__all__ = ["Herd"]

_KILL_AFTER_S = 5.0


class Herd:
    """Brings the processes to what the ledger's places wish."""

    def __init__(self, ledger: Ledger, folders: processes.Folders) -> None:
        self._ledger = ledger
        self._folders = folders
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def step(self, held: frozenset[str]) -> None:
        """Look, end, start; places in `held` are still losing traffic and end nothing yet."""
        self._look()
        self._end_spare(held)
        for key, place in self._ledger.places.items():
            for work in place.works:
                self._start_missing(key, work)

    def pending(self) -> bool:
        """Is any process starting or leaving?"""
        return any(not pod.port or pod.leaving for pod in self._ledger.pods.values())

    def ready(self, key: str) -> dict[str, int]:
        """Ready processes of a place by work."""
        counts: dict[str, int] = {}
        for pod in self._ledger.pods.values():
            if pod.place == key and pod.port and not pod.leaving:
                counts[pod.work.name] = counts.get(pod.work.name, 0) + 1
        return counts

    def troubles(self, key: str) -> dict[str, str]:
        """The last words of works that failed, until they have been ready again."""
        ready = self.ready(key)
        return {
            name: processes.tail(processes.log_of(self._folders, key, name)) or "it ended without a word"
            for place, name in self._failures
            if place == key and not ready.get(name)
        }

    def end_all(self) -> None:
        """End every process and wait until all are gone; the rude are killed when their time is over."""
        for pod in list(self._ledger.pods.values()):
            self._tell(pod, signal.SIGTERM)
        while self._ledger.pods:
            self._look()
            self._end_spare(frozenset())
            time.sleep(0.02)

    def _look(self) -> None:
        for pod in list(self._ledger.pods.values()):
            child = self._children.get(pod.nonce)
            ended = child.poll() is not None if child else not (pod.who and alive(pod.who))
            if ended:
                self._forget(pod)
            elif pod.port == 0 and not pod.leaving:
                self._await_ready(pod)

    def _await_ready(self, pod: Pod) -> None:
        port = processes.ready_port(self._folders, pod)
        if port:
            self._ledger.put_pod(structs.replace(pod, port=port))
        elif time.time() - pod.began > self._ledger.timing.start and pod.who:
            send(pod.who, signal.SIGKILL)

    def _forget(self, pod: Pod) -> None:
        """A process ended.  Unless it was told to, its work waits longer after every failure in a row."""
        self._children.pop(pod.nonce, None)
        if pod.who:
            end_session(pod.who)
        self._ledger.drop_pod(pod.nonce)
        (self._folders.pods / f"{pod.nonce}.json").unlink(missing_ok=True)
        if pod.leaving:
            return
        timing = self._ledger.timing
        count, _ = self._failures.get((pod.place, pod.work.name), (0, 0.0))
        count = 1 if time.time() - pod.began > timing.restart_most else count + 1
        pause = min(timing.restart_most, timing.restart_first * 2 ** min(count - 1, 16))
        self._failures[pod.place, pod.work.name] = (count, time.monotonic() + pause)

    def _end_spare(self, held: frozenset[str]) -> None:
        """End what nothing needs: out of the endpoints first, a signal after, force in the end."""
        now = time.time()
        for key in {pod.place for pod in self._ledger.pods.values()} - held:
            own = tuple(pod for pod in self._ledger.pods.values() if pod.place == key and not pod.leaving)
            for pod in leaving(self._ledger.places.get(key), own, self.ready(key)):
                self._ledger.put_pod(structs.replace(pod, leaving=now))
        for pod in list(self._ledger.pods.values()):
            if pod.leaving and not pod.told and now - pod.leaving > self._ledger.timing.settle:
                self._tell(pod, signal.SIGTERM)
            elif pod.told and now - pod.told > pod.work.drain_s + _KILL_AFTER_S:
                self._tell(pod, signal.SIGKILL)

    def _tell(self, pod: Pod, what: signal.Signals) -> None:
        if pod.who:
            send(pod.who, what)
        now = time.time()
        self._ledger.put_pod(structs.replace(pod, told=now, leaving=pod.leaving or now))

    def _start_missing(self, key: str, work: Work) -> None:
        fresh = [
            pod
            for pod in self._ledger.pods.values()
            if pod.place == key and not pod.leaving and structs.replace(pod.work, replicas=work.replicas) == work
        ]
        _, after = self._failures.get((key, work.name), (0, 0.0))
        if time.monotonic() >= after:
            for _ in range(work.replicas - len(fresh)):
                self._start(Pod(place=key, work=work, nonce=secrets.token_hex(16), began=time.time()))

    def _start(self, pod: Pod) -> None:
        self._ledger.put_pod(pod)
        try:
            who, child = processes.spawn(self._folders, pod)
        except OSError as error:
            with processes.log_of(self._folders, pod.place, pod.work.name).open("a") as log:
                log.write(f"cannot be started: {error}\n")
            self._forget(pod)
            return
        self._children[pod.nonce] = child
        self._ledger.put_pod(structs.replace(pod, who=who))
