"""How a model is trained: any program, the files it sees, its packages, its limits."""

from msgspec import Struct

from headway.spec.quantity import ByteSize, Seconds

__all__ = ["Train"]

Param = str | int | float | bool


class Train(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The training contract: any program, in a folder that holds the declared files only.

    Attributes:
        run: The command; `{name}` is filled from `params`.
        params: Parameters by name; the program also gets them as HEADWAY_PARAMS.
        files: The files that a step sees; they are the cache key and the bundle's code.
        requirements: The pinned packages in which the model is trained, measured and served.
        writes: The file that the program writes: the model. Or a folder that MLflow saved.
        secrets: Names of environment variables that a step gets; their values stand nowhere.
        seed: The program gets it as HEADWAY_SEED.
        timeout: After this a training is stopped.
        memory: Beyond this a training is stopped.
    """

    run: str
    params: dict[str, Param] = {}
    files: tuple[str, ...] = ()
    requirements: str = "requirements.lock"
    writes: str = "model.joblib"
    secrets: tuple[str, ...] = ()
    seed: int = 0
    timeout: Seconds = 3600.0
    memory: ByteSize = 8 * 2**30
