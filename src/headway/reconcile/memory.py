"""What one process remembers between passes.  All of it can be lost: a restart reads it again, or begins anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from headway.evidence.stage import Rollout
from headway.evidence.summary import Summary
from headway.plan.action import Action
from headway.reconcile.book import Book
from headway.reconcile.jobs import Jobs
from headway.reconcile.windows import Opening
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.wish import Wish

__all__ = ["Limited", "Memory", "Watched"]

Place = tuple[str, str]  # model, environment


@dataclass(kw_only=True)
class Watched:
    """The drift window being filled: its start and each pod's summary then, and the verdicts of the last windows."""

    start: float
    before: Mapping[str, Summary]
    version: str
    history: tuple[bool, ...] = ()


@dataclass(kw_only=True)
class Limited:
    """The window of a limit being filled, for the version that serves, and whether the last ones passed the limit."""

    opening: Opening
    version: str
    history: tuple[bool, ...] = ()


@dataclass(kw_only=True)
class Memory:
    """Caches and open windows of a process.

    `read_wish` reads the wish of a commit, `read_reference` the reference summary of a bundle by its digest.
    `jobs` runs what takes long.  `ahead` are rollouts that are further than could be stored;
    `heard` is when each place's requests were last counted, and when a guardrail's source last spoke, by its title;
    `measured` is since when a place's traffic is measured.
    """

    book: Book
    jobs: Jobs
    read_wish: Callable[[str], Wish]
    read_reference: Callable[[str], Summary | None]
    wishes: dict[str, Wish] = field(default_factory=dict)
    older: dict[tuple[str, str], Placed[Model] | None] = field(default_factory=dict)
    recipes: dict[tuple[str, str], str] = field(default_factory=dict)
    references: dict[str, Summary | None] = field(default_factory=dict)
    openings: dict[Place, Opening] = field(default_factory=dict)
    ahead: dict[Place, Rollout] = field(default_factory=dict)
    heard: dict[tuple[str, ...], float] = field(default_factory=dict)
    watched: dict[Place, Watched] = field(default_factory=dict)
    limited: dict[tuple[str, str, str], Limited] = field(default_factory=dict)
    compared: dict[str, tuple[str, float, str]] = field(default_factory=dict)
    measured: dict[Place, Opening] = field(default_factory=dict)
    last: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] | None = None
    refreshed: float = 0.0
    main: str = ""
    problem: str = ""
    silence: str = ""

    def wish(self, commit: str) -> Wish:
        """The wish at a commit of main, read once."""
        if commit not in self.wishes:
            self.wishes = {commit: self.read_wish(commit)}
        return self.wishes[commit]

    def model_at(self, commit: str, name: str) -> Placed[Model] | None:
        """A model as it stood at an older commit of main, read once; None when it was not usable there either."""
        if (commit, name) not in self.older:
            self.older[commit, name] = self.read_wish(commit).models.get(name)
        return self.older[commit, name]

    def reference(self, bundle: str) -> Summary | None:
        """The reference summary in a bundle, read once."""
        if bundle not in self.references:
            self.references[bundle] = self.read_reference(bundle)
        return self.references[bundle]
