"""A route as Istio's VirtualService, on the gateway `headway` and inside the mesh."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.evidence.weights import Route
from headway.render.manifest import Object
from headway.render.traffic.dialect import parts
from headway.render.traffic.marks import SERVICE_PORT, host_of, marked, marks

__all__ = ["read", "write"]

_KIND = "VirtualService"


def write(route: Route) -> tuple[Object, ...]:
    """One VirtualService; weights are shares of their sum, so thousandths of a percent stay whole."""
    destinations = [
        {"destination": {"host": back.service, "port": {"number": SERVICE_PORT}}, "weight": parts(back.weight)}
        for back in route.backends
    ]
    return (
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": _KIND,
            "metadata": marks(route),
            "spec": {
                "hosts": [host_of(route)],
                "gateways": ["headway", "mesh"],
                "http": [{"name": "predict", "route": destinations}],
            },
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route of the VirtualService among them; ValueError when it was not written by Headway."""
    return marked(objects, _KIND, _split)


def _split(spec: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(row["destination"]["host"], row["weight"]) for row in spec["http"][0]["route"]]
