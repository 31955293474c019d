"""A route in Envoy's own words: the resources of its discovery services as JSON, and a ConfigMap that carries them.

Pure: addresses, folders and versions of files come in as arguments; who writes the files is not its matter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headway.evidence.weights import Backend, Route, Split
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, Object
from headway.render.traffic.dialect import parts, percent
from headway.spec.digest import canonical

__all__ = [
    "COOKIE",
    "GROUPS",
    "HEADER_ASKED",
    "HEADER_GROUP",
    "HEADER_PAIR",
    "HEADER_VERSION",
    "Endpoint",
    "Limits",
    "Resource",
    "arm_name",
    "arm_names",
    "assignment",
    "cluster",
    "cluster_name",
    "clusters",
    "discovery",
    "group_name",
    "read",
    "read_route",
    "route_configuration",
    "route_name",
    "write",
]

Resource = dict[str, Any]

HEADER_VERSION = "headway-version"
# Both copies of a request carry the same random id, so that their answers can be compared.  A user's own is replaced.
HEADER_PAIR = "headway-pair"
_API = "type.googleapis.com/envoy."
_ROUTES_FILE = "rds.json"
# By this a request asks for a version; in an experiment only.
HEADER_ASKED = "x-model-version"
# Users of each version are counted in so many groups: enough to know how users vary, few enough for Envoy's statistics.
GROUPS = 16
# By this an answer tells which group its user was dealt to, so that a team can count what it counts by groups, too.
HEADER_GROUP = "headway-group"
COOKIE = "headway-user"
_COOKIE_SET = rf".*(^|;\s*){COOKIE}=[^;]+.*"
_REQUEST_ID = "x-request-id"
_METADATA = "headway.dev"
# A fraction counts in millionths, a weight in hundred-thousandths.
_FRACTION_PARTS = 10


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process answers: an address and port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
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


# Of every attempt that has ended, also of one whose user gave up: the only counter of Envoy's that has those.
_ENDED: Resource = {"request_response_sizes": True}


def route_name(route: Route) -> str:
    """The name of a route's listener and route configuration.

    >>> route_name(Route(model="delay", environment="production", backends=()))
    'production.delay'
    """
    return f"{route.environment}.{route.model}"


def cluster_name(route: Route, backend: Backend) -> str:
    """The cluster of one version's processes."""
    return f"{route_name(route)}.{backend.version}"


def arm_name(route: Route, backend: Backend) -> str:
    """The cluster that requests are charged to: the version's own, or for a candidate the one that falls over.

    A candidate's requests pass an aggregate [candidate, stable]; Envoy charges the answer to the aggregate, so that an
    answer that stable gave in the candidate's place is never counted as stable's.  A copy is answered by its own
    version or by nobody.
    """
    stable = route.backends[0]
    own = cluster_name(route, backend)
    return own if backend == stable or route.split == "copies" else f"{own}~{stable.version}"


def arm_names(route: Route, backend: Backend) -> tuple[str, ...]:
    """Every cluster that a version's requests are charged to: one, or one for each group of its users."""
    name = arm_name(route, backend)
    return tuple(f"{name}~{group:02d}" for group in range(GROUPS)) if route.split == "users" else (name,)


def group_name(version: str, number: int) -> str:
    """A group of a version's users (from 0) as answers tell it: whom they were dealt to, also when another answered.

    >>> group_name("1.4.0", 7)
    '1.4.0/7'
    """
    return f"{version}/{number}"


def _copied_name(route: Route) -> str:
    """The cluster of stable's answers to requests that are copied: counted apart, for the others are the control."""
    return f"{cluster_name(route, route.backends[0])}~copied"


def clusters(route: Route, limits: Limits, folder: str) -> tuple[Resource, ...]:
    """Every cluster of a route; `folder` holds one folder of endpoints a cluster."""
    stable = route.backends[0]
    own = tuple(cluster(cluster_name(route, back), limits, folder) for back in route.backends)
    if route.split == "copies":
        return (*own, _aggregate(_copied_name(route), (cluster_name(route, stable),), limits))
    arms = tuple(
        _aggregate(name, dict.fromkeys((cluster_name(route, back), cluster_name(route, stable))), limits)
        for back in route.backends
        for name in (*arm_names(route, back), *([_uncounted_name(route, back)] if route.split == "users" else []))
        if name != cluster_name(route, stable)
    )
    return own + arms


