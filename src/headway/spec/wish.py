"""Everything that a commit of main asks for, by kind, with all that is wrong with it."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from headway.spec.environment import Environment
from headway.spec.finding import Finding, Place, Severity, error
from headway.spec.gate import Gate
from headway.spec.load import Placed, kind_at
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.model import Model
from headway.spec.papers import Papers, Unmatched, read_papers
from headway.spec.policy import Isolation, Policy, covers
from headway.spec.project import Project, ProjectSpec
from headway.spec.rules.model import model_faults
from headway.spec.rules.names import names
from headway.spec.rules.policy import policies
from headway.spec.rules.project import project

__all__ = ["Wish", "allowed_classes", "effective_gates", "judged", "load_wish", "required_isolation"]

Errors = Mapping[str, Sequence[Finding]]
Paper = Placed[Project] | Placed[Model] | Placed[Environment] | Placed[Policy]


class Wish(Struct, frozen=True, kw_only=True):
    """The usable documents; what is broken is missing here and told in `findings`.

    `held` are the models that are missing, with the errors that keep each out.
    """

    project: Project
    models: Mapping[str, Placed[Model]]
    environments: Mapping[str, Environment]
    policies: tuple[Policy, ...]
    findings: tuple[Finding, ...]
    held: Mapping[str, tuple[Finding, ...]] = {}


def load_wish(files: Mapping[str, bytes], paths: Collection[str], refused: Mapping[str, str] | None = None) -> Wish:
    """Read every document among the files; `paths` are all files of the tree, for what documents refer to.

    `refused` are paths of the tree that are not read, with the reason.
    """
    return judged(read_papers(files, paths, refused or {}), {})


def judged(papers: Papers, unmatched: Unmatched) -> Wish:
    """Look across fields and documents, and leave out what is broken."""
    findings = [*papers.findings, *_told(papers, unmatched)]
    errors: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.severity is Severity.ERROR:
            errors.setdefault(finding.place.file, []).append(finding)
    over = dict(_held_by_policies(papers, errors))
    findings += over.values()
    sound = {
        placed.value.metadata.name: placed
        for placed in papers.models
        if _sound(placed, errors) and placed.value.metadata.name not in over
    }
    return Wish(
        project=_project(papers),
        models=sound,
        environments={each.value.metadata.name: each.value for each in papers.environments if _sound(each, errors)},
        policies=tuple(each.value for each in papers.policies if _sound(each, errors)),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda finding: (finding.place, finding.code))),
        held={
            name: (
                *(fault for file in files for fault in errors.get(file, ())),
                *([over[name]] if name in over else []),
            )
            for name, files in papers.speak.items()
            if name not in sound
        },
    )


# What holds where headway.yaml cannot be read: nothing is released, and nobody may decide.
NO_PROJECT = Project(apiVersion=API_VERSION, metadata=Metadata(name="none"), spec=ProjectSpec(environments=()))


def _project(papers: Papers) -> Project:
    """The project, if it was read without a fault; what the rules say of it stops nothing, for all depend on it."""
    placed = papers.project
    if placed is None or not placed.sound or any(placed.holds(fault.place) for fault in papers.findings):
        return NO_PROJECT
    return placed.value


def effective_gates(wish: Wish, model: Model) -> tuple[Gate, ...]:
    """The model's own gates, and those of every policy that names it."""
    added = (gate for policy in _policies(wish, model) for gate in policy.spec.gates)
    return tuple(dict.fromkeys([*model.spec.gates, *added]))


def allowed_classes(wish: Wish, model: Model) -> tuple[str, ...]:
    """Classes that a model file may hold beyond the reviewed list, by policy only."""
    return tuple(sorted({name for policy in _policies(wish, model) for name in policy.spec.scan.allow}))


def required_isolation(wish: Wish, model: Model) -> Isolation:
    """The cage that the model's own code must run in: the strictest that a policy asks for."""
    return "landlock" if any(p.spec.isolation == "landlock" for p in _policies(wish, model)) else "any"


def _policies(wish: Wish, model: Model) -> list[Policy]:
    return [policy for policy in wish.policies if covers(policy, model.metadata.name)]


def _told(papers: Papers, unmatched: Unmatched) -> Iterator[Finding]:
    """What the rules find, but for the sections that could not be read: there they would speak of defaults."""
    papered: dict[str, list[Paper]] = {}
    every: tuple[Paper, ...] = (*papers.projects, *papers.models, *papers.environments, *papers.policies)
    for placed in every:
        papered.setdefault(placed.file, []).append(placed)
    unread = {section for fault in papers.findings for section in _sections(papered, fault)}
    # What is missing may have been misspelt: of a section with a fault in it, absence says nothing.
    unread |= {(root, first, "") for root, first, _ in unread}
    for finding in _rules(papers, unmatched):
        if not unread or unread.isdisjoint(_sections(papered, finding)):
            yield finding


def _sections(papered: Mapping[str, Sequence[Paper]], finding: Finding) -> list[tuple[Place, str, str]]:
    """Which document a finding speaks of, and which section of it; none when no document could be told."""
    place = finding.place
    return [(each.root.place, *each.section(place)) for each in papered.get(place.file, ()) if each.holds(place)]


def _rules(papers: Papers, unmatched: Unmatched) -> Iterator[Finding]:
    yield from _no_project(papers)
    yield from names(papers)
    yield from project(papers)
    yield from policies(papers)
    for placed in papers.models:
        yield from model_faults(placed, papers, unmatched)


def _sound(placed: Paper, errors: Errors) -> bool:
    return placed.sound and not any(placed.holds(fault.place) for fault in errors.get(placed.file, ()))


def _held_by_policies(papers: Papers, errors: Errors) -> Iterator[tuple[str, Finding]]:
    """The models that a broken policy may speak of: without its gates a version would pass unchecked."""
    for file, faults in errors.items():
        if kind_at(file) != "Policy":
            continue
        placed = [each for each in papers.policies if each.file == file]
        known = all(any(each.holds(fault.place) for each in placed) for fault in faults)
        held = [
            name
            for name in papers.speak
            if not known or any(covers(each.value, name) for each in placed if not _sound(each, errors))
        ]
        if held:
            shown = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
            why = f"Its rules hold for {shown}, and leaving them out would let versions pass unchecked."
            do = "Mend the policy; until then these models get no new version, and what serves goes on."
            for name in held:
                yield name, error("E121", "broken policy holds models", faults[0].place, why=why, do=do)


def _no_project(papers: Papers) -> Iterator[Finding]:
    if not papers.projects and "headway.yaml" not in papers.broken:
        why = "headway.yaml names the environments and the signers; nothing can be decided without it."
        yield error("E020", "no project", Place(file="headway.yaml"), why=why, do="Run `headway init`.")
