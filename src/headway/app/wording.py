"""Actions in words, for `plan` and for what `up` says is under way."""

from headway.plan.action import Action, Apply, Assess, Lock, NotAgain, Nothing, Release, Roll, Train, Wait

__all__ = ["line_of"]


def line_of(action: Action) -> str:  # noqa: PLR0911 - one line an action
    """An action in words, without its model."""
    match action:
        case Lock():
            return f"pin the data ({action.cause}): {action.why}"
        case NotAgain():
            return f"write down that no retraining starts: {action.why}"
        case Train():
            return f"train ({action.cause}): {action.why}"
        case Assess():
            over = f" over {action.over.version}" if action.over else ""
            return f"measure {action.served.version} for {action.environment}{over}"
        case Release():
            version = action.candidate or action.stable
            beside = f" beside {', '.join(served.version for served in action.also)}" if action.also else ""
            return f"{action.environment}: {action.how} {version.version if version else ''}{beside}: {action.why}"
        case Roll():
            return f"{action.environment}: go on with the rollout"
        case Apply():
            return f"{action.environment}: bring what runs to the release:\n    " + "\n    ".join(
                action.why.split("; ")
            )
        case Wait():
            return f"{action.environment}: wait: {action.why}" if action.environment else f"wait: {action.why}"
        case Nothing():
            return f"{action.environment}: {action.why}" if action.environment else action.why
