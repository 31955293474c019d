"""A running e-process of one comparison, as a value: fold windows in, read the evidence.  Knows no threshold.

Harm is a mixture of processes begun at every stage of a rollout, so that health at one stage does not count against
detecting harm at a later one (statistics chapter, 2.5); safety is one process, never begun again.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from headway.stats.between import Between, between, log_beyond, log_within, seen
from headway.stats.sequential import HARM_LIFTS, SAFE_FRACTIONS, Counts, Line, log_mean_exp

__all__ = ["Asked", "Track", "begun", "grown", "grown_between", "harm_of", "safety_of"]

# Lines, and the counts of a window that are held against them.
Asked = tuple[Sequence[Line], Counts]

FIRST_SHARE = 0.4


class Track(Struct, frozen=True, kw_only=True):
    """Logarithms of e-values so far: `harm` by the stage a process began at and by alternative, `safe` by alternative.

    `at` (an edge in milliseconds) or `name` tells what is compared where several things are.  `least` is a share that
    never counts as too much, where there is one.  `beyond` and `within` are the sums behind `harm` and `safe` where
    windows are judged by how they differ from one another.
    """

    harm: tuple[tuple[float, ...], ...]
    safe: tuple[float, ...]
    at: float = 0.0
    least: float = 0.0
    name: str = ""
    beyond: tuple[Between, ...] = ()
    within: Between | None = None


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


def grown_between(track: Track, *, stage: int, rate: float, spread: float, harm: Asked, safe: Asked) -> Track:
    """One more window, judged between windows: a single alternative, whose evidence is computed anew each time.

    `rate` is the control's as known before the window, `spread` as in `between`.

    >>> window = Counts(bad=3, of=100, control_bad=30, control_of=1000)
    >>> lines = [Line(kind="ratio", by=1.5)]
    >>> track = begun(2)
    >>> for _ in range(40):
    ...     track = grown_between(track, stage=0, rate=0.03, spread=2.0, harm=(lines, window), safe=(lines, window))
    >>> harm_of(track) < 0 < safety_of(track), track.beyond[1].scores[0].windows
    (True, 0)
    """
    sizes = harm[1]
    if not sizes.of or not sizes.control_of:
        return track
    beyond = track.beyond or (between(harm[0], rate, sizes, spread=spread),) * len(track.harm)
    within = seen(track.within or between(safe[0], rate, sizes, spread=spread), safe[1])
    beyond = tuple(seen(one, harm[1]) if begin <= stage else one for begin, one in enumerate(beyond))
    return structs.replace(
        track,
        harm=tuple((log_beyond(one),) for one in beyond),
        safe=(log_within(within),),
        beyond=beyond,
        within=within,
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
