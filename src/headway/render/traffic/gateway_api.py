"""A route as the Gateway API's HTTPRoute, on the gateway `headway`."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.evidence.weights import Backend, Route
from headway.render.manifest import Object
from headway.render.traffic.dialect import parts
from headway.render.traffic.marks import SERVICE_PORT, host_of, marked, marks

__all__ = ["read", "write"]

_GROUP = "gateway.networking.k8s.io"
_KIND = "HTTPRoute"


def write(route: Route) -> tuple[Object, ...]:
    """One HTTPRoute of the model's host name."""
    copies = route.split == "copies"
    rule: Object = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [
            {**_service(back), "weight": parts(100.0 if copies else back.weight)}
            for back in route.backends[: 1 if copies else None]
        ],
    }
    if copies and route.backends[1:]:
        rule["filters"] = [_mirror(back) for back in route.backends[1:]]
    return (
        {
            "apiVersion": f"{_GROUP}/v1",
            "kind": _KIND,
            "metadata": marks(route),
            "spec": {
                "parentRefs": [{"name": "headway", "kind": "Gateway", "group": _GROUP}],
                "hostnames": [host_of(route)],
                "rules": [rule],
            },
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route of the HTTPRoute among them; ValueError when it was not written by Headway."""
    return marked(objects, _KIND, _split)


def _service(back: Backend) -> Object:
    return {"name": back.service, "port": SERVICE_PORT, "kind": "Service", "group": ""}


def _mirror(back: Backend) -> Object:
    """Copies of a share of the requests: `fraction` is in the standard channel since version 1.3."""
    fraction = {"numerator": parts(back.weight), "denominator": parts(100.0)}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": _service(back), "fraction": fraction}}


def _split(spec: Mapping[str, Any]) -> list[tuple[str, int]]:
    rule = spec["rules"][0]
    mirrors = [row["requestMirror"] for row in rule.get("filters", ())]
    copied = [(row["backendRef"]["name"], row["fraction"]["numerator"]) for row in mirrors]
    given = [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]]
    return [(given[0][0], given[0][1] - sum(share for _, share in copied)), *copied] if copied else given
