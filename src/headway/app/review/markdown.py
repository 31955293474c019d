"""Prints a review as Markdown for a pull request.

What a change brings (names, values, a program's words) comes from strangers: it is shown, and never becomes markup.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import starmap

from headway.app.review.view import Change, FileChange, Latency, MergeStep, ModelReview, Review, Score, Subject
from headway.evidence.verdict import Answer, Verdict
from headway.spec.finding import Finding

__all__ = ["markdown"]

MOST_SHOWN = 100
_MARKUP = re.compile(r"([\\*\[\]<>|])")
_SIGNS = {"pass": "pass", "fail": "**fail**", "undecided": "**undecided**", "not applicable": "not applicable"}


def markdown(review: Review) -> str:
    """The whole review."""
    return "\n\n".join(_paragraphs(review)) + "\n"


def _paragraphs(review: Review) -> Iterator[str]:
    yield f"## Review of {_name(review.change)} against main {_name(review.base)}"
    yield "\n".join([*map(_headline, review.models), *_rest(review)]) or "Nothing of any model changes."
    if review.findings:
        yield "\n".join(["### What is wrong with the specs", "", *map(_finding, review.findings)])
    if review.changes:
        yield "### Environments, policies, project\n\n" + _changes(review.changes)
    for model in review.models:
        yield from _model(model)


def _headline(model: ModelReview) -> str:
    """The one line that a reader in a hurry needs."""
    name, subject = f"**{_text(model.model)}**", model.subject
    match model.outcome:
        case "failed":
            return f"- {name}: **{_text(_first_sentence(model.reason))}**"
        case "gone":
            return f"- {name}: deleted; {_text(model.reason)}"
        case "unjudged":
            return f"- {name}: no new version; the change takes force where it serves, as soon as it is merged"
        case "passes" | "refused":
            answers = Counter(verdict.answer for verdict in model.verdicts)
            passed, asked = answers[Answer.PASS], answers.total() - answers[Answer.NOT_APPLICABLE]
            version = f"{subject.version} ({subject.why.partition(':')[0]})" if subject else ""
            word = "passes its gates" if model.outcome == "passes" else "**is refused by its gates**"
            return f"- {name} {_text(version)} {word}: {passed} of {asked} verdicts pass"


def _rest(review: Review) -> Iterator[str]:
    if review.untouched:
        yield f"- untouched: {', '.join(map(_text, review.untouched))}"
    yield from (f"- note: {_text(note)}" for note in review.notes)


def _model(model: ModelReview) -> Iterator[str]:
    if model.outcome == "gone":
        return
    yield f"### {_text(model.model)}"
    if model.outcome == "failed":
        yield f"{_text(model.reason)}."
    if model.files or model.changes:
        yield _files(model.files) + ("\n\n" if model.files and model.changes else "") + _changes(model.changes)
    if model.subject:
        yield "\n".join(_version(model, model.subject))
    if model.scores:
        yield _scores(model.scores, model.subject)
    if model.latency:
        yield _latency(model.latency, model.subject)
    if model.verdicts:
        yield "\n".join(["**Gates**", "", *map(_verdict, model.verdicts)])
    if model.merge:
        yield "\n".join(["**Merging does**", "", *starmap(_step, enumerate(model.merge, 1))])
    if model.notes:
        yield "\n".join(f"- note: {_text(note)}" for note in model.notes)


def _version(model: ModelReview, subject: Subject) -> Iterator[str]:
    if subject.version:
        yield f"- version {subject.version}: {_text(subject.why)}"
    if model.data:
        yield f"- data: {_text(model.data)}"
    if subject.steps:
        steps = (f"{step.name} {step.state} in {step.seconds:.1f} s" for step in subject.steps)
        yield f"- steps: {_text(', '.join(steps))}"
    if subject.runtime:
        reason = f", not as ONNX: {subject.runtime_reason}" if subject.runtime_reason else ""
        yield f"- served by {subject.runtime}{_text(reason)}"
    if model.signature:
        yield f"- signature: {_text('; '.join(model.signature))}"
    elif subject.live:
        yield "- signature: unchanged"
    if subject.reported:
        reported = (f"{name} = {value:g}" for name, value in subject.reported.items())
        yield f"- the program itself reports {_text(', '.join(reported))}; that opens no gate"


def _files(files: Sequence[FileChange]) -> str:
    return _table(("file", "lines"), [(_code(file.path), _lines(file)) for file in files]) if files else ""


def _lines(file: FileChange) -> str:
    if file.added is None or file.removed is None:
        return f"{file.state}, no text"
    counts = f"+{file.added} −{file.removed}"
    return counts if file.state == "changed" else f"{file.state}, {counts}"


def _changes(changes: Sequence[Change]) -> str:
    rows = [(_code(change.field), _code(change.before), _code(change.after)) for change in changes]
    return _table(("wish", "before", "after"), rows) if rows else ""


def _scores(scores: Sequence[Score], subject: Subject | None) -> str:
    """New and live side by side; the gain has bounds where a gate compares the two."""
    live = subject.live if subject else ""
    compared = any(score.gain for score in scores)
    head = ["on the same test rows", subject.version if subject else ""]
    head += [f"live {live}"] if live else []
    head += ["gain"] if compared else []
    rows = []
    for score in scores:
        row = [f"{_text(score.metric)}, {score.rows:,} rows", _interval(score.new)]
        row += [_interval(score.live) if score.live else "–"] if live else []
        row += [_interval(score.gain, sign="+") if score.gain else "–"] if compared else []
        rows.append(tuple(row))
    return _table(tuple(head), rows)


def _latency(found: Sequence[Latency], subject: Subject | None) -> str:
    live = subject.live if subject else ""
    head = ("latency", subject.version if subject else "", *([f"live {live}"] if live else []))
    rows = []
    for one in found:
        for quantile, seconds in one.new.items():
            other = one.live.get(quantile)
            row = [f"{_text(quantile)} at {one.load:.0f}/s", _ms(seconds)]
            rows.append(tuple(row + ([_ms(other) if other is not None else "–"] if live else [])))
    return _table(head, rows)


def _interval(found: tuple[float, float, float], sign: str = "") -> str:
    point, low, high = (format(value, f"{sign}.4f") for value in found)
    return f"{point} ({low} to {high})"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def _verdict(verdict: Verdict) -> str:
    return f"- {_SIGNS[verdict.answer]}: {_text(verdict.name)}: {_text(verdict.why)}."


def _step(number: int, step: MergeStep) -> str:
    return f"{number}. {_text(step.environment)}: {_text(step.what)}"


def _finding(found: Finding) -> str:
    return (
        f"- {found.severity} {found.code} {_code(str(found.place))}: {_text(f'{found.what}. {found.why} {found.do}')}"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _name(change: str) -> str:
    return f"`{change[:12]}`" if re.fullmatch("[0-9a-f]{40,64}", change) else change


def _text(text: str) -> str:
    r"""A stranger's words as plain text on one line.

    >>> print(_text("a <b>|\nc"))
    a \<b\>\| c
    """
    line = " ".join(text.split())
    # Pairs of backticks are our own commands, and what stands between them is no markup either.
    line = line.replace("`", "'") if line.count("`") % 2 else line
    # A zero-width space keeps a stranger from calling people by @name.
    return _MARKUP.sub(r"\\\1", line).replace("@", "@\u200b")


def _code(text: str) -> str:
    r"""A stranger's value as code, cut where it is long; nothing where there is none.

    >>> print(_code("a|`b`"))
    `a\|'b'`
    """
    line = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    if not line:
        return "–"
    return f"`{line[:MOST_SHOWN]}…`" if len(line) > MOST_SHOWN else f"`{line}`"
