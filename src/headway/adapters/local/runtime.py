"""One machine as a target: objects in, processes and traffic out, through the supervisor that outlives this process."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import structs

from headway.adapters.local import wish
from headway.adapters.local.admin import ask_model
from headway.adapters.local.client import call, start
from headway.adapters.local.counts import counted
from headway.adapters.local.memory import Memory
from headway.adapters.local.pairing import Pairing
from headway.adapters.local.process import alive, identify
from headway.adapters.local.records import records_file, records_key
from headway.adapters.local.words import (
    Answer,
    Apply,
    Beat,
    Carried,
    Down,
    Look,
    Place,
    PodView,
    Request,
    Reset,
    Timing,
    View,
    Work,
    place_key,
)
from headway.evidence.bundle import BUNDLE_FILE
from headway.evidence.summary import Summary
from headway.evidence.window import Arm, total
from headway.reconcile.ports import Observed, PodSummary, PortError, Store, UnreachableError, Workload
from headway.render.manifest import Object, ref
from headway.render.traffic.envoy.names import arm_names, cluster_name
from headway.render.traffic.envoy.server import EDGES_MS

__all__ = ["SERVER", "LocalRuntime", "Timing"]

SERVER = (sys.executable, "-m", "headway.serve")
_DOWN_S = 120.0
_SUMMARY_S = 1.0
_AT_ONCE = 8
# Endpoints are withdrawn before a process is told to end, so it need not wait for stragglers.
_QUIET_S = "0.2"
_TRIES = 3


class _Runs(msgspec.Struct, frozen=True):
    """What of a bundle's manifest decides how it is started."""

    runtime: str = "onnx"


class LocalRuntime:
    """Implements `ports.Runtime`.

    `folder` is the run folder (.headway/run); `interpreter` gives the Python of a bundle's requirements, asked only
    for bundles that are not served as ONNX; `listen` is where an environment's routes are met when they do not say.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        interpreter: Callable[[Path], str],
        listen: Mapping[str, str] | None = None,
        timing: Timing | None = None,
        server: Sequence[str] = SERVER,
    ) -> None:
        self._root = folder.absolute()
        self._store = store
        self._interpreter = interpreter
        self._listen = dict(listen or {})
        self._timing = timing or Timing()
        self._server = tuple(server)
        self._memory = Memory(self._root / "memory.db")
        self._pairing = Pairing()

    def apply(self, model: str, environment: str, objects: Sequence[Object]) -> None:
        """Bring one model in one environment to these objects; what is no longer among them ends after its traffic.

        Returns at once: `observe` tells how far it is.  A route gets into force when what it needs is ready.
        """
        found = wish.deployments(objects)
        route = wish.route_of(objects)
        carried = None
        if route:
            if (route.model, route.environment) != (model, environment):
                raise PortError(f"the route is of {route.model} in {route.environment}, not {model} in {environment}")
            route = structs.replace(route, listen=route.listen or self._listen.get(environment, "127.0.0.1:0"))
            carried = Carried(route=route, works=wish.carriers(route, objects, found))
        place = Place(
            model=model,
            environment=environment,
            works=tuple(self._work(model, one) for one in found),
            wished=carried,
            objects=tuple(objects),
        )
        self._call(Apply(place=place, timing=self._timing), begin=True)

    def observe(self, model: str, environment: str) -> Observed:
        """What runs now; empty when nothing was ever applied.  A supervisor that died is not started by looking."""
        answer = call(self._root, Look(model=model, environment=environment))
        if answer is None and self._began():
            return Observed(unseen=f"the supervisor of {self._root} does not run; `headway up` starts it again")
        if answer is None or answer.view is None:
            return Observed()
        view = answer.view
        place = view.place
        counted = _counts(view)
        return Observed(
            objects={ref(item): item for item in place.objects},
            workloads=tuple(_workload(view, work) for work in place.works),
            address=f"{place.host}:{place.port}" if view.listening else "",
            weights=place.force.route.weights if place.force else {},
            counts={version: total(arms) for version, arms in counted.items()},
            groups=counted if place.force and place.force.route.split == "users" else {},
            edges_ms=EDGES_MS,
            pairs=self._pairing.look(view),
            epoch=view.epoch,
            summaries=_summaries(view),
            tripped=place.tripped,
        )

    def remember(self, key: str, value: bytes) -> None:
        """Store a rollout's state; it is on the disk when this returns."""
        self._memory.write({key: value})

    def recall(self, key: str) -> bytes | None:
        """Read it back; None when there is none."""
        return self._memory.read(key)

    def beat(self) -> None:
        """Tell the supervisor that the decider lives; starts it anew when it died."""
        self._call(Beat())

    def reset_now(self, model: str, environment: str, why: str = "a person asked for stable at once") -> bool:
        """Every request to stable, whoever runs or does not; False when there is no candidate to take them from."""
        answer = self._call(Reset(model=model, environment=environment, why=why))
        return bool(answer and answer.did)

    def supervisor(self) -> int:
        """The process id of the supervisor; 0 when none runs.  Starts none, and is no beat."""
        answer = call(self._root, Look(model="", environment=""))
        return answer.pid if answer else 0

    def shut_down(self) -> bool:
        """End traffic, then models, then Envoy, then the supervisor, and wait for it; False when nothing ran."""
        if not self._began() and call(self._root, Beat()) is None:
            return False
        hello = self._call(Beat())
        who = identify(hello.pid, str(self._root)) if hello else None
        self._call(Down(), timeout_s=_DOWN_S)
        limit = time.monotonic() + _DOWN_S
        while time.monotonic() < limit:
            if who is None or not alive(who):
                return True
            time.sleep(0.02)
        raise UnreachableError(f"the supervisor of {self._root} has not ended within {_DOWN_S:g} s")

    def logs(self, model: str, environment: str) -> tuple[Path, ...]:
        """The log files of a model's processes, the newest last."""
        found = (self._root / "logs").glob(f"{place_key(model, environment)}.*.log")
        return tuple(sorted(found, key=lambda path: path.stat().st_mtime))

    def _began(self) -> bool:
        return (self._root / "supervisor.db").exists()

    def _call(self, request: Request, *, begin: bool = False, timeout_s: float = 10.0) -> Answer | None:
        """Ask the supervisor, started first when it died or when `begin`; None when there is nothing to ask about."""
        for _ in range(_TRIES):
            answer = call(self._root, request, timeout_s=timeout_s)
            if answer or not (begin or self._began()):
                return answer
            start(self._root)
        raise UnreachableError(f"the supervisor of {self._root} ends again and again; see its supervisor.log there")

    def _work(self, model: str, one: wish.Deployment) -> Work:
        bundle = self._bundle(one.bundle)
        command = [*self._server, str(bundle), "--host", "127.0.0.1", "--port", "0", "--digest", one.bundle]
        command += ["--environment", one.environment, "--drain", f"{one.drain_s:g}", "--quiet", _QUIET_S]
        for flag, value in one.options:
            if flag != "--drain":
                command += [flag, self._argument(model, one, flag, value)]
        if self._runs(bundle) == "python":
            command += ["--python", self._interpreter(bundle)]
        return Work(
            name=one.name,
            version=one.version,
            bundle=one.bundle,
            command=tuple(command),
            env=dict(one.env),
            replicas=one.replicas,
            drain_s=one.drain_s,
        )

    def _argument(self, model: str, one: wish.Deployment, flag: str, value: str) -> str:
        """An argument of a container as it is on this machine: files lie elsewhere."""
        if flag == "--records" and not value.startswith(("http://", "https://")):
            return str(records_file(self._root, model, one.environment))
        if flag == "--records-key":
            return str(records_key(self._root))
        return _placed(self._root / "mounts" / f"{place_key(model, one.environment)}.{one.name}", one.files, value)

    def _bundle(self, digest: str) -> Path:
        """The bundle's folder on this machine: placed once, verified by the store, never written again."""
        if not digest.isalnum():
            raise PortError(f"{digest!r} is no digest of a bundle")
        target = self._root / "bundles" / digest
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._store.place(digest, target)
            for path in target.rglob("*"):
                if path.is_file():
                    path.chmod(0o444)
        return target

    def _runs(self, bundle: Path) -> str:
        try:
            return msgspec.json.decode((bundle / BUNDLE_FILE).read_bytes(), type=_Runs).runtime
        except (OSError, msgspec.DecodeError) as error:
            raise PortError(f"{bundle / BUNDLE_FILE} cannot be read: {error}. Package the version again.") from error


