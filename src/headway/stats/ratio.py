"""Evidence that requests were not split as intended (sample-ratio mismatch).  Knows no rollout.

After Lindon and Malek (NeurIPS 2022, arXiv 2011.03567; statistics chapter, 2.4): for a split that stays a Dirichlet
mixture, for one that changes from window to window a shared tilt of the intended shares.  Assumes that each request
picks its arm by itself, at random: count users or connections where these are pinned to an arm.  The same functions
say whether labels, or telemetry, arrive in the proportions in which requests were sent: their counts take the place of
the requests'.
"""

import math
from collections.abc import Sequence

from headway.stats.sequential import log_mean_exp

__all__ = ["CONCENTRATION", "TILTS", "log_dirichlet", "log_tilts", "log_tilts_of_arms", "mismatch"]

# Odds of the candidate's share against the intended one.
TILTS = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.1, 1.25, 2.0)
# How near the intended shares the mixture looks, as requests seen before the first; 100 suits small traffic.
CONCENTRATION = 10_000.0


def log_tilts(candidate: int, control: int, share: float) -> tuple[float, ...]:
    """One window's evidence for each tilt, as logarithms; nothing where the candidate was meant to get all or none.

    >>> max(log_tilts(5, 95, 0.05)) < 0.01 < max(log_tilts(0, 400, 0.05))
    True
    """
    if not 0.0 < share < 1.0:
        return tuple(0.0 for _ in TILTS)
    found = []
    for tilt in TILTS:
        tilted = share * tilt / (share * tilt + 1.0 - share)
        found.append(candidate * math.log(tilted / share) + control * math.log((1.0 - tilted) / (1.0 - share)))
    return tuple(found)


def log_tilts_of_arms(counts: Sequence[int], shares: Sequence[float]) -> tuple[float, ...]:
    """One window's evidence for a tilt of any one of N arms, the others keeping their proportions among themselves.

    `counts` of requests and intended `shares` (0 to 1) are in the order of the arms; one logarithm for each arm and
    tilt, for two arms those of the first (which tilts the other as well), to be summed over windows for `mismatch`.
    ValueError where the shares do not sum to 1.

    >>> lost = log_tilts_of_arms([300, 300, 240], [0.35, 0.35, 0.3])
    >>> len(lost), max(lost) > 0.0
    (36, True)
    """
    _summing_to_one(shares)
    total = sum(counts)
    arms = list(zip(counts, shares, strict=True))
    told = arms[:1] if len(arms) == 2 else arms
    return tuple(log for count, share in told for log in log_tilts(count, total - count, share))


def log_dirichlet(counts: Sequence[int], shares: Sequence[float], *, concentration: float = CONCENTRATION) -> float:
    """The logarithm of the evidence in all counts so far that N arms did not get the shares intended all the time.

    A mixture of all splits by a Dirichlet law around the intended one, B(k·shares + counts) / B(k·shares) over the
    likelihood of the intended one: the totals are the whole state, and it does not matter how they came window by
    window.  ValueError for a share that is not above 0, or shares that do not sum to 1.

    >>> round(log_dirichlet([9000, 1000], [0.95, 0.05]), 1), log_dirichlet([950, 50], [0.95, 0.05]) < 0
    (114.3, True)
    """
    _summing_to_one(shares)
    if min(shares) <= 0.0:
        raise ValueError(f"an arm that is meant to get nothing has no place in a fixed split: {tuple(shares)}")
    prior = [concentration * share for share in shares]
    each = math.fsum(
        math.lgamma(before + count) - math.lgamma(before) - count * math.log(share)
        for before, count, share in zip(prior, counts, shares, strict=True)
    )
    return each + math.lgamma(concentration) - math.lgamma(concentration + sum(counts))


def mismatch(logs: Sequence[float]) -> float:
    """The logarithm of the evidence so far that the split is not the intended one; `logs` sum up the windows by tilt.

    >>> mismatch(log_tilts(5, 95, 0.05)) < 0.01 < mismatch(log_tilts(0, 400, 0.05))
    True
    """
    return log_mean_exp(logs) if logs else 0.0


def _summing_to_one(shares: Sequence[float]) -> None:
    if not math.isclose(math.fsum(shares), 1.0, abs_tol=1e-6):
        raise ValueError(f"intended shares sum to 1, not to {math.fsum(shares)}")
