"""How much of an error rate one use of a test set may spend.  Knows no test.

Alpha-spending (Foster, Stine, JRSS-B 2008) with weights that sum to 1 over all uses.  Assumes that a use's level is
fixed before its result, and that a candidate was not built from the answers of earlier uses: who tunes on them overfits
the set by more than any such sum counts (Blum, Hardt, ICML 2015).
"""

__all__ = ["spent"]


def spent(alpha: float, use: int) -> float:
    """The level of the k-th use of one test set: alpha / (k(k+1)), which sums to alpha over all uses.

    ValueError for a use below 1.

    >>> [round(spent(0.05, k), 5) for k in (1, 2, 3)]
    [0.025, 0.00833, 0.00417]
    """
    if use < 1:
        raise ValueError(f"uses count from 1, not {use}")
    return alpha / (use * (use + 1))
