"""The step `package`: scans the model file, says what it is, converts it, compares, and lays the bundle.

The model is never loaded in this process: it is described caged, and compared through the server that will serve.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from headway.evidence.declared import declared_classes
from headway.adapters.steps.run import Outcome, Step, run
from headway.adapters.steps.signature import columns_of, signature_of
from headway.adapters.steps.summary import summary_of
from headway.adapters.steps.train import lay
from headway.evidence.bundle import BUNDLE_FILE, Manifest, Parity, Signature
from headway.evidence.folder import FileDigest
from headway.evidence.scan import scan
from headway.reconcile.ports import PortError, Store, TrainJob
from headway.spec.digest import digest

__all__ = ["Packaged", "Packager"]

Rows = Sequence[Mapping[str, Any]]
Predict = Callable[[str, str, Signature, Rows], Mapping[str, Any]]
Serving = Callable[[Path], AbstractContextManager[str]]

DESCRIBE = Path(__file__).with_name("describe.py")
SAMPLE = 1000
# A label may differ only where two classes are as good as equally likely; float32 keeps about seven digits.
LARGEST_DIFFERENCE = 1e-4
MISMATCHES_AT_MOST = 0.001
LIMIT_S = 600.0


class Packaged(Struct, frozen=True, kw_only=True):
    """The bundle in the store, or why there is none."""

    bundle: str = ""
    version: str = ""
    signature: Signature | None = None
    runtime: str = ""
    reason: str = ""
    parity: Parity | None = None
    failed: str = ""
    outcome: Outcome | None = None


class Packager(Struct, frozen=True, kw_only=True):
    """What packaging needs: the store, a work folder, and ways to serve a folder and to ask what is served."""

    store: Store
    work: Path
    serving: Serving
    predict: Predict
    rows: Callable[[TrainJob], Any]

    def package(self, job: TrainJob, model: str, python: Path, converters: Path) -> Packaged:
        """Make the bundle of a trained model (its digest in the store)."""
        data = self.store.read(model)
        allow = {*job.allow, *declared_classes(job.files)}
        found = scan(job.model.spec.train.writes, data, allow=allow)
        if found.refused:
            return Packaged(failed=f"the scan refuses {found.file}: {'; '.join(found.refused[:5])}")
        self.work.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="package-", dir=self.work))
        try:
            return self._package(job, data, python, converters, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _package(self, job: TrainJob, data: bytes, python: Path, converters: Path, place: Path) -> Packaged:
        frame = self.rows(job)
        columns = columns_of(frame, job.model)
        sample = frame.sample(min(SAMPLE, frame.height), seed=0).to_dicts()
        folder = place / "describe"
        lay(folder, {**job.files, job.model.spec.train.writes: data})
        told = {
            "entry": job.model.spec.train.writes,
            "task": job.model.spec.task.kind,
            "columns": [{"name": column.name, "type": column.type} for column in columns],
            "rows": [{column.name: row[column.name] for column in columns} for row in sample],
            "convert": job.model.spec.predict is None,
            "converters": str(converters),
        }
        (folder / "describe.json").write_text(json.dumps(told, default=str))
        outcome = run(
            Step(
                command=(str(python), "-I", str(DESCRIBE)),
                folder=folder,
                environ={"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"},
                readable=(python.parent.parent, converters, DESCRIBE),
                timeout_s=LIMIT_S,
                memory=job.model.spec.train.memory,
            )
        )
        described = folder / "described.json"
        if outcome.reason or not described.exists():
            return Packaged(
                failed=f"the model cannot be loaded: {outcome.reason or 'nothing was described'}", outcome=outcome
            )
        said = json.loads(described.read_bytes())
        if said["fault"]:
            return Packaged(failed=said["fault"], outcome=outcome)
        return structs.replace(self._bundle(job, said, folder, place, frame, sample), outcome=outcome)

    def _bundle(
        self, job: TrainJob, said: Mapping[str, Any], folder: Path, place: Path, frame: Any, sample: Rows
    ) -> Packaged:  # noqa: ANN401, E501, PLR0913, PLR0917 - a table of any columns
        signature = signature_of(columns_of(frame, job.model), said, job.model)
        version = job.number(signature)
        reference = json.loads((folder / "reference.json").read_bytes())
        manifest = Manifest(
            model=job.model.metadata.name,
            version=version,
            task=job.model.spec.task.kind,
            classes=tuple(said["classes"]),
            positive=job.model.spec.task.positive,
            signature=signature,
            runtime="python",
            entry=job.model.spec.train.writes,
            predict=job.model.spec.predict,
            requirements=job.model.spec.train.requirements,
            code=tuple(sorted(job.files)),
            reason=said["reason"] or ("it has a predict of its own" if job.model.spec.predict else ""),
            summary=summary_of(frame, signature, reference),
        )
        parity = None
        model = (folder / job.model.spec.train.writes).read_bytes()
        if (folder / "model.onnx").exists():
            onnx = structs.replace(manifest, runtime="onnx", entry="model.onnx", reason="")
            content = {**job.files, "model.onnx": (folder / "model.onnx").read_bytes()}
            target = self._lay(place / "onnx", onnx, content)
            parity, fault = self._compared(target, onnx, sample, reference)
            if not fault:
                onnx = structs.replace(onnx, parity=parity)
                target = self._lay(place / "final", onnx, content)
                return self._kept(target, onnx, parity)
            manifest = structs.replace(manifest, reason=fault, parity=parity)
        target = self._lay(place / "python", manifest, {**job.files, job.model.spec.train.writes: model})
        return self._kept(target, manifest, parity)

    def _compared(
        self, folder: Path, manifest: Manifest, sample: Rows, reference: Mapping[str, Any]
    ) -> tuple[Parity | None, str]:
        """The converted model beside the original on the same rows; why it is not good enough, or nothing."""
        try:
            with self.serving(folder) as address:
                found = self.predict(address, manifest.model, manifest.signature, sample)
        except PortError as error:
            return None, f"the converted model does not serve: {error}"
        parity = _parity(found, reference)
        if parity.mismatches > MISMATCHES_AT_MOST * parity.rows or parity.largest_difference > LARGEST_DIFFERENCE:
            return parity, (
                f"the converted model answers otherwise: {parity.mismatches} of {parity.rows} labels, "
                f"largest difference {parity.largest_difference:.2g}"
            )
        return parity, ""

    def _lay(self, folder: Path, manifest: Manifest, content: Mapping[str, bytes]) -> Path:
        files = tuple(FileDigest(path=p, size=len(d), sha256=digest(d)) for p, d in sorted(content.items()))
        named = structs.replace(manifest, files=files)
        lay(folder, {**content, BUNDLE_FILE: msgspec.json.encode(named, order="deterministic")})
        return folder

    def _kept(self, folder: Path, manifest: Manifest, parity: Parity | None) -> Packaged:
        return Packaged(
            bundle=self.store.put(folder),
            version=manifest.version,
            signature=manifest.signature,
            runtime=manifest.runtime,
            reason=manifest.reason,
            parity=parity,
        )


def _parity(found: Mapping[str, Any], reference: Mapping[str, Any]) -> Parity:
    labels = found.get("label", found.get("prediction"))
    numbers, known = found.get("probabilities"), reference.get("probabilities")
    if "prediction" in found:
        differences = [
            abs(a - b) / max(1.0, abs(b)) for a, b in zip(found["prediction"], reference["label"], strict=True)
        ]
        return Parity(rows=len(differences), mismatches=0, largest_difference=max(differences, default=0.0))
    mismatches = sum(a != b for a, b in zip(labels, reference["label"], strict=True))
    pairs = zip(numbers or [], known or [], strict=True)
    largest = max((abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)), default=0.0)
    return Parity(rows=len(reference["label"]), mismatches=mismatches, largest_difference=largest)
