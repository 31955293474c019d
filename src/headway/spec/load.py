"""From a file's bytes to documents: which kinds there are, and where each may stand."""

from typing import Generic, TypeVar

from msgspec import Struct, structs

from headway.spec.convert import BAD, nearest, record_reader
from headway.spec.environment import Environment
from headway.spec.finding import Finding, Place, error
from headway.spec.model import Model
from headway.spec.policy import Policy
from headway.spec.project import Project
from headway.spec.yaml import Node, excerpt, read_nodes

__all__ = ["KINDS", "MARK", "Document", "Loaded", "Placed", "kind_at", "load"]

Document = Project | Model | Environment | Policy

# What people write.  Locks and releases are written by Headway, on its own branch.
KINDS: dict[str, type[Document]] = {"Project": Project, "Model": Model, "Environment": Environment, "Policy": Policy}

# What a file of ours holds, wherever it lies: the beginning of our versions' names.
MARK = b"headway.dev/"

T = TypeVar("T")


class Placed(Struct, Generic[T], frozen=True, kw_only=True):
    """A document with the file it stands in, that file's folder, and the nodes it was read from.

    `until` is the line at which the next document of the file begins, 0 for the last one; a document of a file that
    is bad YAML is not `sound`.
    """

    value: T
    file: str
    folder: str
    root: Node
    until: int = 0
    sound: bool = True

    def place(self, *path: str | int) -> Place:
        """Where a field stands; where its nearest enclosing field stands when it was not written."""
        node, at = self.root, self.root.place
        for step in path:
            if isinstance(step, str) and step in node.fields:
                key, node = node.fields[step]
                at = key.place
            elif isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                at = node.place
            else:
                break
        return at

    def wrote(self, *path: str) -> bool:
        """Does a field stand in the file, or does its default hold?"""
        node = self.root
        for step in path:
            if step not in node.fields:
                return False
            node = node.fields[step][1]
        return True

    def holds(self, place: Place) -> bool:
        """Does a place lie in this document?"""
        first = self.root.place.line
        return place.file == self.file and first <= place.line and (not self.until or place.line < self.until)

    def section(self, place: Place) -> tuple[str, str]:
        """The field of the document, and the field of that one, in which a place of this document lies."""
        first = _before(self.root, place)
        return first, _before(self.root.fields[first][1], place) if first else ""


def _before(node: Node, place: Place) -> str:
    """The last field of a mapping that begins at a place or before it."""
    found = ""
    for name, (key, _) in node.fields.items():
        if key.place <= place:
            found = name
    return found


class Loaded(Struct, frozen=True, kw_only=True):
    """The documents of a file, the models that it names, and all that is wrong with it.

    Documents with faults are among them, so that rules can tell what else is wrong; they are not to be used.
    """

    documents: tuple[Placed[Document], ...] = ()
    models: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def kind_at(file: str, data: bytes = b"") -> str | None:
    """Which kind a path of the repository holds; None when it is none of ours.

    A model.yaml below models/ is in any case; one that lies elsewhere, beside a team's script, when it names our
    versions: other tools have files of that name too.

    >>> kind_at("models/delay/model.yaml"), kind_at("models/delay/params.yaml"), kind_at("policies/all.yaml")
    ('Model', None, 'Policy')
    >>> kind_at("src/model.yaml"), kind_at("src/model.yaml", b"apiVersion: headway.dev/v1alpha1")
    (None, 'Model')
    """
    parts = file.split("/")
    if file == "headway.yaml":
        return "Project"
    if parts[-1] == "model.yaml" and ((parts[0] == "models" and len(parts) > 2) or MARK in data):
        return "Model"
    if len(parts) == 2 and parts[1].endswith((".yaml", ".yml")):
        return {"environments": "Environment", "policies": "Policy"}.get(parts[0])
    return None


def load(file: str, data: bytes) -> Loaded:
    """Every document of a file that can be told, and all that is wrong with it."""
    nodes, findings = read_nodes(file, data)
    wanted, sound = kind_at(file, data), not findings
    lines = [*(node.place.line for node in nodes[1:]), 0]
    documents = [
        structs.replace(found, until=until, sound=sound)
        for node, until in zip(nodes, lines, strict=False)
        if (found := _document(file, node, findings, wanted)) is not None
    ]
    if not nodes and not findings:
        why = f"It has no document, where one of kind {wanted or 'Model'} is expected."
        findings.append(error("E009", "empty file", Place(file=file), why=why, do="Write it, or remove the file."))
    models = tuple(dict.fromkeys(_name(file, node) for node in nodes)) or (_folder_name(file),)
    return Loaded(
        documents=tuple(documents),
        models=models if wanted == "Model" else (),
        findings=tuple(findings),
    )


def _document(file: str, node: Node, findings: list[Finding], wanted: str | None) -> Placed[Document] | None:
    named = node.fields.get("kind") if node.kind == "mapping" else None
    text = named[1].text if named else ""
    kind = KINDS.get(text)
    if kind is None:
        said = f"not '{excerpt(text)}'" if named else "and this one does not say which"
        why = f"A document says `kind:` {', '.join(KINDS)}, {said}.{nearest(text, KINDS)}"
        do = "Lines that begin a document are `apiVersion: headway.dev/v1alpha1` and `kind: Model`, say."
        findings.append(error("E010", "unknown kind", named[1].place if named else node.place, why=why, do=do))
        return None
    found = record_reader(kind, text, skip="kind")(node, findings)
    if wanted and wanted != text:
        why = f"{file} holds documents of kind {wanted}; a {text} is looked for elsewhere."
        do = "Move it to headway.yaml, a model.yaml, environments/ or policies/."
        findings.append(error("E022", f"{text} in the wrong place", node.place, why=why, do=do))
        return None
    folder = file.rpartition("/")[0]
    return None if found is BAD else Placed(value=found, file=file, folder=folder, root=node)


def _name(file: str, node: Node) -> str:
    """The name that a document gives itself, or that of its folder."""
    metadata = node.fields.get("metadata")
    name = metadata[1].fields.get("name") if metadata else None
    return name[1].text if name and name[1].text else _folder_name(file)


def _folder_name(file: str) -> str:
    return file.split("/")[-2] if "/" in file else ""
