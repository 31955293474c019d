"""`headway status`: every model, version, rollout and alert, and the command that helps."""

from pathlib import Path

import click

from headway.app.progress_text import progress_lines
from headway.app.show import output_option, repo_option, show
from headway.app.views import Overview
from headway.evidence.weights import share_in_words
from headway.reconcile.status import ModelStatus, PlaceStatus

__all__ = ["command"]


@click.command("status")
@click.argument("model", required=False, default="")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@repo_option
@output_option
def command(*, model: str, watch: bool, repo: str, output: str) -> None:
    """Show every model, version, rollout and alert, and the command that helps.

    With MODEL this one alone, and how much worse its candidate is as far as is known.
    """
    from headway.app.overview import looks, overview

    if not watch:
        show(overview(Path(repo), model), output, text)
        return
    from headway.app.watching import again

    again(looks(Path(repo), model), output, text)


def text(view: Overview) -> str:
    """The overview for people."""
    lines = [f"main {view.main[:8] or '-'}   record {view.record[:8] or '-'}", _loop(view)]
    if view.unpushed:
        lines.append(f"{view.unpushed} commits of the record are not pushed yet")
    if view.problem:
        lines.append(f"not up to date: {view.problem}")
    if view.trouble:
        lines.append(f"trouble: {view.trouble}")
    for model in view.models:
        lines += ["", *_model(model)]
    return "\n".join(lines)


def _loop(view: Overview) -> str:
    return f"`headway up` runs ({view.held_by})" if view.held_by else "`headway up` does not run"


def _model(model: ModelStatus) -> list[str]:
    lines = [f"{model.model}   {model.state} ({model.reason}): {model.message}"]
    lines += [line for place in model.places for line in _place(place)]
    lines += [f"  alert: {alert}" for alert in model.alerts]
    if model.false_aborts:
        lines.append(f"  at this pace at most {model.false_aborts:.2g} harmless candidates are aborted a year")
    if model.help:
        lines.append(f"  next: {model.help}")
    return lines


def _place(place: PlaceStatus) -> list[str]:
    """What serves and where; below it how a rollout goes, what the gates said, and what is wrong."""
    versions = [version for version in (place.stable, place.candidate, *place.also) if version]
    parts = [_version(place, version, shared=len(versions) > 1) for version in versions] or ["-"]
    if place.address:
        parts.append(f"at {place.address}")
    if place.kept:
        parts.append(f"{place.kept} kept for a rollback ({place.ready.get(place.kept, '0/0')} ready)")
    more = [*place.trouble]
    if place.candidate:
        more.append(f"{place.rollout}, stage {place.stage + 1}, {place.windows} windows: {place.why}")
        more += progress_lines(place.progress, place.stable) if place.progress else []
    if place.gates:
        more.append(f"gates: {place.gates}")
    return [f"  {place.environment:<12}  {'  '.join(parts)}", *(f"{'':<16}{line}" for line in more)]


def _version(place: PlaceStatus, version: str, *, shared: bool) -> str:
    weight = place.weights.get(version)
    share = f" {_share(place, version, weight)}" if weight is not None and shared else ""
    return f"{version}{share} ({place.ready.get(version, '0/0')} ready)"


def _share(place: PlaceStatus, version: str, weight: float) -> str:
    """Beside one that gets copies, stable answers everything."""
    if place.split == "copies" and version == place.stable:
        return share_in_words(100.0, "answers")
    return share_in_words(weight, place.split if version == place.candidate else "answers")
