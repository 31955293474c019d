"""Where a rollout stands.  Kept beside the traffic and stored before a weight moves, so that a restart goes on."""

from typing import Literal

from msgspec import Struct

from headway.evidence.experiment import Experiment
from headway.evidence.pairs import Pairs
from headway.evidence.weights import Split
from headway.evidence.window import Arm, Past, Sample, Window
from headway.spec.release import Served
from headway.stats.track import Track

__all__ = ["Rollout", "State", "Tally"]

State = Literal["waiting", "running", "paused", "parked", "promoting", "promoted", "aborting", "aborted"]


class Tally(Struct, frozen=True, kw_only=True):
    """What the windows so far add up to, so that a look costs one window; the windows give it again, to the digit.

    `wish` is the digest of the wish it was computed under; `before` and `control` the stable version's totals
    from before the rollout and from its windows; `tracks` the running evidence of each guardrail, in the wish's order.
    `ratio` is the running evidence that requests are not split as the weights say, by how far they are off.
    `samples` are the sums of what other sources counted, by guardrail.
    `pairs` are those of all windows, `agreement` the running evidence on how alike their answers are.
    """

    wish: str
    before: Past = Past()
    control: Arm = Arm()
    edges_ms: tuple[float, ...] = ()
    tracks: tuple[tuple[Track, ...], ...] = ()
    ratio: tuple[float, ...] = ()
    samples: tuple[Sample, ...] = ()
    agreement: Track | None = None
    pairs: Pairs | None = None


class Rollout(Struct, frozen=True, kw_only=True):
    """One bundle's one continued test in one environment.  Times are Unix seconds; `weight` is in percent.

    `before` holds the stable version's counts from before the start, if they are known; `lost` counts how often the
    state was lost; `replicas` are those that the stable version had at the start, below which it never shrinks.
    `split` is what the candidate's share means, from its start to its end; `experiment` the sums of one between users.
    `also` are versions in it beside the candidate, of which all together have the `weight`; `winner` is the version
    that had won at the last look, if one had.
    `awaits` is the weight that evidence would let it rise to and nobody has approved (100: its promotion; 0: none);
    `expired` says that its deadline came before any decision.
    """

    model: str
    environment: str
    candidate: Served
    over: Served
    state: State = "waiting"
    stage: int = 0
    weight: float = 0.0
    split: Split = "answers"
    started: float
    deadline: float
    windows: tuple[Window, ...] = ()
    restarts: int = 0
    lost: int = 0
    replicas: int = 0
    why: str = ""
    awaits: float = 0.0
    expired: bool = False
    before: Past = Past()
    tally: Tally | None = None
    experiment: Experiment | None = None
    also: tuple[Served, ...] = ()
    winner: Served | None = None

    @property
    def arms(self) -> tuple[Served, ...]:
        """The versions that are compared with stable, in the order in which users are dealt to them."""
        return (self.candidate, *self.also)

    @property
    def dropped(self) -> frozenset[str]:
        """Those of them that were shown to be worse while the others go on."""
        return frozenset(each.version for each in self.experiment.dropped) if self.experiment else frozenset()

    @property
    def heir(self) -> Served:
        """The version that becomes stable when this is promoted."""
        return self.winner or self.candidate
