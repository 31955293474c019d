"""The port Trainer in memory: a program that says `raise` fails, any other makes a bundle of its own text."""

from headway.evidence.bundle import Column, Signature
from headway.evidence.recipe import recipe_digest, train_digest
from headway.evidence.record import StepRun, Trained
from headway.reconcile.ports import Store, TrainJob, TrainResult
from headway.spec.digest import canonical, digest_of

__all__ = ["SIGNATURE", "MemoryTrainer"]

SIGNATURE = Signature(
    inputs=(Column(name="distance", type="float64", nullable=True),),
    outputs=(Column(name="label", type="int64"), Column(name="probabilities", type="float64")),
)


class MemoryTrainer:
    """Keeps what went well by its key; `ran` holds the keys of programs that ran."""

    def __init__(self, store: Store) -> None:
        self.ran: list[str] = []
        self._store = store
        self._models: dict[str, bytes] = {}

    def train(self, job: TrainJob) -> TrainResult:
        """As the port says, at once."""
        train = job.model.spec.train
        program = b"".join(data for path, data in sorted(job.files.items()) if path.endswith(".py"))
        parts = [canonical(train).decode(), job.params, sorted(job.files.items()), train_digest(job.lock.spec)]
        key = digest_of([str(part) for part in parts])
        cached = key in self._models
        if not cached:
            self.ran.append(key)
        if b"raise" in program:
            return TrainResult(seen=_seen(job, key, state="ran", reason="it ended with 1"))
        version = job.number(SIGNATURE)
        self._models[key] = program
        bundle = self._store.put(canonical([program.decode(), version]))
        return TrainResult(seen=_seen(job, key, state="cached" if cached else "ran"), bundle=bundle, version=version)


def _seen(job: TrainJob, key: str, *, state: str, reason: str = "") -> Trained:
    failed = bool(reason)
    step = StepRun(
        name="train",
        key=key,
        state="cached" if state == "cached" else "ran",
        outcome="failed" if failed else "ok",
        reason=reason,
        isolation="memory",
    )
    return Trained(
        recipe=recipe_digest(job.model, job.files),
        train=train_digest(job.lock.spec),
        cause="commit",
        steps=(step,),
        outcome="failed" if failed else "ok",
        reason=reason,
        runtime="" if failed else "onnx",
        signature=None if failed else SIGNATURE,
    )
