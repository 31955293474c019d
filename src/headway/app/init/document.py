"""The text of a model.yaml: what was guessed with the line it comes from, and comments where a person must look."""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from headway.app.init.guess import Guesses
from headway.app.init.places import Guess

__all__ = ["model_document"]

PLAIN = re.compile(r"[A-Za-z_][\w./*-]*")
# Words that YAML readers take for something else than a text.
WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def model_document(name: str, found: Guesses, requirements: str) -> str:
    """The whole document."""
    files = [found.script, *found.modules, *found.others]
    lines = [
        f"# Written by `headway init` from {PurePosixPath(found.script).name}; it is yours now. Mend what says look.",
        "apiVersion: headway.dev/v1alpha1",
        "kind: Model",
        f"metadata: {{name: {name}}}",
        "spec:",
        f"  task: {{kind: {found.task.value}, label: {_scalar(found.label.value)}}}{_seen(found.task, found.label)}",
        "  data:",
        *_data(found),
        "  train:",
        f"    run: {_scalar(_run(found))}",
        *_params(found),
        f"    files: {_list(files)}",
        f"    requirements: {_scalar(requirements)}",
        f"    writes: {_scalar(found.writes.value)}{_seen(found.writes)}",
        "  gates:  # look: what must hold before a version reaches users",
        *(f"    - {line}" for line in _gates(found)),
    ]
    return "\n".join(lines) + "\n"


def _data(found: Guesses) -> list[str]:
    names = ("path",) if len(found.data) == 1 else ("train", "test")
    lines = [f"    {name}: {_scalar(each.value)}{_seen(each)}" for name, each in zip(names, found.data, strict=True)]
    if found.dropped:
        lines.append(f"    drop: {_list(found.dropped)}  # the script takes these out of its features")
    if len(found.data) == 1:
        by = _scalar(found.time) if found.time else "date"
        lines.append(f"    # split: {{by: {by}, test: 20%}}  # look: rows with a time want the newest as test rows")
    return lines


def _run(found: Guesses) -> str:
    words = [f"python {found.script}", *(f"{option.flag} {{{option.name}}}" for option in found.params)]
    return " ".join(words)


def _params(found: Guesses) -> list[str]:
    if not found.params:
        return []
    pairs = (f"{option.name}: {json.dumps(option.default)}" for option in found.params)
    return [f"    params: {{{', '.join(pairs)}}}"]


def _gates(found: Guesses) -> list[str]:
    """A floor that a useful model clears with ease, and no step back from what is live."""
    if found.task.value == "regression":
        floor, against = "{metric: r2, at_least: 0.1}", "r2"
    elif found.classes > 2:
        floor, against = f"{{metric: balanced_accuracy, at_least: {1 / found.classes + 0.1:.2f}}}", "accuracy"
    else:
        floor, against = "{metric: auc, at_least: 0.6}", "auc"
    return [
        f"{floor}  # look: a guess; ask for what your users need",
        f"{{metric: {against}, versus: live, worse_by_at_most: 0.02}}",
    ]


def _seen(*guesses: Guess) -> str:
    lines = sorted({guess.line for guess in guesses if guess.line})
    if len(lines) == 0 or any(not guess.line for guess in guesses):
        return "  # look: a default" if not lines else f"  # line {lines[0]}; look: in part a default"
    return f"  # line {' and '.join(map(str, lines))}"


def _list(words: Sequence[str]) -> str:
    return f"[{', '.join(map(_scalar, words))}]"


def _scalar(text: str) -> str:
    """A text as YAML reads it back, quoted where it must be."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
