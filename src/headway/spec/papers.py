"""All usable documents of one tree with their places, as the rules across documents see them."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from headway.spec.environment import Environment
from headway.spec.finding import Finding, Place, Severity, error, warning
from headway.spec.load import Placed, kind_at, load
from headway.spec.model import Model
from headway.spec.policy import Policy
from headway.spec.project import Project

__all__ = ["Papers", "Unmatched", "read_papers"]

# (a model's folder, a data path of it) -> why it matches no file on this disk.
Unmatched = Mapping[tuple[str, str], str]


class Papers(Struct, frozen=True, kw_only=True):
    """What was read, and the findings of reading it.

    `paths` are the files of the tree, `refused` those that are not read, with the reason; `speak` says which files
    speak of a model, and `broken` are the files that hold an error already.
    """

    projects: tuple[Placed[Project], ...] = ()
    models: tuple[Placed[Model], ...] = ()
    environments: tuple[Placed[Environment], ...] = ()
    policies: tuple[Placed[Policy], ...] = ()
    paths: Collection[str] = frozenset()
    refused: Mapping[str, str] = {}
    speak: Mapping[str, tuple[str, ...]] = {}
    findings: tuple[Finding, ...] = ()

    @property
    def project(self) -> Placed[Project] | None:
        """The first project; a second one is a finding."""
        return self.projects[0] if self.projects else None

    @property
    def broken(self) -> frozenset[str]:
        """The files that hold an error."""
        return frozenset(each.place.file for each in self.findings if each.severity is Severity.ERROR)


def read_papers(files: Mapping[str, bytes], paths: Collection[str], refused: Mapping[str, str]) -> Papers:
    """Read every document of ours among the files."""
    found: dict[type, list[Any]] = {Project: [], Model: [], Environment: [], Policy: []}
    findings: list[Finding] = []
    speak: dict[str, tuple[str, ...]] = {}
    for file in sorted({*files, *refused, *paths}):
        if kind_at(file, files.get(file, b"")) is None:
            findings += _nearly(file)
        elif file in refused:
            why = f"{refused[file][:1].upper()}{refused[file][1:]}."
            do = "Put a regular file of at most 1 MiB there."
            findings.append(error("E002", "file is not read", Place(file=file), why=why, do=do))
        elif file in files:
            loaded = load(file, files[file])
            findings += loaded.findings
            for placed in loaded.documents:
                found[type(placed.value)].append(placed)
            for name in loaded.models:
                speak[name] = (*speak.get(name, ()), file)
    return Papers(
        projects=tuple(found[Project]),
        models=tuple(found[Model]),
        environments=tuple(found[Environment]),
        policies=tuple(found[Policy]),
        paths=paths,
        refused=refused,
        speak=speak,
        findings=tuple(findings),
    )


def _nearly(file: str) -> list[Finding]:
    """A file that was meant for us, by a name that we do not look for."""
    folders = file.split("/")
    if file == "headway.yml":
        wanted = "headway.yaml"
    elif folders[0] == "models" and len(folders) > 2 and folders[-1] in {"model.yml", "models.yaml"}:
        wanted = "/".join([*folders[:-1], "model.yaml"])
    elif folders[0] == "models" and folders[-1] == "model.yaml":
        wanted = "models/NAME/model.yaml, or a model.yaml that says `apiVersion: headway.dev/v1alpha1`"
    elif folders[0] in {"environment", "policy"} and len(folders) == 2 and folders[1].endswith((".yaml", ".yml")):
        wanted = {"environment": "environments/", "policy": "policies/"}[folders[0]] + folders[1]
    else:
        return []
    why = f"By its name it is meant for Headway, which looks for {wanted}."
    return [warning("E027", "file with another name", Place(file=file), why=why, do="Rename it.")]
