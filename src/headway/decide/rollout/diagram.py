"""Writes the page of the documentation that shows the states of a rollout, from the table itself."""

from collections.abc import Iterator

from headway.decide.rollout.machine import EVENTS, TRANSITIONS

__all__ = ["page"]

RENEW = "python -m headway.app.reference"


def page() -> str:
    """The whole page as Markdown with a Mermaid diagram."""
    return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    yield "# The states of a rollout"
    yield ""
    yield "This page is written from the table in `src/headway/decide/rollout/machine.py`; a test fails when it is old."
    yield f"To renew it: `{RENEW}`"
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> waiting"
    for (state, event), following in TRANSITIONS.items():
        yield f"    {state} --> {following}: {event}"
    yield "    promoted --> [*]"
    yield "    aborted --> [*]"
    yield "```"
    yield ""
    yield "The candidate answers requests while `running`, `paused` and `promoting`; else its weight is zero."
    yield "A paused rollout keeps its weight and is still guarded. A parked one has weight zero until the doubt"
    yield "about its data is cured, and then goes on with the stage and the evidence that it had. An event that"
    yield "a state has no arrow for is an error and changes nothing."
    yield ""
    yield "| event | means |"
    yield "|---|---|"
    for event, meaning in EVENTS.items():
        yield f"| {event} | {meaning} |"
