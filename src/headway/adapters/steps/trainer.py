"""Trains and packages as cached steps.  A failure is a result with its reason, and is never cached."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from headway.adapters.steps.cache import StepCache
from headway.adapters.steps.environments import Environments
from headway.adapters.steps.package import Packaged, Packager
from headway.adapters.steps.train import train_key, train_step
from headway.evidence.record import StepRun, Trained
from headway.reconcile.ports import PortError, Store, TrainJob, TrainResult

__all__ = ["LocalTrainer"]


class LocalTrainer(Struct, frozen=True, kw_only=True):
    """Implements `ports.Trainer` on this machine; `environ` is where declared secrets are taken from."""

    store: Store
    environments: Environments
    packager: Packager
    cache: StepCache
    work: Path
    environ: Mapping[str, str]

    def train(self, job: TrainJob) -> TrainResult:
        """Train, scan, package; the same recipe on the same bytes does not run twice."""
        requirements = job.files.get(job.model.spec.train.requirements)
        if requirements is None:
            return _failed([], f"{job.model.spec.train.requirements} is not there; `headway init` writes one")
        try:
            python = self.environments.interpreter(requirements)
        except PortError as error:
            return _failed([], str(error))
        key = train_key(job)
        with self.cache.holding(key):
            entry = self.cache.find(key)
            if entry:
                run = StepRun(name="train", key=key, state="cached", outcome="ok", isolation=entry.isolation)
            else:
                made = train_step(job, python, self.store, self.environ, self.work)
                run = StepRun(
                    name="train",
                    key=key,
                    state="ran",
                    outcome="ok" if made.entry else "failed",
                    reason=made.outcome.reason,
                    seconds=round(made.outcome.seconds, 3),
                    isolation=made.outcome.isolation,
                    log=made.entry.outputs["log"] if made.entry else "",
                )
                if made.entry is None:
                    return _failed([run], made.outcome.reason)
                entry = made.entry
                self.cache.keep(key, entry)
        packaged = self.packager.package(job, entry.outputs["model"], python, self.environments.converters(python))
        steps = (run, _step(key, packaged))
        if packaged.failed:
            return _failed(list(steps), packaged.failed)
        seen = Trained(
            recipe="",
            train="",
            cause="commit",
            steps=steps,
            outcome="ok",
            runtime=packaged.runtime,
            runtime_reason=packaged.reason,
            parity=packaged.parity,
            reported={name: float(value) for name, value in entry.notes.items()},
            signature=packaged.signature,
        )
        return TrainResult(seen=seen, bundle=packaged.bundle, version=packaged.version)


def _step(key: str, packaged: Packaged) -> StepRun:
    outcome = packaged.outcome
    return StepRun(
        name="package",
        key=key,
        state="ran",
        outcome="failed" if packaged.failed else "ok",
        reason=packaged.failed,
        seconds=round(outcome.seconds, 3) if outcome else 0.0,
        isolation=outcome.isolation if outcome else "",
    )


def _failed(steps: list[StepRun], reason: str) -> TrainResult:
    seen = Trained(recipe="", train="", cause="commit", steps=tuple(steps), outcome="failed", reason=reason)
    return TrainResult(seen=seen)
