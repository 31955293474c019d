"""Takes the labels that come for predictions: judges each, counts it, and has it written down."""

from headway.serve.answering import tell
from headway.serve.models.model import Model
from headway.serve.protocols import feedback
from headway.serve.protocols.media import media
from headway.serve.watch.recent import OUTCOMES, Recent
from headway.serve.wire.exchange import Exchange

__all__ = ["take"]


def take(exchange: Exchange, model: Model, recent: Recent) -> None:
    """Answer with what became of each label, in their order, with how many of each kind, and how many were recorded.

    Labels of predictions that are not known any more are recorded too, for they may come a day later; where predictions
    are not recorded none is.  Sent twice, they are recorded once.
    """
    media(exchange.kind, (b"application/json",))
    name, outcomes, recorded = model.manifest.model, [], 0
    for label in feedback.parse(exchange.content(), model.manifest):
        outcome = recent.judge(name, label.id, label.row, label.label)
        outcomes.append(outcome)
        model.metrics.label(outcome)
        if outcome in {"accepted", "unknown"}:
            recorded += model.label(label.id, label.row, label.label, known=outcome == "accepted")
    counts = {outcome: outcomes.count(outcome) for outcome in OUTCOMES}
    tell(exchange, {"outcomes": outcomes, "counts": counts, "recorded": recorded})
