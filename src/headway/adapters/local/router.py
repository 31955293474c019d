"""One Envoy, driven by files: what it should know is written, and what it has taken up is asked for.

Knows no wish and no process of a model: clusters, endpoints and routes come in as values.
"""

import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from headway.adapters.local.admin import ask
from headway.adapters.local.pods import environment
from headway.adapters.local.process import Identity, identify_child
from headway.evidence.weights import Route
from headway.render.traffic.envoy.clusters import Endpoint, assignment, clusters
from headway.render.traffic.envoy.names import cluster_name, route_name
from headway.render.traffic.envoy.resource import Limits, Resource, discovery
from headway.render.traffic.envoy.routes import route_configuration
from headway.render.traffic.envoy.server import bootstrap, listener
from headway.spec.digest import canonical, digest

__all__ = ["Router", "Taken"]

_STATS = (
    r"^(cluster_manager\.(cds\.version_text|warming_clusters)"
    r"|http\..*\.(version_text|downstream_rq_active)"
    r"|listener_manager\.(lds\.version_text|total_listeners_(warming|draining)))$"
)
_ACK = f"/stats?type=All&filter={quote(_STATS, safe='')}"
_LINE = re.compile(r'^(?P<name>.+?): "?(?P<value>[^"]*)"?$')


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What Envoy has taken up: versions of its files, and how much is not settled yet."""

    clusters: str = ""
    listeners: str = ""
    routes: dict[str, str] = {}
    warming: int = 0
    draining: int = 0
    active: int = 0


class Router:
    """Writes Envoy's files.  A file is written anew only when its text changed."""

    def __init__(self, folder: Path, *, admin: Path, log: Path, program: str) -> None:
        self._folder = folder
        self._admin = admin
        self._log = log
        self._program = program
        self._written: dict[str, tuple[object, str]] = {}
        self.versions: dict[str, str] = {}

    def start(self, nonce: str) -> tuple[Identity | None, subprocess.Popen[bytes]]:
        """Start Envoy on the files as they are; OSError when it cannot start."""
        for old in self._folder.glob("bootstrap-*.json"):
            old.unlink()
        self._admin.unlink(missing_ok=True)
        file = self._folder / f"bootstrap-{nonce}.json"
        _replace(file, canonical(bootstrap(nonce, str(self._folder), str(self._admin))))
        command = [self._program, "-c", str(file), "--concurrency", "2", "--disable-hot-restart", "-l", "warn"]
        command += ["--drain-time-s", "2", "--drain-strategy", "immediate"]
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment({}),
                start_new_session=True,
            )
        return identify_child(child, nonce), child

    def clusters(self, routes: Iterable[Route], limits: Limits) -> str:
        """Write every cluster of these routes; the file's version."""
        known = list(routes)
        said = (
            limits,
            sorted({(one.split, *(cluster_name(one, back) for back in one.backends)) for one in known}),
        )

        def made() -> list[Resource]:
            folder = str(self._folder / "eds")
            found = {one["name"]: one for route in known for one in clusters(route, limits, folder)}
            return [found[name] for name in sorted(found)]

        return self._write("cds/cds.json", said, made)

    def endpoints(
        self, cluster: str, points: Sequence[Endpoint], *, stale_s: float | None = None, beat: str = ""
    ) -> None:
        """Write a cluster's endpoints; with `stale_s` they lapse unless written again: a new `beat` sees to it."""
        said = (tuple(points), stale_s, beat)
        self._write(f"eds/{cluster}/eds.json", said, lambda: [assignment(cluster, points, stale_s=stale_s)], beat=beat)

    def route(self, route: Route, limits: Limits) -> None:
        """Write how one route splits its requests."""
        name = route_name(route)
        file = f"rds/{name}/rds.json"
        self.versions[name] = self._write(file, (route, limits), lambda: [route_configuration(route, limits)])

    def listeners(self, listeners: Iterable[tuple[str, str, int]]) -> str:
        """Write the listeners (name, host, port); the file's version."""
        folder = str(self._folder / "rds")
        rows = sorted(listeners)
        return self._write("lds/lds.json", rows, lambda: [listener(*row, folder) for row in rows])

    def beaten(self, cluster: str) -> float:
        """When a cluster's endpoints were last written (Unix seconds), by whichever supervisor; 0 for never."""
        with suppress(OSError):
            return (self._folder / f"eds/{cluster}/eds.json").stat().st_mtime
        return 0.0

    def taken(self) -> Taken | None:
        """What Envoy has taken up; None while it does not answer."""
        body = ask(self._admin, _ACK)
        if body is None:
            return None
        rows = [match for line in body.decode().splitlines() if (match := _LINE.match(line))]
        known = {row["name"]: row["value"] for row in rows}
        return Taken(
            clusters=known.get("cluster_manager.cds.version_text", ""),
            listeners=known.get("listener_manager.lds.version_text", ""),
            routes={
                name: version
                for name in self.versions
                if (version := known.get(f"http.{name}.rds.{name}.version_text"))
            },
            warming=int(known.get("cluster_manager.warming_clusters", 0))
            + int(known.get("listener_manager.total_listeners_warming", 0)),
            draining=int(known.get("listener_manager.total_listeners_draining", 0)),
            active=sum(int(known.get(f"http.{name}.downstream_rq_active", 0)) for name in self.versions),
        )

    def _write(self, name: str, said: object, made: Callable[[], list[Resource]], *, beat: str = "") -> str:
        """Write a file unless it says so already: this is asked many times a second; the file's version."""
        last = self._written.get(name)
        if last and last[0] == said:
            return last[1]
        resources = made()
        version = digest(canonical(resources))[:16] + beat
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(path, canonical(discovery(version, resources)))
        self._written[name] = (said, version)
        return version


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename: Envoy looks when a name in the folder changes."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(path)
