"""Golden cases: a folder each, with the documents that go in and the manifests that come out.

`python -m tests.render.cases` writes the manifests anew; the change is reviewed like code.
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from headway.app.rendering import yaml_of
from headway.render.manifest import Object
from headway.render.objects import ServedArm, objects
from headway.spec.environment import Environment
from headway.spec.load import Document, load
from headway.spec.model import Model

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def made(case: str) -> tuple[Object, ...]:
    """The objects of a case."""
    folder = GOLDEN / case
    model, environment = _document(folder / "model.yaml"), _document(folder / "environment.yaml")
    assert isinstance(model, Model)
    assert isinstance(environment, Environment)
    arms: list[Any] = yaml.safe_load((folder / "arms.yaml").read_bytes())
    return objects(model, environment, [msgspec.convert(arm, ServedArm) for arm in arms])


def _document(path: Path) -> Document:
    loaded = load(path.name, path.read_bytes())
    assert not loaded.findings
    return loaded.documents[0].value


if __name__ == "__main__":
    for name in CASES:
        (GOLDEN / name / "manifests.yaml").write_text(yaml_of(made(name)), encoding="utf-8")
