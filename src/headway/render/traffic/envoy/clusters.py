"""The clusters of a route: each version's processes, and what requests are charged to in front of them."""

from collections.abc import Iterable

from msgspec import Struct

from headway.evidence.weights import Route
from headway.render.traffic.envoy.names import arm_names, cluster_name, copied_name, uncounted_name
from headway.render.traffic.envoy.resource import API, Limits, Resource, seconds, watched

__all__ = ["Endpoint", "assignment", "cluster", "clusters"]

# Of every attempt that has ended, also of one whose user gave up: the only counter of Envoy's that has those.
_ENDED: Resource = {"request_response_sizes": True}


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where a process answers: an address and port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""


def clusters(route: Route, limits: Limits, folder: str) -> tuple[Resource, ...]:
    """Every cluster of a route; `folder` holds one folder of endpoints a cluster."""
    stable = route.backends[0]
    own = tuple(cluster(cluster_name(route, back), limits, folder) for back in route.backends)
    if route.split == "copies":
        return (*own, _aggregate(copied_name(route), (cluster_name(route, stable),), limits))
    arms = tuple(
        _aggregate(name, dict.fromkeys((cluster_name(route, back), cluster_name(route, stable))), limits)
        for back in route.backends
        for name in (*arm_names(route, back), *([uncounted_name(route, back)] if route.split == "users" else []))
        if name != cluster_name(route, stable)
    )
    return own + arms


def cluster(name: str, limits: Limits, folder: str) -> Resource:
    """A version's processes, found through a file that is read anew when its folder changes."""
    return {
        "@type": f"{API}config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": watched(f"{folder}/{name}", "eds.json")},
        "connect_timeout": seconds(limits.connect_s),
        "lb_policy": "ROUND_ROBIN",
        "circuit_breakers": _breakers(limits),
        "track_cluster_stats": _ENDED,
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{API}extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": seconds(limits.idle_s)},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        # A cluster without a healthy endpoint must fail, or the aggregate never falls over.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def _aggregate(name: str, members: Iterable[str], limits: Limits) -> Resource:
    return {
        "@type": f"{API}config.cluster.v3.Cluster",
        "name": name,
        "connect_timeout": seconds(limits.connect_s),
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": {
                "@type": f"{API}extensions.clusters.aggregate.v3.ClusterConfig",
                "clusters": list(members),
            },
        },
        # The router asks the aggregate's own breaker, not its members'.
        "circuit_breakers": _breakers(limits),
        "track_cluster_stats": _ENDED,
    }


def _breakers(limits: Limits) -> Resource:
    most = limits.retries
    return {
        "thresholds": [
            {"max_connections": most, "max_pending_requests": most, "max_requests": most, "max_retries": most}
        ]
    }


def assignment(name: str, endpoints: Iterable[Endpoint], *, stale_s: float | None = None) -> Resource:
    """The endpoints of a cluster; with `stale_s` Envoy drops them that long after it last read the file."""
    resource: Resource = {
        "@type": f"{API}config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(point)}} for point in endpoints]}],
    }
    if stale_s is not None:
        resource["policy"] = {"endpoint_stale_after": seconds(stale_s)}
    return resource


def _address(point: Endpoint) -> Resource:
    if point.path:
        return {"pipe": {"path": point.path}}
    return {"socket_address": {"address": point.host, "port_value": point.port}}
