"""A route as the Gateway API's HTTPRoute, on the gateway `headway`."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.evidence.weights import Route
from headway.render.manifest import Object
from headway.render.traffic.dialect import parts
from headway.render.traffic.marks import SERVICE_PORT, host_of, marked, marks

__all__ = ["read", "write"]

_GROUP = "gateway.networking.k8s.io"
_KIND = "HTTPRoute"


def write(route: Route) -> tuple[Object, ...]:
    """One HTTPRoute of the model's host name."""
    refs = [
        {"name": back.service, "port": SERVICE_PORT, "weight": parts(back.weight), "kind": "Service", "group": ""}
        for back in route.backends
    ]
    return (
        {
            "apiVersion": f"{_GROUP}/v1",
            "kind": _KIND,
            "metadata": marks(route),
            "spec": {
                "parentRefs": [{"name": "headway", "kind": "Gateway", "group": _GROUP}],
                "hostnames": [host_of(route)],
                "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": refs}],
            },
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route of the HTTPRoute among them; ValueError when it was not written by Headway."""
    return marked(objects, _KIND, _split)


def _split(spec: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(ref["name"], ref["weight"]) for ref in spec["rules"][0]["backendRefs"]]
