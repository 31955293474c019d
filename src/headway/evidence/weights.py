"""How one route's requests are split between versions."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = ["Backend", "Route", "Split", "share_in_words"]

# What a version's share means: it answers so many requests, it gets copies of so many that stable answers, or it
# answers all requests of so many users.
Split: TypeAlias = Literal["answers", "copies", "users"]

SHARES: Mapping[Split, str] = {
    "answers": "{:g} %",
    "copies": "copies of {:g} %",
    "users": "{:g} % of the users",
}


class Backend(Struct, frozen=True, kw_only=True):
    """A version that answers, the service that carries it, and its percent of the route's requests.

    `returned` is the percent of users who were dealt to it and whom the stable version answers since, in whose weight
    they are: so nobody else is dealt anew.
    """

    version: str
    service: str
    weight: float
    returned: float = 0.0


class Route(Struct, frozen=True, kw_only=True):
    """One model's way in, in one environment.  The first backend is the stable one; weights add up to 100.

    With `copies`, requests are split all the same, and stable answers those of the others, too: each other version gets
    a copy of every request in its share, and what it answers reaches no user.  With `users`, a user is told by the
    request header `header`, or by a cookie where none is named.
    """

    model: str
    environment: str
    backends: tuple[Backend, ...]
    listen: str = ""
    split: Split = "answers"
    header: str = ""

    @property
    def weights(self) -> dict[str, float]:
        """The backends' weights, in percent, by version."""
        return {back.version: back.weight for back in self.backends}


def share_in_words(weight: float, split: Split) -> str:
    """A candidate's share, in percent: what it answers, or gets copies of.

    >>> [share_in_words(20.0, split) for split in ("answers", "copies")]
    ['20 %', 'copies of 20 %']
    """
    return SHARES[split].format(weight)