def cluster(name: str, limits: Limits, folder: str) -> Resource:
    """A version's processes, found through a file that is read anew when its folder changes."""
    return {
        "@type": f"{_API}config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": watched(f"{folder}/{name}", "eds.json")},
        "connect_timeout": _seconds(limits.connect_s),
        "lb_policy": "ROUND_ROBIN",
        "circuit_breakers": _breakers(limits),
        "track_cluster_stats": _ENDED,
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_API}extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": _seconds(limits.idle_s)},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        # A cluster without a healthy endpoint must fail, or the aggregate never falls over.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def _aggregate(name: str, members: Iterable[str], limits: Limits) -> Resource:
    return {
        "@type": f"{_API}config.cluster.v3.Cluster",
        "name": name,
        "connect_timeout": _seconds(limits.connect_s),
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": {
                "@type": f"{_API}extensions.clusters.aggregate.v3.ClusterConfig",
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
        "@type": f"{_API}config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(point)}} for point in endpoints]}],
    }
    if stale_s is not None:
        resource["policy"] = {"endpoint_stale_after": _seconds(stale_s)}
    return resource


def _address(point: Endpoint) -> Resource:
    if point.path:
        return {"pipe": {"path": point.path}}
    return {"socket_address": {"address": point.host, "port_value": point.port}}


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
    rows = _ROWS[route.split](route, limits)
    # The last row takes what no row before it took.
    rows[-1]["metadata"] = {"filter_metadata": {_METADATA: told}}
    return {
        "@type": f"{_API}config.route.v3.RouteConfiguration",
        "name": route_name(route),
        "virtual_hosts": [{"name": route_name(route), "domains": ["*"], "routes": rows, **_unread(route)}],
    }


def _unread(route: Route) -> Resource:
    """Headers that no server reads, and that make each request's head another one, which then must be read anew.

    The id that Envoy gives each request is wanted only where it becomes a user's cookie.
    """
    by_cookie = route.split == "users" and not route.header
    return {} if by_cookie else {"request_headers_to_remove": [_REQUEST_ID]}


