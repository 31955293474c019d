"""A running e-process of one comparison, as a value: fold windows in, read the evidence.  Knows no threshold.

Harm is a mixture of processes begun at every stage of a rollout, so that health at one stage does not count against
detecting harm at a later one (statistics chapter, 2.5); safety is one process, never begun again.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, log_mean_exp

__all__ = ["Track", "begun", "grown", "harm_of", "safety_of"]

FIRST_SHARE = 0.4


class Track(Struct, frozen=True, kw_only=True):
    """Logarithms of e-values so far: `harm` by the stage a process began at and by alternative, `safe` by alternative.

    `at` (an edge in milliseconds) or `name` tells what is compared where several things are.  `least` is a share that
    never counts as too much, where there is one.
    """

    harm: tuple[tuple[float, ...], ...]
    safe: tuple[float, ...]
    at: float = 0.0
    least: float = 0.0
    name: str = ""


def begun(stages: int, *, at: float = 0.0, least: float = 0.0, name: str = "") -> Track:
    """No evidence yet, for a rollout of so many stages.

    >>> harm_of(begun(3)), safety_of(begun(3))
    (0.0, 0.0)
    """
    none = tuple(0.0 for _ in HARM_LIFTS)
    return Track(
        harm=tuple(none for _ in range(stages)),
        safe=tuple(0.0 for _ in SAFE_FRACTIONS),
        at=at,
        least=least,
        name=name,
    )


def grown(track: Track, *, stage: int, harm: Sequence[float], safe: Sequence[float]) -> Track:
    """One more window at a stage (from 0): it counts for every process begun at that stage or before it.

    `harm` and `safe` are the window's logarithms, one an alternative (`log_harm`, `log_safe`).

    >>> track = grown(begun(2), stage=0, harm=[0.5] * len(HARM_LIFTS), safe=[0.2] * len(SAFE_FRACTIONS))
    >>> [logs[0] for logs in track.harm], round(safety_of(track), 9)
    ([0.5, 0.0], 0.2)
    """
    return structs.replace(
        track,
        harm=tuple(
            tuple(old + new for old, new in zip(logs, harm, strict=True)) if begin <= stage else logs
            for begin, logs in enumerate(track.harm)
        ),
        safe=tuple(old + new for old, new in zip(track.safe, safe, strict=True)),
    )


def harm_of(track: Track) -> float:
    """The logarithm of the evidence that the candidate is worse than tolerated.

    >>> harm_of(begun(1))
    0.0
    """
    stages = len(track.harm)
    later = (1.0 - FIRST_SHARE) / (stages - 1) if stages > 1 else 0.0
    shares = [FIRST_SHARE if stages > 1 else 1.0] + [later] * (stages - 1)
    return log_mean_exp([log_mean_exp(logs) for logs in track.harm], shares)


def safety_of(track: Track) -> float:
    """The logarithm of the evidence that the candidate is within the margin.

    >>> safety_of(begun(1))
    0.0
    """
    return log_mean_exp(track.safe)
