"""What the tests of the local runtime share: objects as render writes them, a store, users who ask all the time."""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from headway.adapters.local.runtime import LocalRuntime, Timing
from headway.evidence.weights import Backend, Route
from headway.reconcile.ports import Observed
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, LABEL_VERSION, Object
from headway.render.traffic import gateway_api

STANDIN = (sys.executable, str(Path(__file__).with_name("standin.py")))
PATIENT = Timing(lease=60.0, restart_first=0.05)
MODEL, ENVIRONMENT = "delay", "production"


class Bundles:
    """A store of stand-in bundles: the digest holds all that there is to know."""

    def place(self, digest: str, target: Path) -> None:
        """Write the bundle that the digest tells of."""
        told = json.loads(bytes.fromhex(digest))
        target.mkdir(parents=True)
        (target / "bundle.json").write_text(json.dumps({"version": told.pop("version")}))
        (target / "behaviour.json").write_text(json.dumps(told))

    def put(self, source: Path | bytes) -> str:
        """Not asked of it here."""
        raise NotImplementedError

    def has(self, digest: str) -> bool:
        """Not asked of it here."""
        raise NotImplementedError

    def read(self, digest: str) -> bytes:
        """Not asked of it here."""
        raise NotImplementedError


def bundle(version: str, **behaviour: object) -> str:
    return json.dumps({"version": version, **behaviour}).encode().hex()


def objects(
    *arms: tuple[str, str, float, int], model: str = MODEL, environment: str = ENVIRONMENT, listen: str = ""
) -> list[Object]:
    """Version, bundle, weight and replicas of each arm, the stable one first."""
    made: list[Object] = []
    for version, digest, _, replicas in arms:
        labels = {LABEL_MODEL: model, LABEL_VERSION: version, LABEL_ENVIRONMENT: environment}
        name = f"{model}-{version.replace('.', '-')}"
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "serve", "args": ["--drain", "2"]}]},
        }
        made.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "labels": labels, "annotations": {"headway.dev/bundle": digest}},
                "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
            }
        )
        made.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": labels}})
    backends = tuple(
        Backend(version=version, service=f"{model}-{version.replace('.', '-')}", weight=weight)
        for version, _, weight, _ in arms
    )
    route = Route(model=model, environment=environment, backends=backends, listen=listen)
    return [*made, *(gateway_api.write(route) if arms else ())]


def local_runtime(folder: Path, timing: Timing = PATIENT) -> LocalRuntime:
    return LocalRuntime(folder, Bundles(), interpreter=lambda _: sys.executable, timing=timing, server=STANDIN)


def until(look: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for the world to be so; the limit is the failure, not the measure."""
    end = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def settled(
    runtime: LocalRuntime,
    arms: Sequence[tuple[str, str, float, int]],
    model: str = MODEL,
    environment: str = ENVIRONMENT,
) -> Observed:
    """Wait until these arms are in force and ready, and nothing else runs."""

    def done() -> bool:
        seen = runtime.observe(model, environment)
        ready = {work.version: work.ready for work in seen.workloads}
        return (
            bool(seen.address)
            and seen.weights == {version: weight for version, _, weight, _ in arms}
            and ready == {version: replicas for version, _, _, replicas in arms}
        )

    until(done)
    return runtime.observe(model, environment)


def bring(runtime: LocalRuntime, *arms: tuple[str, str, float, int]) -> Observed:
    runtime.apply(MODEL, ENVIRONMENT, objects(*arms))
    return settled(runtime, arms)


class Users:
    """Requests from a few keep-alive clients; `answers` by status and version, `lost` what got none."""

    def __init__(self, address: str, pause_s: float, path: str, body: bytes, patience_s: float) -> None:
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.pause_s = pause_s
        self.path = path
        self.body = body
        self.patience_s = patience_s
        self.answers: Counter[tuple[int, str]] = Counter()
        self.lost: list[str] = []
        self.last: dict[str, float] = {}
        self._stop = threading.Event()
        self._guard = threading.Lock()

    def ask(self, connection: http.client.HTTPConnection) -> None:
        """One request, and what became of it."""
        try:
            connection.request("POST", self.path, self.body)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            version = told.get("version") or told["model_version"]
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            with self._guard:
                self.lost.append(repr(error))
            connection.close()
            return
        with self._guard:
            self.answers[answer.status, version] += 1
            self.last[version] = time.monotonic()

    def run(self) -> None:
        """Ask until told to stop, a minute at most."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.patience_s)
        end = time.monotonic() + 60
        while not self._stop.is_set() and time.monotonic() < end:
            self.ask(connection)
            self._stop.wait(self.pause_s)
        connection.close()

    def stop(self) -> None:
        """No request after those under way."""
        self._stop.set()

    @property
    def total(self) -> int:
        """Answers of any kind."""
        return sum(self.answers.values())

    def of(self, version: str) -> int:
        """Answers that this version gave."""
        return sum(count for (_, name), count in self.answers.items() if name == version)


@contextmanager
def users(
    address: str,
    *,
    count: int = 4,
    pause_s: float = 0.004,
    path: str = "/",
    body: bytes = b"{}",
    patience_s: float = 20.0,
) -> Iterator[Users]:
    """A few clients that ask all the time while the block runs; each gives a request up after `patience_s`."""
    crowd = Users(address, pause_s, path, body, patience_s)
    threads = [threading.Thread(target=crowd.run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield crowd
    finally:
        crowd.stop()
        for thread in threads:
            thread.join(30)
