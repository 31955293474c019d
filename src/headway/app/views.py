"""What people see, as values: printed as text or as JSON, by every front alike."""

from msgspec import Struct

from headway.plan.action import Action
from headway.reconcile.foreseeing import Foreseen
from headway.reconcile.status import ModelStatus
from headway.spec.finding import Finding

__all__ = ["Checked", "Overview", "Plan"]


class Checked(Struct, frozen=True, kw_only=True):
    """What was read, and all that is wrong with it; `held` are the models that an error keeps out."""

    models: int
    held: tuple[str, ...]
    environments: int
    findings: tuple[Finding, ...]


class Overview(Struct, frozen=True, kw_only=True):
    """The repository: where main and the record stand, who runs the loop and what troubles it, and every model."""

    main: str
    record: str
    unpushed: int
    problem: str
    trouble: str
    held_by: str
    supervisor: int
    models: tuple[ModelStatus, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """The next actions; `empty` when a pass would change nothing, `digest` is what an approval binds.

    `foreseen` is what the rollouts to come can show at the traffic of the last day, `unseen` why a model cannot be
    planned for; `false_aborts` are those of harmless candidates to expect in a year at most, over all models.
    """

    empty: bool
    digest: str
    actions: tuple[Action, ...]
    foreseen: tuple[Foreseen, ...] = ()
    unseen: dict[str, str] = {}
    false_aborts: float = 0.0
