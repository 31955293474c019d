"""Measures a bundle: scan, answers through the server that will serve, metrics, latency, facts of the data.

Labels stay on this side.  What cannot be measured is told in the result, never guessed.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import polars as pl
from msgspec import Struct, structs

from headway.adapters.measure.client import Answered, Asking, predict
from headway.adapters.measure.load import offer
from headway.adapters.measure.scoring import Side, compared, scored
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.declared import declared_classes
from headway.evidence.measurement import DataFacts, LatencyFacts, Measurement, ScanFacts
from headway.evidence.recipe import test_digest
from headway.evidence.scan import scan
from headway.reconcile.ports import MeasureJob, PortError, Store
from headway.spec.data import Data
from headway.spec.digest import canonical, digest, digest_of
from headway.spec.gate import Gate, LatencyGate, MetricGate
from headway.spec.lock import Lock

__all__ = ["LocalAssessor", "Served"]

STEP_VERSION = "measure/1"
LOAD_ROWS = 200


class Served(Protocol):
    """A server that is ready: `address` is host:port, `isolation` the cage that it runs in, in words."""

    @property
    def address(self) -> str:
        """Where it listens."""

    @property
    def isolation(self) -> str:
        """Its cage."""


class LocalAssessor(Struct, frozen=True, kw_only=True):
    """The port Assessor on this machine.

    `serving(folder, digest)` starts a caged server (`adapters.steps.server.Serving`); `rows` and `facts` read a lock
    (`adapters.data`); `work` is a folder for what is under way and for measurements, which a restart does not repeat.
    """

    store: Store
    serving: Callable[[Path, str], AbstractContextManager[Served]]
    rows: Callable[[Store, Lock, Literal["train", "test"]], pl.DataFrame]
    facts: Callable[[Store, Lock, Data], DataFacts]
    work: Path

    def measure(self, job: MeasureJob) -> Measurement:
        """Everything that the gates ask for; faults are told in the result."""
        kept = self.work / "measured" / f"{_key(job)}.json"
        try:
            return msgspec.json.decode(kept.read_bytes(), type=Measurement)
        except (OSError, msgspec.DecodeError):
            found = self._measured(job)
        if not found.failed:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as new:
                new.write(msgspec.json.encode(found))
            Path(new.name).replace(kept)
        return found

    def _measured(self, job: MeasureJob) -> Measurement:
        """What could be had, and why the rest could not."""
        parts: dict[str, Any] = {"bundle": job.bundle, "test": test_digest(job.lock.spec)}
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"measure-{os.getpid()}-", dir=self.work) as place:
            try:
                self._measure(job, Path(place), parts)
            except (PortError, ValueError, OSError) as error:
                parts["failed"] = str(error)
        return Measurement(**parts)

    def _measure(self, job: MeasureJob, place: Path, parts: dict[str, Any]) -> None:
        parts["data"] = self.facts(self.store, job.lock, job.model.spec.data)
        test = self.rows(self.store, job.lock, "test")
        _check(job, test)
        manifest, found = self._placed(job.bundle, place / "candidate", job.allow)
        parts |= {"scans": (found,), "signature": manifest.signature}
        if found.refused:
            raise PortError(f"The scan refuses {found.file}: {'; '.join(found.refused[:3])}.")
        asking = Asking(manifest.signature, test)
        with self.serving(place / "candidate", job.bundle) as served:
            parts["isolation"] = served.isolation
            if job.isolation != "any" and not served.isolation.startswith(f"{job.isolation} "):
                raise PortError(f"A policy requires {job.isolation}, and the server ran in: {served.isolation}.")
            answered = predict(served.address, manifest.model, manifest.signature, asking)
            parts["latency"] = tuple(_timed(served.address, manifest.model, asking, answered, job.gates))
        side, seed = Side(manifest=manifest, answered=answered), int(digest_of([job.bundle, parts["test"]])[:8], 16)
        parts["unscored_rows"] = answered.scored.count(False)
        names = dict.fromkeys(gate.metric for gate in job.gates if isinstance(gate, MetricGate))
        metrics = (scored(name, job.model, side, test, seed) for name in names)
        parts["metrics"] = tuple(metric for metric in metrics if metric)
        if job.live:
            self._compare(job, place / "live", parts, side, test)

    def _compare(self, job: MeasureJob, folder: Path, parts: dict[str, Any], side: Side, test: pl.DataFrame) -> None:
        """Put the live version beside it, on the same rows."""
        manifest, found = self._placed(job.live, folder, job.allow)
        parts["live_signature"] = manifest.signature
        versus = [gate for gate in job.gates if isinstance(gate, MetricGate) and gate.versus]
        if not versus:
            return
        if found.refused:
            raise PortError(f"The scan refuses the model file of the live {job.live_version}: {found.refused[0]}.")
        with self.serving(folder, job.live) as served:
            asking = Asking(manifest.signature, test)
            live = Side(manifest=manifest, answered=predict(served.address, manifest.model, manifest.signature, asking))
        seed = int(digest_of([job.bundle, job.live, parts["test"]])[:8], 16)
        pairs = (compared(gate, job.model, side, live, test, seed) for gate in versus)
        parts["paired"] = tuple(structs.replace(pair, live_version=job.live_version) for pair in pairs if pair)

    def _placed(self, bundle: str, folder: Path, allow: Sequence[str]) -> tuple[Manifest, ScanFacts]:
        """The bundle on disk, and what the scan says of its model file, before anything loads it."""
        self.store.place(bundle, folder)
        manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
        data = (folder / manifest.entry).read_bytes()
        named = next((file.sha256 for file in manifest.files if file.path == manifest.entry), "")
        if digest(data) != named:
            raise PortError(f"{manifest.entry} in bundle {bundle[:12]} is not the file that its manifest names.")
        code = {path: (folder / path).read_bytes() for path in manifest.code}
        return manifest, scan(manifest.entry, data, allow={*allow, *declared_classes(code)})


def _key(job: MeasureJob) -> str:
    spec = job.model.spec
    wish = [canonical(part).decode() for part in (spec.task, spec.data, list(job.gates), job.lock.spec)]
    return digest_of([STEP_VERSION, job.bundle, job.live, job.live_version, *wish, job.isolation, *sorted(job.allow)])


def _check(job: MeasureJob, test: pl.DataFrame) -> None:
    label = job.model.spec.task.label
    if label not in test.columns:
        raise PortError(f"The test rows have no column {label!r}, the label; they have {', '.join(test.columns)}.")
    if absent := test[label].null_count():
        raise PortError(
            f"{absent:,} of {test.height:,} test rows have no value in {label!r}, the label, so nobody can tell "
            "whether an answer is right. Bring the labels, or leave these rows out of the data."
        )


def _timed(
    address: str, model: str, asking: Asking, answered: Answered, gates: Sequence[Gate]
) -> Iterator[LatencyFacts]:
    """Latency at each load that a gate states, with rows that the model does answer."""
    rows = [at for at, good in enumerate(answered.scored) if good][:LOAD_ROWS]
    loads: dict[float, float] = {}
    for gate in gates:
        if isinstance(gate, LatencyGate):
            loads[gate.at] = max(gate.duration, loads.get(gate.at, 0.0))
    bodies = [asking.body(at, at + 1) for at in rows]
    for rate, duration in sorted(loads.items()) if bodies else ():
        yield offer(address, f"/v2/models/{model}/infer", bodies, rate=rate, duration=duration)
