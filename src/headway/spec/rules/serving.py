"""Rules for serving: how many copies answer, what one may use, what the autoscaler aims at."""

from collections.abc import Iterator

from headway.spec.finding import Finding, error, warning
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.quantity import written
from headway.spec.yaml import excerpt

__all__ = ["serving_faults"]

# A model server without a model takes about 50Mi, with a small one about 70Mi.
LEAST_MEMORY, LITTLE_MEMORY = 64 * 2**20, 128 * 2**20
LITTLE_CPU = 0.05


def serving_faults(placed: Placed[Model]) -> Iterator[Finding]:
    """What is wrong with the serve section."""
    yield from _replicas(placed)
    yield from _resources(placed)
    yield from _scale(placed)
    yield from _records(placed)


def _replicas(placed: Placed[Model]) -> Iterator[Finding]:
    replicas = placed.value.spec.serve.replicas
    if replicas.min < 1:
        at = placed.place("spec", "serve", "replicas", "min")
        why = f"With {replicas.min} copies nobody answers."
        do = "Write 1 or more; `headway retire` ends a model."
        yield error("E240", "no replica", at, why=why, do=do)
    elif replicas.max < replicas.min and placed.wrote("spec", "serve", "replicas", "max"):
        at = placed.place("spec", "serve", "replicas", "max")
        why = f"At most {replicas.max} copies cannot be at least {replicas.min}."
        yield error("E241", "max below min", at, why=why, do=f"Write `max: {replicas.min}` or more.")


def _resources(placed: Placed[Model]) -> Iterator[Finding]:
    resources = placed.value.spec.serve.resources
    at = placed.place("spec", "serve", "resources", "cpu")
    if resources.cpu <= 0:
        yield error("E242", "no cpu", at, why="Without cpu nothing is computed.", do="Write `cpu: 0.5`, say.")
    elif resources.cpu < LITTLE_CPU:
        why = f"{resources.cpu:g} of a core answers few requests, and slowly."
        yield warning("E243", "little cpu", at, why=why, do=f"Write {LITTLE_CPU:g} or more.")
    at = placed.place("spec", "serve", "resources", "memory")
    shown = written("byte_size", resources.memory)
    if resources.memory < LEAST_MEMORY:
        why = f"A server without a model takes about 50Mi, so it would not start within {shown}."
        yield error("E242", "no memory", at, why=why, do="Write `memory: 256Mi`, say.")
    elif resources.memory < LITTLE_MEMORY:
        why = f"A server with a small model takes about 70Mi; {shown} leave little for requests."
        yield warning("E243", "little memory", at, why=why, do="Write `memory: 128Mi` or more.")


def _scale(placed: Placed[Model]) -> Iterator[Finding]:
    serve = placed.value.spec.serve
    for field in ("cpu", "memory"):
        percent = getattr(serve.scale, field)
        if percent is not None and not 1 <= percent <= 100:
            at = placed.place("spec", "serve", "scale", field)
            why = f"It is a percentage of what a copy may use, and {percent} is never met."
            yield error("E244", f"'{field}' can never be met", at, why=why, do=f"Write `{field}: 70`, say.")
    if serve.scale.qps is not None and serve.scale.qps <= 0:
        at = placed.place("spec", "serve", "scale", "qps")
        why = "No number of copies brings the requests of each down to nothing."
        yield error("E244", "'qps' can never be met", at, why=why, do="Write `qps: 100`, say.")
    targets = (serve.scale.cpu, serve.scale.memory, serve.scale.qps)
    if serve.replicas.max > serve.replicas.min and targets == (None, None, None):
        at = placed.place("spec", "serve", "scale")
        why = f"No target says when more than {serve.replicas.min} copies are wanted."
        yield warning("E245", "never scales", at, why=why, do="Add a target, such as `cpu: 70`.")


def _records(placed: Placed[Model]) -> Iterator[Finding]:
    records = placed.value.spec.serve.records
    if records is None:
        return
    if not 0 < records.sample <= 1:
        at = placed.place("spec", "serve", "records", "sample")
        why = f"It is the share of predictions that is recorded, and {written('share', records.sample)} is none."
        yield error("E246", "no share", at, why=why, do="Write `sample: 1%`, say, or take `records` out.")
    for number, name in enumerate(records.hash):
        if name in records.omit:
            at = placed.place("spec", "serve", "records", "hash", number)
            why = "It is left out of records, so there is nothing to hash."
            yield error(
                "E246", f"'{excerpt(name)}' is omitted too", at, why=why, do="Leave it in one of the two lists."
            )
