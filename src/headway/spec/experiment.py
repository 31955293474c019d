"""What a strategy asks beside guardrails: how alike a shadow's answers must be, how an experiment tells users apart."""

from typing import Literal

from msgspec import Struct

from headway.spec.quantity import Share

__all__ = ["Ab", "Shadow"]


class Ab(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An experiment between users: who sees the candidate, and when it has won.

    Attributes:
        header: The request header that tells users apart; without it a cookie does, which Headway sets.
        share: Percentage of the users who see the candidate, or any of the versions in `also`, each as many.
        also: Versions that users see beside the newest one, each compared with stable.
        wins_when: It is shown to be `safe` by every guardrail, or beside that `better` by one of them.
        better_by: The guardrail, by its name, that it must be better by; without it any one does, which takes longer.
    """

    header: str = ""
    share: float = 50.0
    also: tuple[str, ...] = ()
    wins_when: Literal["safe", "better"] = "better"
    better_by: str = ""


class Shadow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the candidate's answers to copies of requests are compared with those that users got.

    Attributes:
        agree_at_least: The share of requests that both versions must be shown to answer alike; without it the share is
            told and decides nothing.
        within: Numbers that lie at most so far apart are alike; without it only labels are compared.
    """

    agree_at_least: Share | None = None
    within: float | None = None
