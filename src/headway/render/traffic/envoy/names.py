"""What Envoy's clusters are called, and the headers and the cookie by which requests and answers tell who is who."""

from headway.evidence.weights import Backend, Route

__all__ = [
    "COOKIE",
    "GROUPS",
    "HEADER_ASKED",
    "HEADER_GROUP",
    "HEADER_PAIR",
    "HEADER_VERSION",
    "arm_name",
    "arm_names",
    "cluster_name",
    "copied_name",
    "group_name",
    "route_name",
    "uncounted_name",
]

HEADER_VERSION = "headway-version"
# Both copies of a request carry the same random id, so that their answers can be compared.  A user's own is replaced.
HEADER_PAIR = "headway-pair"
# By this a request asks for a version; in an experiment only.
HEADER_ASKED = "x-model-version"
# Users of each version are counted in so many groups: enough to know how users vary, few enough for Envoy's statistics.
GROUPS = 16
# By this an answer tells which group its user was dealt to, so that a team can count what it counts by groups, too.
HEADER_GROUP = "headway-group"
COOKIE = "headway-user"


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


def copied_name(route: Route) -> str:
    """The cluster of stable's answers to requests that are copied: counted apart, for the others are the control."""
    return f"{cluster_name(route, route.backends[0])}~copied"


def uncounted_name(route: Route, backend: Backend) -> str:
    """Who asks for a version by name was not dealt to it by chance, so these requests are counted apart."""
    return f"{cluster_name(route, backend)}~uncounted"
