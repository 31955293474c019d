"""Answers `headway explain`: a code of a finding, a kind, or a field, by the same words as the reference pages."""

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.spec.codes.code import Code
from headway.spec.codes.table import CODES
from headway.spec.convert import nearest
from headway.spec.explain import DOCUMENTED, Explained, Group, Line, explain

__all__ = ["ExplainedCode", "answer", "text"]


class ExplainedCode(Struct, frozen=True, kw_only=True):
    """A code with what is said of it."""

    code: str
    about: Code


def answer(words: str) -> ExplainedCode | Explained:
    """What a code, a kind or a field is; RefusedError names the nearest known one."""
    if words.upper() in CODES:
        return ExplainedCode(code=words.upper(), about=CODES[words.upper()])
    if words[:1] in "Ee" and words[1:].isdigit():
        raise RefusedError(
            f"There is no code {words}; they go from {min(CODES)} to {max(CODES)}.{nearest(words, CODES)}"
        )
    try:
        return explain(words)
    except LookupError as unknown:
        raise RefusedError(str(unknown.args[0])) from None


def text(view: ExplainedCode | Explained) -> str:
    """The answer for people."""
    if isinstance(view, ExplainedCode):
        about = view.about
        return f"{view.code} {about.title}\n  {about.means}\n\n  cause  {about.example}\n  cure   {about.cure}"
    lines = [view.path, f"  {view.says}"]
    if view.path not in DOCUMENTED:
        lines.append(f"  It takes {view.takes}.")
        lines.append("  It must be given." if view.required else f"  Default: {view.default}")
    for group in view.below:
        lines += ["", f"  with `{group.key}`: {group.says}"] if group.key else [""]
        lines += _fields(group)
    return "\n".join(lines)


def _fields(group: Group) -> list[str]:
    width = max(len(line.name) for line in group.fields) + 2
    return [f"  {line.name:<{width}}{line.says}\n  {'':<{width}}{_form(line)}" for line in group.fields]


def _form(line: Line) -> str:
    return f"{line.takes}; " + ("must be given" if line.required else f"default: {line.default}")
