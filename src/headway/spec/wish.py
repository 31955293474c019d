"""Everything that a commit of main asks for, by kind, with all that is wrong with it."""

from collections.abc import Collection, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from headway.spec.environment import Environment
from headway.spec.finding import Finding, Place
from headway.spec.gate import Gate
from headway.spec.load import load
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.model import Model
from headway.spec.policy import Policy
from headway.spec.project import Project, ProjectSpec

__all__ = ["Placed", "Wish", "allowed_classes", "effective_gates", "load_wish"]

T = TypeVar("T")


class Placed(Struct, Generic[T], frozen=True, kw_only=True):
    """A document with the file it stands in and that file's folder."""

    value: T
    file: str
    folder: str


class Wish(Struct, frozen=True, kw_only=True):
    """The usable documents; what is broken is missing here and told in `findings`."""

    project: Project
    models: Mapping[str, Placed[Model]]
    environments: Mapping[str, Environment]
    policies: tuple[Policy, ...]
    findings: tuple[Finding, ...]


def load_wish(files: Mapping[str, bytes], paths: Collection[str]) -> Wish:
    """Read every document among the files; `paths` are all files of the tree, for what documents refer to."""
    findings: list[Finding] = []
    project: Project | None = None
    models: dict[str, Placed[Model]] = {}
    environments: dict[str, Environment] = {}
    policies: list[Policy] = []
    for file, data in sorted(files.items()):
        if not _ours(file):
            continue
        documents, faults = load(file, data)
        findings += faults
        for document in documents:
            match document:
                case Project():
                    project = document
                case Model():
                    folder = file.rpartition("/")[0]
                    models[document.metadata.name] = Placed(value=document, file=file, folder=folder)
                case Environment():
                    environments[document.metadata.name] = document
                case Policy():
                    policies.append(document)
    if project is None:
        place = Place(file="headway.yaml")
        why = "headway.yaml names the environments and the signers; nothing can be decided without it."
        findings.append(Finding(code="E020", what="no project", why=why, do="Run `headway init`.", place=place))
        project = Project(apiVersion=API_VERSION, metadata=Metadata(name="none"), spec=ProjectSpec(environments=()))
    for placed in models.values():
        findings += _missing(placed, paths)
    return Wish(
        project=project,
        models=models,
        environments=environments,
        policies=tuple(policies),
        findings=tuple(sorted(findings, key=lambda finding: finding.place)),
    )


def effective_gates(wish: Wish, model: Model) -> tuple[Gate, ...]:
    """The model's own gates, and those of every policy that names it."""
    added = (gate for policy in _policies(wish, model) for gate in policy.spec.gates)
    return tuple(dict.fromkeys([*model.spec.gates, *added]))


def allowed_classes(wish: Wish, model: Model) -> tuple[str, ...]:
    """Classes that a model file may hold beyond the reviewed list, by policy only."""
    return tuple(sorted({name for policy in _policies(wish, model) for name in policy.spec.scan.allow}))


def _policies(wish: Wish, model: Model) -> list[Policy]:
    return [policy for policy in wish.policies if {"*", model.metadata.name} & set(policy.spec.models)]


def _ours(file: str) -> bool:
    folders = file.split("/")
    return (
        file == "headway.yaml"
        or (folders[0] == "models" and folders[-1] == "model.yaml")
        or (folders[0] in {"environments", "policies"} and len(folders) == 2)
    )


def _missing(placed: Placed[Model], paths: Collection[str]) -> list[Finding]:
    train, folder = placed.value.spec.train, placed.folder
    named = [*train.files, train.requirements, *([placed.value.spec.predict] if placed.value.spec.predict else [])]
    return [
        Finding(
            code="E021",
            what=f"'{path}' is not there",
            why=f"It is declared, and {folder}/{path} is no file of the repository.",
            do="Add the file and commit it, or mend the path.",
            place=Place(file=placed.file),
        )
        for path in named
        if f"{folder}/{path}" not in paths
    ]
