"""What measuring found: numbers about a bundle and about data, on which bytes.  Judged elsewhere."""

from msgspec import Struct

from headway.evidence.bundle import Signature

__all__ = ["ColumnFacts", "DataFacts", "LatencyFacts", "Measurement", "Metric", "Paired", "ScanFacts"]


class Metric(Struct, frozen=True, kw_only=True):
    """A metric with its 95 % interval on `rows` rows of `units` units; `constant` is what a constant answer scores."""

    name: str
    point: float
    low: float
    high: float
    rows: int
    units: int
    method: str
    constant: float | None = None


class Paired(Struct, frozen=True, kw_only=True):
    """Candidate against live on the same rows: difference candidate - live, and its sufficient statistics.

    `method` names them: `wald` (difference, variance, n), `delong` (the same with n_positive, n_negative), `resample`
    (sorted replicates' quantiles).  For `ratio_at_least` the same of candidate - ratio·live is in `ratio_*`.
    """

    name: str
    candidate: float
    live: float
    live_version: str
    rows: int
    units: int
    method: str
    statistics: dict[str, float]


class LatencyFacts(Struct, frozen=True, kw_only=True):
    """Latency under an open load: offered and answered rate (1/s), quantiles in seconds, requests, failures."""

    offered: float
    answered: float
    requests: int
    failures: int
    quantiles: dict[str, float]


class ColumnFacts(Struct, frozen=True, kw_only=True):
    """One column of the training or test rows."""

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    low: float | None = None
    high: float | None = None
    unseen: tuple[str, ...] = ()
    unseen_rows: int = 0


class DataFacts(Struct, frozen=True, kw_only=True):
    """Facts of both parts, and how many test rows also stand among the training rows."""

    train: tuple[ColumnFacts, ...]
    test: tuple[ColumnFacts, ...]
    train_rows: int
    test_rows: int
    leaked_rows: int


class ScanFacts(Struct, frozen=True, kw_only=True):
    """What stands in a model file; an empty `refused` means that all of it was understood and allowed."""

    file: str
    sha256: str
    form: str = ""
    refused: tuple[str, ...]
    globals: tuple[str, ...] = ()


class Measurement(Struct, frozen=True, kw_only=True):
    """Everything measured of one bundle on one test set; `failed` is why measuring itself could not be done."""

    bundle: str
    test: str
    metrics: tuple[Metric, ...] = ()
    paired: tuple[Paired, ...] = ()
    latency: tuple[LatencyFacts, ...] = ()
    data: DataFacts | None = None
    scans: tuple[ScanFacts, ...] = ()
    signature: Signature | None = None
    live_signature: Signature | None = None
    unscored_rows: int = 0
    failed: str = ""
    isolation: str = ""
