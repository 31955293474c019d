"""What all of Envoy's resources share: their shape, the limits that they obey, and the files that carry them."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

__all__ = ["API", "Limits", "Resource", "discovery", "seconds", "watched"]

Resource = dict[str, Any]

API = "type.googleapis.com/envoy."


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds: `stale_s` until a candidate's endpoints lapse without a beat, `connect_s` and `answer_s` for a request.

    `idle_s` must be shorter than the model server's own limit: a request that meets its closing would be an error.
    `retries` bounds retries under way at once; Envoy's own default of 3 loses requests when a candidate dies.
    """

    stale_s: float = 3.0
    connect_s: float = 1.0
    answer_s: float = 15.0
    idle_s: float = 50.0
    retries: int = 4096
    retry_pause_s: float = 0.002


def discovery(version: str, resources: Iterable[Resource]) -> Resource:
    """A file of a discovery service, as Envoy reads it."""
    return {"version_info": version, "resources": list(resources)}


def watched(folder: str, file: str) -> Resource:
    """A source of configuration: a file, read anew when anything is renamed in its folder."""
    return {
        "path_config_source": {"path": f"{folder}/{file}", "watched_directory": {"path": folder}},
        "resource_api_version": "V3",
    }


def seconds(value: float) -> str:
    """A duration, as Envoy writes it.

    >>> seconds(1.5)
    '1.500s'
    """
    return f"{value:.3f}s"
