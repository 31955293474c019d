"""Trains and packages as cached steps.  A failure is a result with its reason, and is never cached."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec
import polars as pl
from msgspec import structs

from headway.adapters.steps.cache import Entry, StepCache, listed
from headway.adapters.steps.environments import CONVERTERS, Environments
from headway.adapters.steps.mlflow import DESCRIPTION
from headway.adapters.steps.package import package
from headway.adapters.steps.run import isolated
from headway.adapters.steps.subject import Bench, Files, Subject
from headway.adapters.steps.train import Place, train_key, train_step
from headway.adapters.steps.workplace import workplace
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.recipe import recipe_digest, train_digest
from headway.evidence.record import StepRun, Trained
from headway.reconcile.ports import PortError, Store, TrainJob, TrainResult, UnreachableError
from headway.serve.cage.landlock import isolation, landlock_abi
from headway.spec.digest import canonical, digest, digest_of
from headway.spec.lock import Lock

__all__ = ["LocalTrainer"]

PACKAGE_VERSION = "package/2"

Rows = Callable[[Store, Lock, Literal["train", "test"]], pl.DataFrame]


class LocalTrainer:
    """The port Trainer on this machine.

    `environ` is where declared secrets are taken from; `rows` reads a part of a lock (`adapters.data.rows.rows`).
    """

    def __init__(
        self,
        store: Store,
        environments: Environments,
        *,
        work: Path,
        cache: Path,
        environ: Mapping[str, str],
        rows: Rows,
    ) -> None:
        self._store = store
        self._environments = environments
        self._work = work
        self._cache = StepCache(cache, store)
        self._environ = environ
        self._rows = rows

    def train(self, job: TrainJob) -> TrainResult:
        """Train, scan, package; the same recipe on the same bytes does not run twice.

        PortError only for what is no matter of the training: a package index or a store that does not answer.
        """
        steps: list[StepRun] = []
        try:
            _check_isolation(job)
            python = self._environment(job, steps)
            trained = self._trained(job, python, steps)
            manifest, bundle = self._packaged(job, python, trained, steps)
        except _FailedError as failure:
            steps.append(failure.step)
            return TrainResult(seen=_seen(job, steps, reason=failure.step.reason))
        except OSError as error:
            raise PortError(
                f"Training {job.model.metadata.name} cannot go on: {error}. Mend that and try again."
            ) from error
        seen = structs.replace(
            _seen(job, steps),
            runtime=manifest.runtime,
            runtime_reason=manifest.reason,
            parity=manifest.parity,
            reported=dict(trained.reported),
            signature=manifest.signature,
        )
        return TrainResult(seen=seen, bundle=bundle, version=manifest.version)

    def _environment(self, job: TrainJob, steps: list[StepRun]) -> Path:
        """The interpreter of the requirements, as a step."""
        name, begin = job.model.spec.train.requirements, time.monotonic()
        requirements = job.files.get(name)
        if requirements is None:
            raise _failed("environment", "", f"{name} is not in the model's folder; `headway init` writes one.", begin)
        key = digest(requirements)
        built = self._environments.has(requirements)
        try:
            python = self._environments.interpreter(requirements)
        except UnreachableError:
            raise
        except PortError as error:
            raise _failed("environment", key, str(error), begin) from error
        steps.append(
            StepRun(
                name="environment",
                key=key,
                state="cached" if built else "ran",
                outcome="ok",
                seconds=_since(begin),
                isolation="" if built else "process group only: pip needs the network and its caches",
            )
        )
        return python

    def _trained(self, job: TrainJob, python: Path, steps: list[StepRun]) -> Entry:
        """The model file in the store."""
        key, begin = train_key(job, self._environments.identity(python)), time.monotonic()
        with self._cache.holding(key):
            entry = self._found(job, key)
            state: State = "cached" if entry else "ran"
            if entry is None:
                made = train_step(job, self._store, Place(python=python, work=self._work, environ=self._environ))
                entry = made.entry
                if entry is None:
                    run = _run("train", key, "ran", begin, Entry(isolation=made.outcome.isolation))
                    reason = made.outcome.reason
                    raise _FailedError(structs.replace(run, outcome="failed", reason=reason, log=made.log))
                self._cache.keep(key, entry)
        steps.append(_run("train", key, state, begin, entry))
        return entry

    def _packaged(self, job: TrainJob, python: Path, trained: Entry, steps: list[StepRun]) -> tuple[Manifest, str]:
        """The bundle in the store, under the number that its signature gives it."""
        key, begin = self._package_key(job, python, trained), time.monotonic()
        with self._cache.holding(key):
            entry = self._found(job, key)
            state: State = "cached" if entry else "ran"
            if entry is None:
                entry = self._package(job, python, trained, key)
                self._cache.keep(key, entry)
            manifest, bundle = self._numbered(job, entry.folders["bundle"])
            if bundle != entry.folders["bundle"]:
                entry = structs.replace(entry, folders={"bundle": bundle})
                self._cache.keep(key, entry)
        steps.append(_run("package", key, state, begin, entry))
        return manifest, bundle

    def _found(self, job: TrainJob, key: str) -> Entry | None:
        """The entry of a key, unless it was made in a cage that a policy does not allow by now."""
        entry = self._cache.find(key)
        return entry if entry and isolated(entry.isolation, job.isolation) else None

    def _package(self, job: TrainJob, python: Path, trained: Entry, key: str) -> Entry:
        begin = time.monotonic()
        with workplace(self._work, "package") as place:
            try:
                bench = self._bench(python, place)
                made = package(self._subject(job, trained), bench)
            except UnreachableError:
                raise
            except PortError as error:
                raise _failed("package", key, str(error), begin) from error
            return Entry(folders={"bundle": self._store.put(made.folder)}, isolation=made.isolation)

    def _bench(self, python: Path, place: Path) -> Bench:
        try:
            return Bench(python=python, place=place, converters=self._environments.converters(python))
        except UnreachableError:
            raise  # what an index that answers would have converted must not be kept as unconvertible
        except PortError as error:
            return Bench(python=python, place=place, missing=f"the converters are not there: {error}")

    def _subject(self, job: TrainJob, trained: Entry) -> Subject:
        spec = job.model.spec
        entry, model = self._model(job, trained)
        return Subject(
            name=job.model.metadata.name,
            task=spec.task.kind,
            label=spec.task.label,
            positive=spec.task.positive,
            data=spec.data,
            entry=entry,
            model=model,
            code=job.files,
            predict=spec.predict,
            requirements=spec.train.requirements,
            reference=self._rows(self._store, job.lock, "train"),
            tested=self._rows(self._store, job.lock, "test"),
            allow=job.allow,
            memory=spec.train.memory,
            trained_from=train_digest(job.lock.spec),
        )

    def _model(self, job: TrainJob, trained: Entry) -> tuple[str, Files]:
        """What the program wrote: the file that is to be loaded, and every file by its path."""
        writes = PurePosixPath(job.model.spec.train.writes)
        if "model" in trained.files:
            return str(writes), {str(writes): self._store.read(trained.files["model"])}
        files = listed(self._store, trained.folders["model"])
        return str(writes / DESCRIPTION), {str(writes / file.path): self._store.read(file.sha256) for file in files}

    def _numbered(self, job: TrainJob, bundle: str) -> tuple[Manifest, str]:
        """The bundle with its version in it: the number depends on the signature and on what was released before."""
        files = {file.path: file.sha256 for file in listed(self._store, bundle)}
        manifest = msgspec.json.decode(self._store.read(files[BUNDLE_FILE]), type=Manifest)
        version = job.number(manifest.signature)
        if version == manifest.version:
            return manifest, bundle
        manifest = structs.replace(manifest, version=version)
        with workplace(self._work, "number") as place:
            folder = place / "bundle"
            self._store.place(bundle, folder)
            (folder / BUNDLE_FILE).write_bytes(msgspec.json.encode(manifest, order="deterministic"))
            return manifest, self._store.put(folder)

    def _package_key(self, job: TrainJob, python: Path, trained: Entry) -> str:
        spec = job.model.spec
        return digest_of(
            {
                "step": PACKAGE_VERSION,
                "name": job.model.metadata.name,
                "model": trained.files.get("model") or trained.folders["model"],
                "writes": [spec.train.writes, spec.train.requirements, spec.predict],
                "files": {path: digest(data) for path, data in job.files.items()},
                "task": canonical(spec.task).decode(),
                "columns": canonical(spec.data).decode(),
                "data": train_digest(job.lock.spec),
                "allow": sorted(job.allow),
                "environment": self._environments.identity(python),
                "converters": CONVERTERS,
            }
        )


State = Literal["ran", "cached"]


class _FailedError(Exception):
    """A step failed; the training ends with it."""

    def __init__(self, step: StepRun) -> None:
        super().__init__(step.reason)
        self.step = step


def _check_isolation(job: TrainJob) -> None:
    if not isolated(isolation(landlock_abi(), "none"), job.isolation):
        why = (
            "a policy requires Landlock, which this kernel does not have: train on Linux 5.13 or newer, with it enabled"
        )
        raise _failed("train", "", why, time.monotonic())


def _failed(name: str, key: str, reason: str, begin: float) -> _FailedError:
    run = _run(name, key, "ran", begin, Entry())
    return _FailedError(structs.replace(run, outcome="failed", reason=reason))


def _run(name: str, key: str, state: State, begin: float, entry: Entry) -> StepRun:
    return StepRun(
        name=name,
        key=key,
        state=state,
        outcome="ok",
        reason=entry.note,
        seconds=_since(begin),
        isolation=entry.isolation,
        log=entry.files.get("log", ""),
    )


def _since(begin: float) -> float:
    return round(time.monotonic() - begin, 3)


def _seen(job: TrainJob, steps: Sequence[StepRun], reason: str = "") -> Trained:
    return Trained(
        recipe=recipe_digest(job.model, job.files),
        train=train_digest(job.lock.spec),
        cause="commit",
        steps=tuple(steps),
        outcome="failed" if reason else "ok",
        reason=reason,
    )
