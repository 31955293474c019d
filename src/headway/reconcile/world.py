"""The world of one repository as the loop sees it: its ports and the settings of its pace."""

from dataclasses import dataclass

from headway.reconcile.ports import (
    Assessor,
    Clock,
    DataFiles,
    Journal,
    Labels,
    Metrics,
    Runtime,
    Source,
    Store,
    Trainer,
)

__all__ = ["World"]


@dataclass(frozen=True, kw_only=True)
class World:
    """Every port of the loop; `look_s` and `fetch_s` are how often it looks around, and at a remote, in seconds."""

    source: Source
    journal: Journal
    store: Store
    data: DataFiles
    trainer: Trainer
    assessor: Assessor
    runtime: Runtime
    labels: Labels
    metrics: Metrics
    clock: Clock
    look_s: float
    fetch_s: float
