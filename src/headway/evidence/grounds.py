"""On what grounds a release stands: the training, the gates, the approval that the record holds for it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from headway.evidence.ledger import Entry
from headway.evidence.promotions import Promotion, Where, promotions
from headway.evidence.proof import Asked, Line, Outside
from headway.evidence.state import Judgement, Standing
from headway.evidence.verdict import Answer
from headway.evidence.walk import Walk
from headway.spec.release import Served

__all__ = ["grounds"]

_GOOD = frozenset({Answer.PASS, Answer.NOT_APPLICABLE})


class _Entered(Struct, frozen=True, kw_only=True):
    """How a version came into an environment: the release by which it entered, with its number on the branch."""

    model: str
    environment: str
    served: Served
    number: int
    entry: Entry

    @property
    def where(self) -> Where:
        return self.model, self.environment, self.served

    @property
    def name(self) -> str:
        return f"{self.model} {self.served.version} in {self.environment}"

    def line(self, what: str) -> Line:
        """A finding about this release."""
        return Line(state="finding", what=f"{self.name}: {what}", where=self.entry.path)


@dataclass(frozen=True, kw_only=True)
class _Trusted:
    """What the record holds apart from what a revocation made void; numbers are places on the branch."""

    trained: Mapping[tuple[str, Served], int]
    judged: Mapping[Where, Sequence[Judgement]]
    approved: Mapping[Where, int]
    promoted: Mapping[Where, Promotion]
    distrusted: frozenset[str]

    def judgement(self, one: _Entered) -> Judgement | None:
        """The last judgement of the version for the environment before it entered."""
        return next((judged for judged in reversed(self.judged.get(one.where, ())) if judged.number < one.number), None)


def grounds(seen: Walk, distrusted: frozenset[str], outside: Outside, main: str) -> Iterator[Line]:
    """Judge every release by which a version entered an environment, and those in force by what their main asked.

    `distrusted` are digests of records that a revocation made void; `main` is the tree of today, empty when unknown.
    """
    trusted = _trusted(seen, distrusted)
    entered = list(_entered(seen))
    last = {one.where: one for one in entered}
    in_force = dict.fromkeys(_served(seen))
    for one in entered:
        if one.where not in in_force or last[one.where] is not one:
            yield from _judge(trusted, one)
    for where in in_force:
        if where in last:
            yield from _in_force(trusted, last[where], outside, main)
        else:
            model, environment, served = where
            what = f"{model} {served.version} in {environment} is in force, but no release let it in"
            yield Line(state="finding", what=what, where=f"releases/{environment}/{model}.yaml")
    yield from _in_service(seen, outside)


def _in_service(seen: Walk, outside: Outside) -> Iterator[Line]:
    """What runs where it can be seen from here: only what the release in force names."""
    for model, state in seen.ledger.models.items():
        for environment, standing in state.standing.items():
            running = outside.serving(model, environment)
            foreign = [served for served in running or () if served not in _of(standing)]
            for served in foreign:
                what = (
                    f"{model} {served.version} ({served.bundle[:12]}) runs in {environment}; its release names it not"
                )
                yield Line(state="finding", what=what, where=f"releases/{environment}/{model}.yaml")
            if running and not foreign:
                versions = ", ".join(served.version for served in running)
                yield Line(state="proven", what=f"{model} in {environment}: {versions} runs, as the release says")


def _trusted(seen: Walk, distrusted: frozenset[str]) -> _Trusted:
    trained: dict[tuple[str, Served], int] = {}
    judged: dict[Where, list[Judgement]] = defaultdict(list)
    approved: dict[Where, int] = {}
    for model, state in seen.ledger.models.items():
        for version in state.versions:
            if version.record not in distrusted:
                trained.setdefault((model, version.served), version.number)
        for judgement in state.judged:
            if judgement.record not in distrusted:
                judged[model, judgement.environment, judgement.served].append(judgement)
    for number, entry, request in seen.requested:
        about = entry.record.subject
        version_of = (
            seen.ledger.model(about.model).version(request.to)
            if request.action == "approve" and not request.weight
            else None
        )
        if version_of and entry.digest not in distrusted:
            approved.setdefault((about.model, about.environment, version_of.served), number)
    promoted = promotions([*seen.released, *seen.requested], distrusted)
    return _Trusted(trained=trained, judged=judged, approved=approved, promoted=promoted, distrusted=distrusted)


def _entered(seen: Walk) -> Iterator[_Entered]:
    for number, entry, released in seen.released:
        about = entry.record.subject
        for served in released.entered:
            yield _Entered(model=about.model, environment=about.environment, served=served, number=number, entry=entry)


def _served(seen: Walk) -> Iterator[Where]:
    """Every version that an environment serves, by its last release."""
    for model, state in seen.ledger.models.items():
        for environment, standing in state.standing.items():
            for served in _of(standing):
                yield model, environment, served


def _of(standing: Standing) -> tuple[Served, ...]:
    if standing.retired:
        return ()
    return tuple(served for served in (standing.stable, *standing.coming) if served)


def _in_force(trusted: _Trusted, one: _Entered, outside: Outside, main: str) -> Iterator[Line]:
    judged = trusted.judgement(one)
    names = frozenset(verdict.name for verdict in judged.verdicts) if judged else frozenset[str]()
    problems = [*_judge(trusted, one), *_asked_for(trusted, one, names, outside), *_steps(trusted, one, outside)]
    stored = outside.bytes_of(one.served.bundle)
    if stored:
        problems.append(one.line(stored))
    elif stored is None:
        what = f"{one.name}: the store here does not have its bytes, or there is none"
        yield Line(state="undecided", what=what, where=one.entry.path)
    yield from problems
    if not problems:
        what = f"{one.name}: trained, judged by {', '.join(sorted(names))}, released"
        yield Line(state="proven", what=what, where=one.entry.path)
    asked = outside.asked(main, one.model, one.environment) if main and main != one.entry.record.main else None
    if asked and asked.verdicts - names:
        what = f"{one.name}: main asks for {_listed(asked, names)} since; this release was judged before"
        yield Line(state="warning", what=what, where=one.entry.path)


def _judge(trusted: _Trusted, one: _Entered) -> Iterator[Line]:
    """What the record must hold for any release: a training of this bundle, and gates that passed, both before it."""
    if trusted.trained.get((one.model, one.served), one.number) >= one.number:
        yield one.line("released without a training of this bundle")
    if one.entry.digest in trusted.distrusted:
        yield one.line("released with a revoked key")
    judged = trusted.judgement(one)
    if judged is None:
        yield one.line("released without a judgement by its gates")
    elif not _passed(judged):
        yield one.line("released though its gates did not pass")


def _passed(judged: Judgement) -> bool:
    """No verdict is no pass, whatever the record says of itself."""
    answers = [verdict.answer for verdict in judged.verdicts]
    return judged.passed and Answer.PASS in answers and all(answer in _GOOD for answer in answers)


def _asked_for(trusted: _Trusted, one: _Entered, names: frozenset[str], outside: Outside) -> Iterator[Line]:
    """What the tree of main that the release names asked for."""
    main = one.entry.record.main
    asked = outside.asked(main, one.model, one.environment)
    if asked is None:
        what = f"{one.name}: what main {main[:12]} asked for cannot be read here"
        yield Line(state="undecided", what=what, where=one.entry.path)
        return
    if asked.verdicts - names:
        yield one.line(f"released without {_listed(asked, names)}, which main {main[:12]} asked for")
    if asked.approval and trusted.approved.get(one.where, one.number) >= one.number:
        yield one.line("released without the approval that the environment asks for")


def _steps(trusted: _Trusted, one: _Entered, outside: Outside) -> Iterator[Line]:
    """What the tree of main that a promotion names asked people to approve on the way to it."""
    promotion = trusted.promoted.get(one.where)
    if promotion is None or promotion.entry.number < one.number:
        return
    main = promotion.entry.record.main
    asked = outside.asked(main, one.model, one.environment)
    if asked is None and main == one.entry.record.main:
        return  # told already
    if asked is None:
        what = f"{one.name}: which approvals main {main[:12]} asked for cannot be read here"
        yield Line(state="undecided", what=what, where=promotion.entry.path)
        return
    for step in sorted({*asked.approve_at} - promotion.approved):
        what = f"{one.name}: promoted without the approval at {step:.12g} %, which main {main[:12]} asked for"
        yield Line(state="finding", what=what, where=promotion.entry.path)


def _listed(asked: Asked, names: frozenset[str]) -> str:
    return ", ".join(sorted(asked.verdicts - names))
