"""The models that a process serves, by name and version.

A model is loaded beside those that answer, and takes a place only when it is ready; one that is taken out answers
what it was asked before.  One change at a time.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from headway.serve.fault import Fault, RefusedError
from headway.serve.models.bundle import Opened
from headway.serve.models.library import newest
from headway.serve.models.memory import give_back
from headway.serve.models.model import Model

__all__ = ["Shelf"]

Names = tuple[str, str]


class Shelf:
    """`make` gives the model of a bundle, not started."""

    def __init__(self, make: Callable[[Opened], Model]) -> None:
        self._make = make
        self._told: list[Callable[[], None]] = []
        self._models: dict[Names, Model] = {}
        self._coming: dict[Names, Model] = {}
        self._complete = False
        self._turn = asyncio.Lock()

    def __iter__(self) -> Iterator[Model]:
        """All models, those that are being loaded for the first time last."""
        return iter([*self._models.values(), *self._coming.values()])

    def tell(self, changed: Callable[[], None]) -> None:
        """Have somebody told whenever the models are others."""
        self._told.append(changed)

    @property
    def ready(self) -> bool:
        """All that the server was started with are loaded, and all that are loaded answer; no model is not ready."""
        return self._complete and bool(self._models) and all(model.ready for model in self._models.values())

    def newest(self) -> Mapping[str, Model]:
        """By name, the model that answers when no version is named: the highest that is loaded."""
        ordered = sorted(self, key=lambda model: (model.ready, newest(model.manifest.version)))
        return {model.manifest.model: model for model in ordered}

    def versions(self, name: str) -> list[str]:
        """The loaded versions of a model, ascending."""
        return sorted((version for model, version in self._models if model == name), key=newest)

    async def start(self, bundles: Sequence[Opened]) -> None:
        """Load what the server was started with; RefusedError when one of it does not load."""
        for opened in bundles:
            model, version = opened.manifest.model, opened.manifest.version
            if (model, version) in self._models:
                raise RefusedError(f"two bundles are {model} {version}; serve one of them")
            await self.put(opened)
        self._complete = True

    async def put(self, opened: Opened) -> Model:
        """Load a bundle, and let it take the place of one of the same name and version; RefusedError when it does not.

        The same bytes again change nothing.
        """
        async with self._turn:
            names = (opened.manifest.model, opened.manifest.version)
            before = self._models.get(names)
            if before is not None and before.digest == opened.digest:
                return before
            model = self._make(opened)
            if before is None:
                self._coming[names] = model
                self._changed()
            try:
                await model.start()
                self._models[names] = model
            except BaseException:
                await model.stop()
                raise
            finally:
                self._coming.pop(names, None)
                self._changed()
            if before is not None:
                await before.leave()
            give_back()
            return model

    async def take(self, model: str, version: str = "") -> None:
        """Take out one version, or all of a name; Fault 404 when none is loaded."""
        async with self._turn:
            names = [key for key in self._models if key[0] == model and version in {"", key[1]}]
            if not names:
                wanted = f"model {model!r}" + (f", version {version!r}" if version else "")
                raise Fault(404, f"{wanted} is not loaded")
            taken = [self._models.pop(key) for key in names]
            self._changed()
            for gone in taken:
                await gone.leave()
            give_back()

    async def stop(self) -> None:
        """End all of them, at once."""
        taken, self._models, self._coming = list(self), {}, {}
        for model in taken:
            await model.stop()

    def _changed(self) -> None:
        for told in self._told:
            told()