def _answers(route: Route, limits: Limits) -> list[Resource]:
    """Each request picks a version by its weight."""
    arms = [
        {"name": arm_name(route, back), "weight": parts(back.weight), "response_headers_to_add": [_version(back)]}
        for back in route.backends
    ]
    return [{"match": {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": arms}, **_tries(limits)}}]


def _copies(route: Route, limits: Limits) -> list[Resource]:
    """Stable answers everything; of a random share another version gets a copy, marked alike on both sides."""
    stable = route.backends[0]
    rows: list[Resource] = [
        {
            "match": {"prefix": "/", "runtime_fraction": {"default_value": _fraction(back.weight)}},
            "request_headers_to_add": [
                {
                    "header": {"key": HEADER_PAIR, "value": "%UNIQUE_ID%"},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
            "response_headers_to_add": [_version(stable)],
            "route": {
                "cluster": _copied_name(route),
                "request_mirror_policies": [
                    {"cluster": arm_name(route, back), "disable_shadow_host_suffix_append": True}
                ],
                **_tries(limits),
            },
        }
        for back in route.backends[1:]
        if back.weight > 0
    ]
    if len(rows) > 1:
        raise ValueError("only one version at a time can get copies; give the others a weight of 0")
    rest = {
        "match": {"prefix": "/"},
        "request_headers_to_remove": [HEADER_PAIR],
        "response_headers_to_add": [_version(stable)],
        "route": {"cluster": arm_name(route, stable), **_tries(limits)},
    }
    return [*rows, rest]


def _uncounted_name(route: Route, backend: Backend) -> str:
    """Who asks for a version by name was not dealt to it by chance, so these requests are counted apart."""
    return f"{cluster_name(route, backend)}~uncounted"


def _users(route: Route, limits: Limits) -> list[Resource]:
    """A user keeps one version while the shares stay: hashed by a header, or by a cookie that is set at first sight.

    The cookie holds the id of the first request, by whose hash that request was dealt, too.  A version that users were
    taken back from is named by no header.
    """
    rows: list[Resource] = [
        {
            "match": {"prefix": "/", "headers": [_equals(HEADER_ASKED, back.version)]},
            "response_headers_to_add": [_version(back)],
            "response_headers_to_remove": [HEADER_GROUP],
            "route": {"cluster": _uncounted_name(route, back), **_tries(limits)},
        }
        for back in route.backends
        if not back.returned
    ]
    split = {"match": {"prefix": "/"}}
    if route.header:
        return [*rows, {**split, "route": _dealt(route, limits, {"header": {"header_name": route.header}})}]
    known = {"prefix": "/", "headers": [{"name": "cookie", "string_match": {"safe_regex": {"regex": _COOKIE_SET}}}]}
    given = f"{COOKIE}=%REQ({_REQUEST_ID})%; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    cookie = {"header": {"key": "set-cookie", "value": given}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return [
        *rows,
        {"match": known, "route": _dealt(route, limits, {"cookie": {"name": COOKIE}})},
        {
            **split,
            "response_headers_to_add": [cookie],
            "route": _dealt(route, limits, {"header": {"header_name": _REQUEST_ID}}),
        },
    ]


def _dealt(route: Route, limits: Limits, by: Resource) -> Resource:
    """Versions, and in each its groups, by a hash; a request without what is hashed is dealt at random.

    A hash falls into the sum of the weights in their order: a place that goes back to stable moves nobody else.
    """
    arms = [slot for back in route.backends for slot in _slots(route, back)]
    return {"weighted_clusters": {"use_hash_policy": True, "clusters": arms}, "hash_policy": [by], **_tries(limits)}


def _slots(route: Route, back: Backend) -> Iterator[Resource]:
    """A version's groups; then those users of it whom stable answers, who met both and so are counted for none."""
    stable = route.backends[0]
    whole = parts(back.weight) - (sum(parts(other.returned) for other in route.backends) if back == stable else 0)
    names = arm_names(route, back)
    for number, (name, weight) in enumerate(zip(names, _parted(whole, len(names)), strict=True)):
        yield {"name": name, "weight": weight, "response_headers_to_add": [_version(back), _group(back, number)]}
    if back.returned:
        yield {
            "name": _uncounted_name(route, stable),
            "weight": parts(back.returned),
            "response_headers_to_add": [_version(stable)],
            "response_headers_to_remove": [HEADER_GROUP],
        }


def _parted(weight: int, count: int) -> list[int]:
    """A weight in so many parts, as equal as whole numbers are."""
    return [weight // count + (part < weight % count) for part in range(count)]


def _equals(header: str, value: str) -> Resource:
    return {"name": header, "string_match": {"exact": value}}


def _version(back: Backend) -> Resource:
    return {"header": {"key": HEADER_VERSION, "value": back.version}, "append_action": "ADD_IF_ABSENT"}


def _group(back: Backend, number: int) -> Resource:
    """Nobody but the router says it: a server's own is replaced."""
    header = {"key": HEADER_GROUP, "value": group_name(back.version, number)}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _fraction(weight: float) -> Resource:
    return {"numerator": parts(weight) * _FRACTION_PARTS, "denominator": "MILLION"}


_ROWS = {"answers": _answers, "copies": _copies, "users": _users}


def _tries(limits: Limits) -> Resource:
    return {
        "timeout": _seconds(limits.answer_s),
        "retry_policy": {
            "retry_on": "reset,connect-failure,refused-stream",
            "num_retries": 1,
            "retry_priority": {
                "name": "envoy.retry_priorities.previous_priorities",
                "typed_config": {
                    "@type": f"{_API}extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                    "update_frequency": 1,
                },
            },
            "retry_host_predicate": [
                {
                    "name": "envoy.retry_host_predicates.previous_hosts",
                    "typed_config": {"@type": f"{_API}extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
                }
            ],
            "host_selection_retry_max_attempts": 3,
            "retry_back_off": {
                "base_interval": _seconds(limits.retry_pause_s),
                "max_interval": _seconds(10 * limits.retry_pause_s),
            },
        },
    }


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
        found[name]["numerator"] // _FRACTION_PARTS if (name := arm_name(route, back)) in found else 0
        for back in route.backends[1:]
    ]
    return [parts(100.0) - sum(others), *others]


def discovery(version: str, resources: Iterable[Resource]) -> Resource:
    """A file of a discovery service, as Envoy reads it."""
    return {"version_info": version, "resources": list(resources)}


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


def watched(folder: str, file: str) -> Resource:
    """A source of configuration: a file, read anew when anything is renamed in its folder."""
    return {
        "path_config_source": {"path": f"{folder}/{file}", "watched_directory": {"path": folder}},
        "resource_api_version": "V3",
    }


def _seconds(value: float) -> str:
    return f"{value:.3f}s"
