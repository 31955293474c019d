"""`headway status`: every model, version, rollout and alert, and the command that helps."""

from pathlib import Path

import click

from headway.app.show import output_option, repo_option, show, strip_escapes
from headway.app.views import Overview
from headway.reconcile.status import ModelStatus, PlaceStatus

__all__ = ["command"]


@click.command("status")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@repo_option
@output_option
def command(*, watch: bool, repo: str, output: str) -> None:
    """Show every model, version, rollout and alert, and the command that helps."""
    from headway.app.overview import overview

    if not watch:
        show(overview(Path(repo)), output, text)
        return
    import time

    while True:
        view = overview(Path(repo))
        click.clear()
        show(view, output, text)
        time.sleep(1)


def text(view: Overview) -> str:
    """The overview for people."""
    lines = [f"main {view.main[:8] or '-'}   record {view.record[:8] or '-'}   {_loop(view)}"]
    if view.unpushed:
        lines.append(f"{view.unpushed} commits of the record wait to be pushed")
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
    head = click.style(model.model, bold=True)
    lines = [f"{head}   {model.state} ({model.reason}): {strip_escapes(model.message)}"]
    lines += [f"  {_place(place)}" for place in model.places]
    lines += [f"  alert: {alert}" for alert in model.alerts]
    if model.help:
        lines.append(f"  next: {model.help}")
    return lines


def _place(place: PlaceStatus) -> str:
    versions = [version for version in (place.stable, place.candidate) if version]
    parts = [f"{place.environment:<12}"]
    for version in versions:
        weight = place.weights.get(version)
        share = f" {weight:g} %" if weight is not None and len(versions) > 1 else ""
        parts.append(f"{version}{share} ({place.ready.get(version, '0/0')} ready)")
    if place.candidate:
        parts.append(f"{place.rollout}, stage {place.stage + 1}, {place.windows} windows: {place.why}")
    if place.address:
        parts.append(f"at {place.address}")
    if place.kept:
        parts.append(f"{place.kept} kept for a rollback ({place.ready.get(place.kept, '0/0')} ready)")
    if place.gates:
        parts.append(f"gates: {place.gates}")
    return "  ".join([*parts, *place.trouble]) if versions or place.gates else f"{place.environment:<12}-"
