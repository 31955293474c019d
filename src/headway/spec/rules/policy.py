"""Rules for policies: their gates, the models that they name, the classes that they allow."""

import re
from collections.abc import Iterator

from headway.spec.convert import nearest
from headway.spec.finding import Finding, error, warning
from headway.spec.load import Placed
from headway.spec.papers import Papers
from headway.spec.policy import Policy
from headway.spec.rules.gates import gate
from headway.spec.yaml import excerpt

__all__ = ["policies"]

_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def policies(papers: Papers) -> Iterator[Finding]:
    """What is wrong with the policies that could be read."""
    for placed in papers.policies:
        for number, each in enumerate(placed.value.spec.gates):
            yield from gate(each, None, placed.place("spec", "gates", number))
        yield from _models(placed, papers)
        yield from _classes(placed)


def _models(placed: Placed[Policy], papers: Papers) -> Iterator[Finding]:
    if not placed.value.spec.models:
        why = "An empty list names no model, so the policy does nothing."
        at = placed.place("spec", "models")
        yield warning("E120", "policy for no model", at, why=why, do="Name models, or write `models: ['*']`.")
    for number, name in enumerate(placed.value.spec.models):
        if name != "*" and name not in papers.speak:
            why = f"No model has this name.{nearest(name, papers.speak)}"
            at = placed.place("spec", "models", number)
            yield warning("E120", f"policy for no model '{excerpt(name)}'", at, why=why, do="Mend the name.")


def _classes(placed: Placed[Policy]) -> Iterator[Finding]:
    for number, name in enumerate(placed.value.spec.scan.allow):
        if not _CLASS.fullmatch(name):
            at = placed.place("spec", "scan", "allow", number)
            why = "A class is named as `module:name`; anything else is found in no model file."
            do = "Write `package.module:Class`."
            yield error("E122", f"'{excerpt(name)}' names no class", at, why=why, do=do)
