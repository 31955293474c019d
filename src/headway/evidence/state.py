"""What the record says of each model, as values: made by the ledger, read by the loop."""

from collections.abc import Mapping

from msgspec import Struct

from headway.evidence.bundle import Signature
from headway.evidence.record import Alerted, Locked, Requested
from headway.evidence.verdict import Verdict
from headway.spec.release import Served

__all__ = ["Alert", "Judgement", "ModelState", "Request", "Standing", "Try", "Version"]


class Version(Struct, frozen=True, kw_only=True):
    """A training that went well; `number` counts records of the branch, `record` is its digest."""

    version: str
    bundle: str
    recipe: str
    train: str
    signature: Signature | None
    cause: str
    main: str
    at: float
    record: str
    number: int

    @property
    def served(self) -> Served:
        """As releases name it."""
        return Served(version=self.version, bundle=self.bundle)


class Judgement(Struct, frozen=True, kw_only=True):
    """Gates of a version for an environment: what was asked (`wish`), on which test set, over which live version."""

    served: Served
    environment: str
    wish: str
    test: str
    over: Served | None
    passed: bool
    verdicts: tuple[Verdict, ...]
    main: str
    at: float
    record: str
    number: int


class Try(Struct, frozen=True, kw_only=True):
    """A bundle in an environment: how often its test began, when a person or automation last started it, how it ended.

    `outcome` is empty until it ended; `lost` counts how often the state of this start was lost; `replicas` are those
    that the stable version had when it started.
    """

    starts: int = 0
    started: float = 0.0
    lost: int = 0
    outcome: str = ""
    replicas: int = 0


class Standing(Struct, frozen=True, kw_only=True):
    """What serves in an environment, by the last release.

    `stables` are the versions that were stable, oldest first, without those that were left by a rollback; the last
    is the one in force, `since` when it is.  `also` are compared beside the candidate.  `ended` is the candidate whose
    way this release ended, `replaced` the version that the one in force took the place of by a promotion.  `main` is
    the tree that the release spoke of.
    """

    stable: Served | None
    candidate: Served | None = None
    also: tuple[Served, ...] = ()
    over: Served | None = None
    stables: tuple[Served, ...] = ()
    since: float = 0.0
    ended: Served | None = None
    replaced: Served | None = None
    how: str
    why: str = ""
    main: str
    at: float
    record: str
    number: int

    @property
    def coming(self) -> tuple[Served, ...]:
        """Every version that is on its way: the candidate, and those beside it."""
        return (self.candidate, *self.also) if self.candidate else ()

    @property
    def previous(self) -> Served | None:
        """The version to go back to."""
        return self.stables[-2] if len(self.stables) > 1 else None

    @property
    def retired(self) -> bool:
        """Was the model taken out of service here?"""
        return self.how == "retired"


class Request(Struct, frozen=True, kw_only=True):
    """A person's request as it waits in one environment; a release there answers it by naming its `record`.

    A request about every environment waits in each where the model stands, under one `record`.
    """

    record: str
    environment: str
    asked: Requested
    signer: str
    main: str
    at: float


class Alert(Struct, frozen=True, kw_only=True):
    """A monitor that raised an alarm which is not over."""

    environment: str
    version: str
    alerted: Alerted
    verdicts: tuple[Verdict, ...]
    at: float
    record: str


class ModelState(Struct, frozen=True, kw_only=True):
    """One model.

    `failures` maps (recipe, training bytes) to the reason of a failed training: automation tries once, ever.
    `tries` are by (bundle, environment), `standing` by environment, `alerts` by (environment, monitor), `approved`
    holds (version, environment), `approved_at` the approvals of further steps by (bundle, environment): the record's
    digest by the weight, until the try that they are meant for ends.  `hold` says why automatic releases are held.
    `paused` holds environments ("": all).  `retrainings` are (number, time) of those started; `settled` by environment
    the number of the last record after which the count of unpromoted ones begins anew.
    """

    lock: Locked | None = None
    versions: tuple[Version, ...] = ()
    failures: Mapping[tuple[str, str], str] = {}
    judged: tuple[Judgement, ...] = ()
    standing: Mapping[str, Standing] = {}
    tries: Mapping[tuple[str, str], Try] = {}
    pending: tuple[Request, ...] = ()
    approved: frozenset[tuple[str, str]] = frozenset()
    approved_at: Mapping[tuple[str, str], Mapping[float, str]] = {}
    hold: str = ""
    paused: frozenset[str] = frozenset()
    alerts: Mapping[tuple[str, str], Alert] = {}
    retrainings: tuple[tuple[int, float], ...] = ()
    held_retraining: str = ""
    settled: Mapping[str, int] = {}
    resumed: int = 0

    def made_of(self, recipe: str, train: str) -> Version | None:
        """The version that this recipe on these training bytes made."""
        return next((made for made in self.versions if (made.recipe, made.train) == (recipe, train)), None)

    def version(self, number: str) -> Version | None:
        """The version of that number."""
        return next((made for made in self.versions if made.version == number), None)

    def uses(self, test: str, bundle: str) -> int:
        """The how-manieth candidate a bundle is on a test set, counted from 1; a repeated judgement is no new use."""
        bundles = list(dict.fromkeys(judgement.served.bundle for judgement in self.judged if judgement.test == test))
        return bundles.index(bundle) + 1 if bundle in bundles else len(bundles) + 1

    def unpromoted(self, environment: str) -> int:
        """How many retrainings were started since a version was last promoted there, or a person resumed."""
        since = max(self.settled.get(environment, -1), self.resumed - 1)
        return sum(number > since for number, _ in self.retrainings)
