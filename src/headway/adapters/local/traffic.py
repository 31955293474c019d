"""Moves traffic: from the places' wishes to Envoy's files, in the order that loses nothing.

Clusters first, routes when Envoy has them, listeners last; what is no longer routed to goes when Envoy has let go.
"""

import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import structs

from headway.adapters.local.choice import candidate_lives, next_force, reset
from headway.adapters.local.herd import Herd
from headway.adapters.local.ledger import Ledger
from headway.adapters.local.pods import tail
from headway.adapters.local.process import alive, send
from headway.adapters.local.router import Router, Taken
from headway.adapters.local.words import Carried, Engine, Place
from headway.render.traffic.envoy.clusters import Endpoint
from headway.render.traffic.envoy.names import cluster_name
from headway.render.traffic.envoy.resource import Limits

__all__ = ["Mover"]

_END_S = 5.0
_RESTART_S = 0.5
_SLOW_S = 3.0
# Looks in a row without a request under way, so that clients have met `Connection: close`.
_QUIET = 15
_LOOK_S = 0.02


class Mover:
    """Owns Envoy and what is in force."""

    def __init__(self, ledger: Ledger, herd: Herd, router: Router, *, gone: Path, log: Path) -> None:
        self._ledger = ledger
        self._herd = herd
        self._router = router
        self._gone = gone
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None
        self._taken = Taken()
        self._wanted = ("", "")
        self._not_before = 0.0
        self._settled = time.monotonic()
        self._problem = ""
        for key, place in ledger.places.items():
            ledger.put_place(key, self._taken_over(place))

    def _taken_over(self, place: Place) -> Place:
        """Counts cannot be compared over the gap; a candidate that Envoy may have given up begins again from zero."""
        place = structs.replace(place, generation=place.generation + 1)
        if not place.force or not candidate_lives(place.force):
            return place
        if not (self._ledger.engine and self._ledger.engine.who):
            return reset(place, "Envoy had ended; it starts again on stable")
        route = place.force.route
        silent = time.time() - min(self._router.beaten(cluster_name(route, back)) for back in route.backends[1:])
        if silent > self._ledger.timing.stale / 2:
            return reset(place, f"the supervisor was away for {silent:.1f} s, so Envoy may have gone back to stable")
        return place

    @property
    def held(self) -> frozenset[str]:
        """Places from which Envoy has not let go of a former route."""
        return frozenset(key for key, place in self._ledger.places.items() if place.retiring)

    def listening(self, key: str) -> bool:
        """Has Envoy taken this place's listener up?"""
        place = self._ledger.places[key]
        return place.force is not None and bool(self._wanted[1]) and self._taken.listeners == self._wanted[1]

    def pending(self) -> bool:
        """Has Envoy still to take something up?"""
        return bool(self.held) or (self._taken.clusters, self._taken.listeners) != self._wanted

    def trouble(self) -> str:
        """Why Envoy does not do as told, if it has not for a while."""
        if self._problem or time.monotonic() - self._settled < _SLOW_S:
            return self._problem
        return f"Envoy has not taken its files up: {tail(self._log) or 'it does not say why'}"

    def step(self, *, beating: bool) -> None:
        """Write what may be written now."""
        targets = {key: next_force(place, self._herd.ready(key)) for key, place in self._ledger.places.items()}
        if not self._ledger.engine and not any(targets.values()):
            return
        if not self._envoy_lives():
            self._begin_on_stable()
            targets = {key: next_force(place, self._herd.ready(key)) for key, place in self._ledger.places.items()}
        clusters = self._write_clusters(targets, beating=beating)
        if not self._ledger.engine:
            self._write_routes({key: target for key, target in targets.items() if target})
            self._start()
        self._wanted = (clusters, self._wanted[1])
        self._ask()
        if self._taken.clusters != clusters:
            return
        self._write_routes({key: target for key, target in targets.items() if target})
        self._close()
        self._wanted = (clusters, self._write_listeners())

    def end(self) -> None:
        """End traffic: no listener, and nothing under way, or the time for that is over."""
        if not self._envoy_lives():
            return
        version = self._router.listeners(())
        limit = time.monotonic() + _END_S
        quiet = 0
        while quiet < _QUIET and time.monotonic() < limit:
            taken = self._router.taken()
            quiet = quiet + 1 if taken and taken.listeners == version and not taken.active else 0
            time.sleep(_LOOK_S)

    def end_envoy(self) -> None:
        """End Envoy itself."""
        for what in (signal.SIGTERM, signal.SIGKILL):
            limit = time.monotonic() + _END_S
            while self._envoy_lives() and time.monotonic() < limit:
                if self._ledger.engine and self._ledger.engine.who:
                    send(self._ledger.engine.who, what)
                time.sleep(0.05)

    # -- Envoy

    def _envoy_lives(self) -> bool:
        if self._child and self._child.poll() is not None:
            self._child = None
            return False
        engine = self._ledger.engine
        return bool(engine and engine.who and alive(engine.who))

    def _begin_on_stable(self) -> None:
        """Envoy is not there: whatever was in force, the next one starts on stable."""
        if self._ledger.engine is None:
            return
        for key, place in self._ledger.places.items():
            tripped = reset(place, "Envoy ended; it starts again on stable")
            self._ledger.put_place(key, structs.replace(tripped, retiring=()))
        self._ledger.put_engine(None)
        self._taken = Taken()

    def _start(self) -> None:
        if time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + _RESTART_S
        self._wanted = (self._wanted[0], self._write_listeners())
        engine = Engine(nonce=secrets.token_hex(16), began=time.time())
        self._ledger.put_engine(engine)
        try:
            who, self._child = self._router.start(engine.nonce)
        except OSError as error:
            self._ledger.put_engine(None)
            self._problem = f"Envoy cannot be started: {error}"
            return
        self._problem = ""
        self._ledger.put_engine(structs.replace(engine, who=who))

    def _ask(self) -> None:
        """Ask Envoy what it has taken up, while anything is pending."""
        if (self._taken.clusters, self._taken.listeners) == self._wanted and not self.held:
            self._settled = time.monotonic()
            return
        self._taken = self._router.taken() or Taken()
        if self._taken.warming:
            self._taken = structs.replace(self._taken, clusters="")
        for key in self.held:
            if self._let_go(key):
                self._ledger.put_place(key, structs.replace(self._ledger.places[key], retiring=()))

    def _let_go(self, key: str) -> bool:
        """Has Envoy stopped sending requests the former way?"""
        if self._ledger.places[key].force is None:
            return self._taken.listeners == self._wanted[1] and not self._taken.draining
        return self._taken.routes.get(key) == self._router.versions.get(key, "never")

    # -- files

    def _write_clusters(self, targets: Mapping[str, Carried | None], *, beating: bool) -> str:
        beat = f".{int(time.monotonic() / self._ledger.timing.beat)}" if beating else ".0"
        routes = []
        for key, place in self._ledger.places.items():
            rows = [row for row in (targets[key], place.force, *place.retiring) if row]
            routes += [row.route for row in rows]
            for version in {back.version for row in rows for back in row.route.backends}:
                self._write_endpoints(key, rows, version, beat)
        return self._router.clusters(routes, self._limits())

    def _write_endpoints(self, key: str, rows: Sequence[Carried], version: str, beat: str) -> None:
        """A candidate's endpoints lapse without a beat; stable's never do, nor those of what becomes stable next.

        So a promoted version has no endpoints that could lapse when the route gives it every request.
        """
        force = self._ledger.places[key].force
        judge = force if force and version in force.works else rows[0]
        first = {row.route.backends[0].version for row in (judge, rows[0])}
        stable = version in first or version not in judge.works
        names = {name for row in rows for name in row.works.get(version, ())}
        ports = sorted(
            pod.port
            for pod in self._ledger.pods.values()
            if pod.place == key and pod.work.name in names and pod.port and not pod.leaving
        )
        points = [Endpoint(host="127.0.0.1", port=port) for port in ports]
        # Nobody listens at `gone`: who picks this arm fails at once, is charged to it, and is answered by stable.
        self._router.endpoints(
            f"{key}.{version}",
            points or [Endpoint(path=str(self._gone))],
            stale_s=None if stable else self._ledger.timing.stale,
            beat="" if stable else beat,
        )

    def _write_routes(self, targets: Mapping[str, Carried]) -> None:
        for key, target in targets.items():
            place = self._ledger.places[key]
            if target != place.force:
                force = place.force
                other = not force or _counted(force) != _counted(target)
                past = (*place.retiring, place.force) if place.force and other else place.retiring
                place = structs.replace(place, force=target, retiring=past, generation=place.generation + other)
                self._ledger.put_place(key, place)
            self._router.route(target.route, self._limits())

    def _close(self) -> None:
        """Places that wish for no route any more: their listener goes, and what it led to after it."""
        for key, place in self._ledger.places.items():
            if place.force and place.wished is None:
                past = (*place.retiring, place.force)
                self._ledger.put_place(key, structs.replace(place, force=None, retiring=past))

    def _write_listeners(self) -> str:
        return self._router.listeners(
            (key, place.host, place.port) for key, place in self._ledger.places.items() if place.force
        )

    def _limits(self) -> Limits:
        return Limits(stale_s=self._ledger.timing.stale, answer_s=self._ledger.timing.answer)


def _counted(carried: Carried) -> tuple[object, ...]:
    """What cannot change without another beginning of all counts."""
    return carried.works, carried.route.split, carried.route.header
