"""What makes a version, as one digest, and what makes a judgement, as another.

A recipe is the train section, the declared files, the requirements and how columns are chosen.  Gates, serve, rollout
and test data are no part of it, so changing them makes no version and trains nothing.
"""

from collections.abc import Mapping, Sequence

from headway.spec.digest import canonical, digest, digest_of
from headway.spec.gate import Gate
from headway.spec.lock import LockSpec
from headway.spec.model import Model

__all__ = ["declared_files", "recipe_digest", "test_digest", "train_digest", "wish_digest"]


def declared_files(model: Model) -> tuple[str, ...]:
    """The files a version is made of, relative to the model's folder, in order and without doubles."""
    named = [*model.spec.train.files, model.spec.train.requirements]
    return tuple(dict.fromkeys([*named, *([model.spec.predict] if model.spec.predict else [])]))


def recipe_digest(model: Model, files: Mapping[str, bytes]) -> str:
    """The digest of what a version is made of; `files` are the declared files' bytes by path, those that exist."""
    data = model.spec.data
    return digest_of(
        {
            "train": canonical(model.spec.train).decode(),
            "predict": model.spec.predict,
            "task": canonical(model.spec.task).decode(),
            "columns": [data.unit, data.split.by, *data.drop],
            "files": {path: digest(data) for path, data in files.items()},
        }
    )


def train_digest(lock: LockSpec) -> str:
    """The digest of the training part of a lock."""
    return digest_of(lock.train)


def test_digest(lock: LockSpec) -> str:
    """The digest of the test part of a lock."""
    return digest_of(lock.test)


def wish_digest(model: Model, gates: Sequence[Gate], allow: Sequence[str]) -> str:
    """The digest of what is asked of a version before a release: gates, expectations, and what its file may hold."""
    data = model.spec.data
    return digest_of(
        [canonical(list(gates)).decode(), canonical(data.expect).decode(), canonical(data.rows).decode(), *allow]
    )
