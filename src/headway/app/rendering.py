"""Renders what the record says is released, from the wish of today."""

from pathlib import Path

import msgspec

from headway.app.repository import open_repository
from headway.app.wiring import read_book
from headway.render.objects import ServedArm, objects

__all__ = ["rendered"]


def rendered(repo: Path) -> dict[str, str]:
    """YAML by path, `ENVIRONMENT/MODEL.yaml`: the stable version of every model whose spec is usable."""
    repository = open_repository(repo)
    wish = repository.wish_at(repository.source.refresh().commit)
    ledger = read_book(repository).ledger
    files: dict[str, str] = {}
    for name, placed in sorted(wish.models.items()):
        for environment, standing in sorted(ledger.model(name).standing.items()):
            if standing.stable is None or environment not in wish.environments:
                continue
            arm = ServedArm(served=standing.stable, weight=100.0, replicas=placed.value.spec.serve.replicas.min)
            made = objects(placed.value, wish.environments[environment], [arm])
            text = "---\n".join(msgspec.yaml.encode(item, order="deterministic").decode() for item in made)
            files[f"{environment}/{name}.yaml"] = text
    return files