def _placed(folder: Path, files: Mapping[str, Mapping[str, str]], value: str) -> str:
    """An argument that names a file in a mounted ConfigMap, as the path of that file here."""
    for mount, texts in files.items():
        name = value.removeprefix(mount.rstrip("/") + "/")
        if name != value and name in texts:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{name}.new")
            fresh.write_text(texts[name])
            fresh.replace(path)
            return str(path)
    return value


def _workload(view: View, work: Work) -> Workload:
    ready = sum(
        1 for pod in view.pods if pod.work == work.name and pod.version == work.version and pod.state == "ready"
    )
    return Workload(
        name=work.name,
        version=work.version,
        bundle=work.bundle,
        wanted=work.replicas,
        ready=ready,
        trouble=view.troubles.get(work.name, "") or view.troubles.get("", ""),
    )


def _counts(view: View) -> dict[str, tuple[Arm, ...]]:
    """Counts by version, and of each by groups of users (one group where users are not kept apart).

    None while Envoy does not answer, which a reader must not take for silence of users.
    """
    if not view.place.force:
        return {}
    route = view.place.force.route
    arms = {back.version: arm_names(route, back) for back in route.backends}
    # Of groups nobody knows which one's attempts are under way.
    owns = {
        name: cluster_name(route, back) if len(arms[back.version]) == 1 else ""
        for back in route.backends
        for name in arms[back.version]
    }
    with suppress(ValueError):
        seen = counted(Path(view.admin), owns)
        return {version: tuple(seen[name] for name in names) for version, names in arms.items()} if seen else {}
    return {}


def _summaries(view: View) -> tuple[PodSummary, ...]:
    """What every ready process has seen; one that does not answer in time is left out."""
    path = f"/v2/models/{view.place.model}/summary"

    def ask_one(pod: PodView) -> bytes | None:
        return ask_model(pod.port, path, timeout_s=_SUMMARY_S)

    ready = [pod for pod in view.pods if pod.state == "ready"]
    if len(ready) > 1:
        with ThreadPoolExecutor(min(_AT_ONCE, len(ready))) as pool:
            bodies = list(pool.map(ask_one, ready))
    else:  # threads cost more than the question
        bodies = [ask_one(pod) for pod in ready]
    found = []
    for pod, body in zip(ready, bodies, strict=True):
        with suppress(msgspec.DecodeError):
            if body is not None:
                summary = msgspec.json.decode(body, type=Summary)
                found.append(PodSummary(pod=pod.name, version=pod.version, summary=summary))
    return tuple(found)
