"""A route in Envoy's own words, and back: its route configuration, and a ConfigMap that carries it.

Pure: addresses, folders and versions of files come in as arguments; who writes the files is not its matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headway.evidence.weights import Backend, Route, Split
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, Object
from headway.render.traffic.dialect import parts, percent
from headway.render.traffic.envoy.names import arm_name, arm_names, route_name
from headway.render.traffic.envoy.resource import API, Limits, Resource, discovery
from headway.render.traffic.envoy.rows import FRACTION_PARTS, REQUEST_ID, ROWS
from headway.spec.digest import canonical

__all__ = ["read", "read_route", "route_configuration", "write"]

_ROUTES_FILE = "rds.json"
_METADATA = "headway.dev"


def route_configuration(route: Route, limits: Limits) -> Resource:
    """How requests are split, and what is tried again: a first attempt without any answer, once, elsewhere."""
    told = {
        "model": route.model,
        "environment": route.environment,
        "listen": route.listen,
        "split": route.split,
        "header": route.header,
        "backends": [
            {"version": back.version, "service": back.service, "returned": parts(back.returned)}
            for back in route.backends
        ],
    }
    rows = ROWS[route.split](route, limits)
    # The last row takes what no row before it took.
    rows[-1]["metadata"] = {"filter_metadata": {_METADATA: told}}
    return {
        "@type": f"{API}config.route.v3.RouteConfiguration",
        "name": route_name(route),
        "virtual_hosts": [{"name": route_name(route), "domains": ["*"], "routes": rows, **_unread(route)}],
    }


def _unread(route: Route) -> Resource:
    """Headers that no server reads, and that make each request's head another one, which then must be read anew.

    The id that Envoy gives each request is wanted only where it becomes a user's cookie.
    """
    by_cookie = route.split == "users" and not route.header
    return {} if by_cookie else {"request_headers_to_remove": [REQUEST_ID]}


def read_route(resource: Mapping[str, Any]) -> Route:
    """The route that a route configuration says; ValueError when it was not written by `route_configuration`."""
    try:
        rows = resource["virtual_hosts"][0]["routes"]
        told = rows[-1]["metadata"]["filter_metadata"][_METADATA]
        split = msgspec.convert(told["split"], Split)
        route = Route(
            model=told["model"],
            environment=told["environment"],
            listen=told["listen"],
            split=split,
            header=told["header"],
            backends=tuple(
                Backend(
                    version=back["version"],
                    service=back["service"],
                    weight=0.0,
                    returned=percent(back["returned"]),
                )
                for back in told["backends"]
            ),
        )
        weights = _copied(route, rows) if split == "copies" else _weighted(route, rows[-1])
        backends = zip(route.backends, weights, strict=True)
        return msgspec.structs.replace(
            route, backends=tuple(msgspec.structs.replace(back, weight=percent(weight)) for back, weight in backends)
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"this route configuration is not as Headway writes it ({error!r})") from error


def _weighted(route: Route, row: Resource) -> list[int]:
    """Of each version the weights of all its clusters, and of stable's those of users who went back to it."""
    weights = {arm["name"]: arm["weight"] for arm in row["route"]["weighted_clusters"]["clusters"]}
    own = [sum(weights.pop(name) for name in arm_names(route, back)) for back in route.backends]
    return [own[0] + sum(parts(back.returned) for back in route.backends), *own[1:]]


def _copied(route: Route, rows: Sequence[Resource]) -> list[int]:
    """What of the requests is not copied, then what is copied to each other version."""
    found = {
        row["route"]["request_mirror_policies"][0]["cluster"]: row["match"]["runtime_fraction"]["default_value"]
        for row in rows[:-1]
    }
    others = [
        found[name]["numerator"] // FRACTION_PARTS if (name := arm_name(route, back)) in found else 0
        for back in route.backends[1:]
    ]
    return [parts(100.0) - sum(others), *others]


def write(route: Route) -> tuple[Object, ...]:
    """A ConfigMap with the route's discovery file, for an Envoy that reads its routes from a mounted folder."""
    text = canonical(discovery("1", (route_configuration(route, Limits()),))).decode()
    return (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"{route.model}-{route.environment}-route",
                "labels": {LABEL_MODEL: route.model, LABEL_ENVIRONMENT: route.environment},
            },
            "data": {_ROUTES_FILE: text},
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route in the ConfigMap among them, if there is one."""
    for item in objects:
        if item.get("kind") == "ConfigMap" and _ROUTES_FILE in item.get("data", {}):
            file = msgspec.json.decode(item["data"][_ROUTES_FILE], type=dict[str, Any])
            return read_route(file["resources"][0])
    return None
