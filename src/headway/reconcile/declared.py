"""The files that a model declares, read from a commit or a work tree."""

from headway.evidence.recipe import declared_files
from headway.reconcile.ports import Source
from headway.spec.model import Model

__all__ = ["declared"]


def declared(source: Source, commit: str, folder: str, model: Model) -> dict[str, bytes]:
    """The declared files' bytes by their path in the model's folder, those that are there."""
    places = {f"{folder}/{path}" if folder else path: path for path in declared_files(model)}
    listed = source.files(commit)
    data = source.read(commit, [place for place in places if place in listed])
    return {places[place]: content for place, content in data.items()}
