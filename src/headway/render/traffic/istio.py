"""A route as Istio's VirtualService, on the gateway `headway` and inside the mesh."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.evidence.weights import Backend, Route
from headway.render.manifest import Object
from headway.render.traffic.dialect import parts
from headway.render.traffic.marks import SERVICE_PORT, host_of, marked, marks

__all__ = ["read", "write"]

_KIND = "VirtualService"


def write(route: Route) -> tuple[Object, ...]:
    """One VirtualService; weights are shares of their sum, so thousandths of a percent stay whole."""
    copies = route.split == "copies"
    http: Object = {
        "name": "predict",
        "route": [
            {"destination": _destination(back), "weight": parts(100.0 if copies else back.weight)}
            for back in route.backends[: 1 if copies else None]
        ],
    }
    if copies and route.backends[1:]:
        http["mirrors"] = [
            {"destination": _destination(back), "percentage": {"value": back.weight}} for back in route.backends[1:]
        ]
    return (
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": _KIND,
            "metadata": marks(route),
            "spec": {
                "hosts": [host_of(route)],
                "gateways": ["headway", "mesh"],
                "http": [http],
            },
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route of the VirtualService among them; ValueError when it was not written by Headway."""
    return marked(objects, _KIND, _split)


def _destination(back: Backend) -> Object:
    return {"host": back.service, "port": {"number": SERVICE_PORT}}


def _split(spec: Mapping[str, Any]) -> list[tuple[str, int]]:
    http = spec["http"][0]
    copied = [(row["destination"]["host"], parts(row["percentage"]["value"])) for row in http.get("mirrors", ())]
    given = [(row["destination"]["host"], row["weight"]) for row in http["route"]]
    return [(given[0][0], given[0][1] - sum(share for _, share in copied)), *copied] if copied else given
