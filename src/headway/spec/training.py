"""How a model is trained: any program, the files it sees, its packages, its limits."""

from msgspec import Struct

from headway.spec.quantity import ByteSize, Seconds

__all__ = ["Train"]

Param = str | int | float | bool


class Train(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The training contract: `run` with `{name}` filled from `params`, in a folder that holds `files` only."""

    run: str
    params: dict[str, Param] = {}
    files: tuple[str, ...] = ()
    requirements: str = "requirements.lock"
    writes: str = "model.joblib"
    secrets: tuple[str, ...] = ()
    seed: int = 0
    timeout: Seconds = 3600.0
    memory: ByteSize = 8 * 2**30
