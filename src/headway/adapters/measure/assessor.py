"""Measures a bundle: scan, answers through the server that will serve, metrics, latency, facts of the data.

Labels stay on this side.  What cannot be measured is told in the result, never guessed.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
from msgspec import Struct, structs

from headway.adapters.measure.client import body_of, predict
from headway.adapters.measure.load import offer
from headway.adapters.measure.scoring import compared, scored
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.declared import declared_classes
from headway.evidence.measurement import DataFacts, LatencyFacts, Measurement, ScanFacts
from headway.evidence.scan import scan
from headway.reconcile.ports import MeasureJob, PortError, Store
from headway.spec.data import Data
from headway.spec.digest import digest, digest_of
from headway.spec.gate import LatencyGate, MetricGate
from headway.spec.lock import Lock

__all__ = ["LocalAssessor"]

STEP_VERSION = "measure/1"
LOAD_ROWS = 200

Answered = Mapping[str, Sequence[Any]]


class LocalAssessor(Struct, frozen=True, kw_only=True):
    """Implements `ports.Assessor`; `serving` starts a caged server for a bundle folder, `rows` reads a lock's part."""

    store: Store
    serving: Callable[[Path], AbstractContextManager[str]]
    rows: Callable[[Store, Lock, Literal["train", "test"]], pl.DataFrame]
    facts: Callable[[Store, Lock, Data], DataFacts]
    work: Path

    def measure(self, job: MeasureJob) -> Measurement:
        """Everything that the gates ask for; a result of before is taken when nothing of it changed."""
        key = digest_of([STEP_VERSION, job.bundle, job.live, msgspec.json.encode(job.gates).decode(),
                         msgspec.json.encode(job.model.spec.data).decode(), digest_of(job.lock.spec), *job.allow])  # fmt: skip
        kept = self.work / "measured" / f"{key}.json"
        try:
            return msgspec.json.decode(kept.read_bytes(), type=Measurement)
        except (OSError, msgspec.DecodeError):
            pass
        found = self._measure(job)
        if not found.failed:
            kept.parent.mkdir(parents=True, exist_ok=True)
            new = kept.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(found))
            new.rename(kept)
        return found

    def _measure(self, job: MeasureJob) -> Measurement:
        empty = Measurement(bundle=job.bundle, test=digest_of(job.lock.spec.test))
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="measure-", dir=self.work) as place:
            try:
                return self._found(job, empty, Path(place))
            except PortError as error:
                return structs.replace(empty, failed=str(error))

    def _found(self, job: MeasureJob, empty: Measurement, place: Path) -> Measurement:
        manifest, scans = self._placed(job.bundle, place / "candidate", job.allow)
        if any(found.refused for found in scans):
            return structs.replace(empty, scans=scans, failed="the scan refuses the model file")
        test = self.rows(self.store, job.lock, "test")
        features = test.drop(job.model.spec.task.label, strict=False).to_dicts()
        answers, latency = self._served(job, manifest, place / "candidate", features)
        metrics = tuple(scored(gate.metric, job.model, manifest, test, answers) for gate in _once(job))
        found = structs.replace(
            empty,
            scans=scans,
            metrics=tuple(metric for metric in metrics if metric),
            latency=latency,
            signature=manifest.signature,
            data=self.facts(self.store, job.lock, job.model.spec.data),
        )
        if not job.live:
            return found
        live, live_scans = self._placed(job.live, place / "live", job.allow)
        if any(scan.refused for scan in live_scans):
            return structs.replace(found, failed="the scan refuses the live version's model file")
        other, _ = self._served(structs.replace(job, gates=()), live, place / "live", features)
        versus = [gate for gate in job.gates if isinstance(gate, MetricGate) and gate.versus]
        paired = (compared(gate, job, (manifest, answers), (live, other), test) for gate in versus)
        return structs.replace(found, paired=tuple(pair for pair in paired if pair), live_signature=live.signature)

    def _placed(self, bundle: str, folder: Path, allow: Sequence[str]) -> tuple[Manifest, tuple[ScanFacts, ...]]:
        """The bundle on disk, and what the scan says of its model file, before anything loads it."""
        self.store.place(bundle, folder)
        manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
        data = (folder / manifest.entry).read_bytes()
        named = next((file.sha256 for file in manifest.files if file.path == manifest.entry), "")
        if digest(data) != named:
            raise PortError(f"{manifest.entry} in bundle {bundle[:12]} is not the file that its manifest names")
        code = {path: (folder / path).read_bytes() for path in manifest.code}
        return manifest, (scan(manifest.entry, data, allow={*allow, *declared_classes(code)}),)

    def _served(
        self, job: MeasureJob, manifest: Manifest, folder: Path, features: Sequence[Mapping[str, Any]]
    ) -> tuple[Answered, tuple[LatencyFacts, ...]]:
        path = f"/v2/models/{manifest.model}/infer"
        with self.serving(folder) as address:
            answers = predict(address, manifest.model, manifest.signature, features)
            bodies = [body_of(manifest.signature, [row]) for row in features[:LOAD_ROWS]]
            loads = {(gate.at, gate.duration) for gate in job.gates if isinstance(gate, LatencyGate)}
            latency = tuple(
                offer(address, path, bodies, rate=rate, duration=duration) for rate, duration in sorted(loads)
            )
        return answers, latency


def _once(job: MeasureJob) -> list[MetricGate]:
    found = {gate.metric: gate for gate in job.gates if isinstance(gate, MetricGate)}
    return list(found.values())
