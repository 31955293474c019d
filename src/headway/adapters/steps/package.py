"""The step `package`: scans the model file, says what it is, converts it, compares, and lays the bundle.

The model is never loaded in this process: it is described and asked caged, in fresh processes.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
from msgspec import Struct, structs

from headway.adapters.steps.answer import ANSWERS_FILE, ROWS_FILE, Answered
from headway.adapters.steps.environments import Environments
from headway.adapters.steps.parity import objection, parity
from headway.adapters.steps.run import Outcome, Step, headway_paths, python_paths, run
from headway.adapters.steps.signature import classes_of, outputs_of, plain, signature_of
from headway.adapters.steps.summary import summary_of
from headway.adapters.steps.train import lay
from headway.evidence.bundle import BUNDLE_FILE, Manifest, Parity
from headway.evidence.declared import declared_classes
from headway.evidence.folder import FileDigest
from headway.evidence.recipe import train_digest
from headway.evidence.scan import examine
from headway.reconcile.ports import PortError, Store, TrainJob, UnreachableError
from headway.spec.digest import digest
from headway.spec.lock import Lock

__all__ = ["Packager", "Rows"]

Rows = Callable[[Store, Lock, Literal["train", "test"]], pl.DataFrame]
Files = Mapping[str, bytes]

DESCRIBE = Path(__file__).with_name("describe.py")
SAMPLE = 5000
LIMIT_S = 900.0
ONNX_FILE = "model.onnx"


class Packager(Struct, frozen=True, kw_only=True):
    """One packaging: its job, the model's interpreter, and where it works."""

    store: Store
    environments: Environments
    rows: Rows
    job: TrainJob
    python: Path
    place: Path

    def package(self, model: bytes) -> tuple[Path, str]:
        """The bundle's folder, not numbered yet, and the isolation it was made in.  PortError with reason and cure."""
        job = self.job
        self._scan(model)
        frame = plain(self.rows(self.store, job.lock, "train"))
        said, isolation = self._described(model, frame)
        sample = frame.sample(min(SAMPLE, frame.height), seed=0)
        entry = job.model.spec.train.writes
        files = {**job.files, entry: model}
        manifest, answered = self._answering(frame, sample, said, files)
        manifest = structs.replace(manifest, summary=summary_of(frame, manifest.signature, answered.outputs))
        converted = self.place / "describe" / ONNX_FILE
        if converted.is_file():
            onnx = structs.replace(manifest, runtime="onnx", entry=ONNX_FILE, reason="")
            others = {**job.files, ONNX_FILE: converted.read_bytes()}
            compared, reason = self._compared(onnx, others, sample, answered)
            if not reason:
                manifest, files = structs.replace(onnx, parity=compared), others
            else:
                manifest = structs.replace(manifest, reason=reason, parity=compared)
        return self._lay("final", manifest, files), isolation

    def _answering(
        self, frame: pl.DataFrame, sample: pl.DataFrame, said: Mapping[str, Any], files: Files
    ) -> tuple[Manifest, Answered]:
        """The manifest of the model as it is, and its answers.  Only asking shows what a predict.py answers with."""
        choices = (True, False) if self.job.model.spec.predict else (bool(said["probabilities"]),)
        reasons = []
        for probabilities in choices:
            manifest = self._manifest(frame, {**said, "probabilities": probabilities})
            answered = self._answers(self._lay(f"python-{probabilities}", manifest, files), manifest, sample)
            if not answered.refused and any(value is not None for value in next(iter(answered.outputs.values()))):
                return manifest, answered
            reasons.append(answered.refused or answered.fault)
        raise PortError(f"The model answers none of {sample.height} training rows: {reasons[0]}.")

    def _compared(
        self, onnx: Manifest, files: Files, sample: pl.DataFrame, answered: Answered
    ) -> tuple[Parity | None, str]:
        other = self._answers(self._lay("onnx", onnx, files), onnx, sample)
        if other.refused:
            return None, f"converted to ONNX it does not load: {other.refused}"
        compared = parity(answered.outputs, other.outputs)
        return compared, objection(compared)

    def _scan(self, model: bytes) -> None:
        allow = {*self.job.allow, *declared_classes(self.job.files)}
        found = examine(self.job.model.spec.train.writes, model, allow=allow)
        own = [name.partition(":")[2] for name in found.globals if name.startswith("__main__:")]
        if own:
            raise PortError(
                f"The model file holds {', '.join(own)} as pickled from __main__, the training program itself, where "
                f"no other process finds it. Move {own[0]} to features.py, import it, and list features.py in "
                "train.files."
            )
        if found.refused:
            told = "; ".join(refusal.what for refusal in found.refused[:5])
            raise PortError(f"The scan refuses {found.file}: {told}. {found.refused[0].cure}.")

    def _described(self, model: bytes, frame: pl.DataFrame) -> tuple[dict[str, Any], str]:
        """What the model says of itself, in the team's interpreter."""
        spec, folder = self.job.model.spec, self.place / "describe"
        try:
            converters, missing = self.environments.converters(self.python), ""
        except UnreachableError:
            raise  # what an index that answers would have converted must not be kept as unconvertible
        except PortError as error:
            converters, missing = folder / "no-converters", f"the converters are not there: {error}"
        told = {
            "entry": spec.train.writes,
            "predict": spec.predict,
            "paths": list(dict.fromkeys([".", *(Path(path).parent.as_posix() for path in self.job.files)])),
            "task": spec.task.kind,
            "types": {name: "string" for name in frame.columns if frame[name].dtype == pl.String},
            "converters": str(converters),
        }
        lay(folder, {**self.job.files, spec.train.writes: model, "describe.json": json.dumps(told).encode()})
        outcome = self._run((str(self.python), str(DESCRIBE)), folder, (converters, DESCRIBE))
        described = folder / "described.json"
        if outcome.reason or not described.is_file():
            raise PortError(f"The model cannot be loaded: {outcome.reason or 'nothing was said of it'}.")
        said: dict[str, Any] = json.loads(described.read_bytes())
        if said["fault"]:
            raise PortError(f"The model cannot be served: {said['fault']}.")
        if missing:
            said["reason"] = missing
        return said, outcome.isolation

    def _manifest(self, frame: pl.DataFrame, said: Mapping[str, Any]) -> Manifest:
        job, spec = self.job, self.job.model.spec
        classes = classes_of(frame, said, job.model)
        outputs = outputs_of(job.model, classes, probabilities=said["probabilities"])
        signature = signature_of(frame, said, job.model, outputs)
        return Manifest(
            model=job.model.metadata.name,
            version="0.0.0",
            task=spec.task.kind,
            classes=classes,
            positive=spec.task.positive,
            signature=signature,
            runtime="python",
            entry=spec.train.writes,
            predict=spec.predict,
            requirements=spec.train.requirements,
            code=tuple(sorted(job.files)),
            reason=said["reason"] or (f"{spec.predict} predicts" if spec.predict else ""),
            trained_from=train_digest(job.lock.spec),
            summary=summary_of(frame, signature, {}),
        )

    def _answers(self, bundle: Path, manifest: Manifest, sample: pl.DataFrame) -> Answered:
        """What a bundle answers to some rows, in a process of its own that ends with it."""
        folder = Path(tempfile.mkdtemp(prefix="answer-", dir=self.place))
        names = [column.name for column in manifest.signature.inputs]
        (folder / ROWS_FILE).write_bytes(msgspec.json.encode({name: sample[name].to_list() for name in names}))
        command = (sys.executable, "-I", "-m", "headway.adapters.steps.answer", str(bundle), str(self.python))
        outcome = self._run(command, folder, (bundle, *headway_paths()))
        if outcome.reason:
            return Answered(outputs={}, refused=outcome.reason)
        return msgspec.json.decode((folder / ANSWERS_FILE).read_bytes(), type=Answered)

    def _run(self, command: tuple[str, ...], folder: Path, readable: tuple[Path, ...]) -> Outcome:
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"}
        train = self.job.model.spec.train
        return run(
            Step(
                command=command,
                folder=folder,
                environ={**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
                readable=(*python_paths(self.python), *readable),
                timeout_s=LIMIT_S,
                memory=train.memory,
            )
        )

    def _lay(self, name: str, manifest: Manifest, files: Files) -> Path:
        folder = self.place / name
        lay(folder, {**files, BUNDLE_FILE: bundle_file(manifest, files)})
        return folder


def bundle_file(manifest: Manifest, files: Files) -> bytes:
    """bundle.json, naming every other file."""
    named = tuple(FileDigest(path=path, size=len(data), sha256=digest(data)) for path, data in sorted(files.items()))
    return msgspec.json.encode(structs.replace(manifest, files=named), order="deterministic")
