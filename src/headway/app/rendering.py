"""Renders what the record says is released, from the wish of today."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.wiring import read_book
from headway.evidence.ledger import Ledger
from headway.evidence.state import Standing
from headway.reconcile.documents import statement_path
from headway.reconcile.ports import PortError
from headway.render.manifest import Object
from headway.render.objects import ServedArm, objects
from headway.spec.model import Model
from headway.spec.wish import Wish

__all__ = ["Rendered", "rendered", "yaml_of"]


class Rendered(Struct, frozen=True, kw_only=True):
    """YAML by path, `ENVIRONMENT/MODEL.yaml`, and what could not be rendered, with the reason."""

    files: dict[str, str]
    missing: tuple[str, ...]


def rendered(repo: Path) -> Rendered:
    """The objects of every model in every environment where something is released, as the spec of today says.

    A candidate runs at weight zero: its weight lives beside the traffic, and a manifest that is applied by hand must
    not send requests to a version that nobody watches.
    """
    repository = open_repository(repo)
    try:
        wish = repository.wish_at(repository.source.refresh().commit)
        ledger = read_book(repository).ledger
        statements = repository.journal.files("releases")
    except PortError as error:
        raise RefusedError(str(error)) from error
    files: dict[str, str] = {}
    for name, placed in sorted(wish.models.items()):
        for environment, standing in sorted(ledger.model(name).standing.items()):
            if environment in wish.environments and standing.stable:
                arms = list(_arms(placed.value, environment, standing, statements))
                made = objects(placed.value, wish.environments[environment], arms)
                files[f"{environment}/{name}.yaml"] = yaml_of(made)
    return Rendered(files=files, missing=tuple(_missing(wish, ledger, files)))


def yaml_of(made: tuple[Object, ...]) -> str:
    """The objects as documents of one file, the same bytes for the same objects."""
    return "---\n".join(msgspec.yaml.encode(item, order="deterministic").decode() for item in made)


def _arms(model: Model, environment: str, standing: Standing, statements: Mapping[str, bytes]) -> Iterator[ServedArm]:
    for served, weight in ((standing.stable, 100.0), *((served, 0.0) for served in standing.coming)):
        if served:
            path = statement_path(model.metadata.name, environment, served.version)
            yield ServedArm(
                served=served,
                weight=weight,
                replicas=model.spec.serve.replicas.min,
                statement=statements.get(path, b"").decode(),
            )


def _missing(wish: Wish, ledger: Ledger, files: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*wish.models, *ledger.models}):
        if name not in wish.models:
            if any(standing.stable and not standing.retired for standing in ledger.model(name).standing.values()):
                yield f"{name} is released, and main has no usable spec of it: `headway check` says more"
            continue
        for environment in wish.project.spec.environments:
            if f"{environment}/{name}.yaml" not in files:
                yield f"{name} in {environment}: nothing is released there"
