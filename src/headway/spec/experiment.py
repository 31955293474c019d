"""What a strategy asks beside guardrails: how alike a shadow's answers must be."""

from msgspec import Struct

from headway.spec.quantity import Share

__all__ = ["Shadow"]


class Shadow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the candidate's answers to copies of requests are compared with those that users got.

    Attributes:
        agree_at_least: The share of requests that both versions must be shown to answer alike; without it the share is
            told and decides nothing.
        within: Numbers that lie at most so far apart are alike; without it only labels are compared.
    """

    agree_at_least: Share | None = None
    within: float | None = None
