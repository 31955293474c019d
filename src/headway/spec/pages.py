"""The pages of the reference about kinds and findings, as Markdown, from the same words as `headway explain`."""

from collections.abc import Iterator

from headway.spec.codes.table import CODES
from headway.spec.explain import DOCUMENTED, Explained, Line, explain
from headway.spec.load import KINDS

__all__ = ["findings_page", "kinds_page"]

_PARTS = {"0": "Files, fields, names", "1": "Project, environments, signers, policies", "2": "Models"}

_KINDS = """\
What a document of each kind may say. `headway explain Model.rollout.deadline` answers the same at the terminal,
and `headway schema --to DIR` writes it as JSON Schemas for editors. Every document begins with
`apiVersion: headway.dev/v1alpha1` and its `kind`; a field that is not listed is refused.

Quantities name their unit: durations (`250ms`, `60s`, `10m`, `2h`, `90d`), shares (`5%`, `0.5pp`), factors (`1.5x`),
rates (`100/s`), sizes (`512Mi`, `2G`).
"""
_FINDINGS = """\
What `headway check` may say, by its code; `headway explain E204` answers the same at the terminal. An error leaves
its document out: what it says is not used, what served before goes on, and other documents are not touched. Of
headway.yaml what could be read stays in force, for every model depends on it. A warning is shown and stops nothing.
"""


def kinds_page() -> str:
    """Every kind with every field: what it is, what it takes, its default."""
    return "\n".join([*_kinds(), ""])


def findings_page() -> str:
    """Every code of a finding: what it means, an example of the cause, the cure."""
    return "\n".join([*_findings(), ""])


def _kinds() -> Iterator[str]:
    yield "# Kinds"
    yield ""
    yield from _KINDS.splitlines()
    for name in DOCUMENTED:
        yield ""
        yield f"## {name}"
        yield ""
        yield explain(name).says + ("" if name in KINDS else " Its schema is for tools that read it.")
        yield from _section(explain(name), name)


def _section(about: Explained, kind: str) -> Iterator[str]:
    for group in about.below:
        if about.path != kind:
            yield ""
            yield f"### {about.path}" + (f" with `{group.key}`" if group.key else "")
            yield ""
            yield group.says
        yield ""
        yield "| field | what it is | takes | default |"
        yield "|---|---|---|---|"
        yield from map(_row, group.fields)
    for path in _nested(about):
        yield from _section(explain(path), kind)


def _row(line: Line) -> str:
    default = "must be given" if line.required else f"`{line.default}`"
    return f"| `{line.name}` | {_cell(line.says)} | {_cell(line.takes)} | {_cell(default)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _nested(about: Explained) -> Iterator[str]:
    names = dict.fromkeys(line.name for group in about.below for line in group.fields)
    yield from (f"{about.path}.{name}" for name in names if explain(f"{about.path}.{name}").below)


def _findings() -> Iterator[str]:
    yield "# Findings"
    yield ""
    yield from _FINDINGS.splitlines()
    part = ""
    for code, about in CODES.items():
        if code[1] != part:
            part = code[1]
            yield ""
            yield f"## {_PARTS[part]}"
        yield ""
        yield f"### {code} {about.title}"
        yield ""
        yield about.means
        yield ""
        yield f"- Cause, for example: {about.example}."
        yield f"- Cure: {about.cure}"
