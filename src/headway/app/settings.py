"""The settings of a run, read from the environment here and nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from headway.app.errors import RefusedError

__all__ = ["SETTINGS", "Folders", "InForce", "Pace", "Setting", "Settings", "in_force", "page", "read_settings"]


class Folders(Struct, frozen=True, kw_only=True):
    """Where things lie outside the repository: `config` holds keys and pins, `cache` what can be made again."""

    config: Path
    cache: Path


class Pace(Struct, frozen=True, kw_only=True):
    """How often the loop looks, in seconds: at processes and traffic (`look`), at a remote (`fetch`)."""

    look: float = 0.5
    fetch: float = 10.0


class Settings(Struct, frozen=True, kw_only=True):
    """All settings; `environ` is the environment from which declared secrets are handed to steps by name."""

    folders: Folders
    pace: Pace = Pace()
    key: Path | None = None
    prometheus_token: Path | None = None
    environ: Mapping[str, str] = {}


class Setting(Struct, frozen=True, kw_only=True):
    """One setting: its field, the variable that sets it, its unit, its default in words, and what follows from it."""

    field: str
    variable: str
    unit: str
    default: str
    follows: str


SETTINGS = (
    Setting(
        field="folders.config",
        variable="HEADWAY_CONFIG",
        unit="folder",
        default="$XDG_CONFIG_HOME/headway, else ~/.config/headway",
        follows="Private keys are made and looked for below `keys/`, what `headway verify --pin` pins below `pins/`. "
        "Keep it; it is not in the repository.",
    ),
    Setting(
        field="folders.cache",
        variable="HEADWAY_CACHE",
        unit="folder",
        default="$XDG_CACHE_HOME/headway, else ~/.cache/headway",
        follows="Environments of requirements and converters lie here, some hundred MB each. May be deleted at any "
        "time but while something trains or serves; what is needed is built again, with a network.",
    ),
    Setting(
        field="pace.look",
        variable="HEADWAY_LOOK",
        unit="seconds",
        default=f"{Pace().look:g}",
        follows="How long `headway up` waits before it looks at processes and traffic again. Less reacts sooner and "
        "costs CPU; decisions need whole windows in any case.",
    ),
    Setting(
        field="pace.fetch",
        variable="HEADWAY_FETCH",
        unit="seconds",
        default=f"{Pace().fetch:g}",
        follows="How long `headway up` waits before it asks the remote again; a commit takes so long to be seen.",
    ),
    Setting(
        field="key",
        variable="HEADWAY_KEY",
        unit="file",
        default="the first listed signer's key below folders.config",
        follows="The private key to sign with. A key that headway.yaml does not list signs nothing: commands that "
        "decide refuse, and `headway up` only serves.",
    ),
    Setting(
        field="prometheus_token",
        variable="HEADWAY_PROMETHEUS_TOKEN_FILE",
        unit="file",
        default="no token",
        follows="The token in it is sent to an environment's Prometheus, by https or within this machine only. It is "
        "read again for each question, so it can be changed meanwhile.",
    ),
)


class InForce(Struct, frozen=True, kw_only=True):
    """A setting as it is now, and where its value comes from: a variable, or the default."""

    field: str
    value: str
    unit: str
    source: str


def read_settings() -> Settings:
    """Read the variables of SETTINGS; RefusedError for one that cannot be meant."""
    environ = dict(os.environ)
    home = Path(environ.get("HOME") or Path.home())
    config = environ.get("HEADWAY_CONFIG") or str(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "headway")
    cache = environ.get("HEADWAY_CACHE") or str(Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "headway")
    key, token = environ.get("HEADWAY_KEY"), environ.get("HEADWAY_PROMETHEUS_TOKEN_FILE")
    return Settings(
        folders=Folders(config=Path(config).absolute(), cache=Path(cache).absolute()),
        pace=Pace(
            look=_positive(environ, "HEADWAY_LOOK", Pace().look),
            fetch=_positive(environ, "HEADWAY_FETCH", Pace().fetch),
        ),
        key=Path(key) if key else None,
        prometheus_token=Path(token).absolute() if token else None,
        environ=environ,
    )


def in_force(settings: Settings) -> tuple[InForce, ...]:
    """Every setting with its value and where that comes from."""
    found = []
    for setting in SETTINGS:
        value: object = settings
        for name in setting.field.split("."):
            value = getattr(value, name)
        asked = settings.environ.get(setting.variable)
        source = setting.variable if asked else f"default: {setting.default}"
        text = f"{value:g}" if isinstance(value, float) else str(value or "-")
        found.append(InForce(field=setting.field, value=text, unit=setting.unit, source=source))
    return tuple(found)


def page() -> str:
    """The reference page, docs/reference/settings.md."""
    rows = (f"| `{s.variable}` | {s.field} | {s.unit} | {s.default} | {s.follows} |" for s in SETTINGS)
    return "\n".join(
        [
            "# Settings",
            "",
            "Settings are about this machine and this run; what is wanted of models stands in Git. Each is a",
            "variable of the environment. `headway settings` shows the values in force and where each came from.",
            "",
            "| variable | field | unit | default | what follows |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "Secrets that a model declares (`train.secrets`) are taken from the environment by name.",
            "",
        ]
    )


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise RefusedError(f"{name} is {text!r}; it must be a number of seconds above 0. Unset it or mend it.")
    return value
