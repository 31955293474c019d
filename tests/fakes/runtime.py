"""A runtime in memory: processes are ready at once, a test says what users met.  Same rules as the real one."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from headway.adapters.local import wish
from headway.adapters.local.choice import candidate_lives, next_force, reset
from headway.adapters.local.words import Carried, Place, Work, place_key
from headway.evidence.pairs import Pairs
from headway.evidence.window import Arm
from headway.reconcile.ports import Observed, PodSummary, PortError, Workload
from headway.render.manifest import Object, ref
from headway.render.traffic.envoy.server import EDGES_MS

__all__ = ["FakeRuntime"]


class Seen(Struct, frozen=True, kw_only=True):
    """What a test says of a place: counts by version, summaries, processes that are not ready, a new observer.

    `ready` says how many replicas of a version are, all where it says nothing; `silent` is an observer that does not
    answer, `unseen` why nothing can be seen.
    """

    counts: Mapping[str, Arm] = {}
    summaries: tuple[PodSummary, ...] = ()
    unready: frozenset[str] = frozenset()
    ready: Mapping[str, int] = {}
    observer: int = 0
    silent: bool = False
    pairs: Pairs | None = None
    groups: Mapping[str, tuple[Arm, ...]] = {}
    unseen: str = ""

    def ready_of(self, version: str, replicas: int) -> int:
        """How many replicas of a version are ready."""
        return 0 if version in self.unready else min(replicas, self.ready.get(version, replicas))


class FakeRuntime:
    """Implements `ports.Runtime`; `applied` and `beats` are there to be looked at."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.memory: dict[str, bytes] = {}
        self.applied: list[tuple[str, str]] = []
        self.beats = 0
        self.fault: PortError | None = None
        self.faults: dict[str, PortError] = {}  # by model
        self._seen: dict[str, Seen] = {}

    def apply(self, model: str, environment: str, objects: Sequence[Object]) -> None:
        """As the port says; at once."""
        self._may(model)
        key = place_key(model, environment)
        found = wish.deployments(objects)
        route = wish.route_of(objects)
        carried = Carried(route=route, works=wish.carriers(route, objects, found)) if route else None
        works = tuple(
            Work(name=one.name, version=one.version, bundle=one.bundle, command=(), replicas=one.replicas)
            for one in found
        )
        old = self.places.get(key, Place(model=model, environment=environment, port=8000 + len(self.places)))
        place = structs.replace(old, works=works, wished=carried, objects=tuple(objects))
        if not candidate_lives(carried):
            place = structs.replace(place, tripped="")
        self.applied.append((model, environment))
        self._settle(key, place)

    def observe(self, model: str, environment: str) -> Observed:
        """As the port says, with what the test said."""
        self._may(model)
        key = place_key(model, environment)
        place = self.places.get(key)
        if place is None:
            return Observed()
        seen = self._seen.get(key, Seen())
        if seen.unseen:
            return Observed(unseen=seen.unseen)
        backends = place.force.route.backends if place.force else ()
        zero = Arm(slower=(0,) * len(EDGES_MS))
        return Observed(
            objects={ref(item): item for item in place.objects},
            workloads=tuple(
                Workload(
                    name=work.name,
                    version=work.version,
                    bundle=work.bundle,
                    wanted=work.replicas,
                    ready=seen.ready_of(work.version, work.replicas),
                )
                for work in place.works
            ),
            address=f"127.0.0.1:{place.port}" if place.force else "",
            weights={back.version: back.weight for back in backends},
            counts={} if seen.silent else {back.version: seen.counts.get(back.version, zero) for back in backends},
            edges_ms=EDGES_MS,
            groups=seen.groups if place.force and place.force.route.split == "users" else {},
            pairs=seen.pairs if place.force and place.force.route.split == "copies" else None,
            epoch=f"{seen.observer}-{place.generation}",
            summaries=seen.summaries,
            tripped=place.tripped,
        )

    def remember(self, key: str, value: bytes) -> None:
        """As the port says."""
        self._may()
        self.memory[key] = value

    def recall(self, key: str) -> bytes | None:
        """As the port says."""
        self._may()
        return self.memory.get(key)

    def beat(self) -> None:
        """Count it."""
        self._may()
        self.beats += 1

    # -- what a test says

    def say(self, model: str, environment: str, **changes: object) -> None:
        """Set what `Seen` holds of a place."""
        key = place_key(model, environment)
        self._seen[key] = structs.replace(self._seen.get(key, Seen()), **changes)
        if key in self.places:
            self._settle(key, self.places[key])

    def trip(self, model: str, environment: str, why: str = "nothing was heard of `headway up`") -> None:
        """The dead-man switch takes traffic back to stable."""
        key = place_key(model, environment)
        self._settle(key, reset(self.places[key], why))

    def _settle(self, key: str, place: Place) -> None:
        seen = self._seen.get(key, Seen())
        ready = {work.name: seen.ready_of(work.version, work.replicas) for work in place.works}
        force = next_force(place, ready)
        changed = _counted(force) != _counted(place.force)
        self.places[key] = structs.replace(place, force=force, generation=place.generation + changed)

    def _may(self, model: str = "") -> None:
        if self.fault:
            raise self.fault
        if model in self.faults:
            raise self.faults[model]


def _counted(force: Carried | None) -> object:
    """What another of needs another observer."""
    return force and (force.works, force.route.split)
