"""How Envoy splits requests between versions: the rows of a route, one way for each kind of split."""

from collections.abc import Callable, Iterator, Mapping

from headway.evidence.weights import Backend, Route, Split
from headway.render.traffic.dialect import parts
from headway.render.traffic.envoy.names import (
    COOKIE,
    HEADER_ASKED,
    HEADER_GROUP,
    HEADER_PAIR,
    HEADER_VERSION,
    arm_name,
    arm_names,
    copied_name,
    group_name,
    uncounted_name,
)
from headway.render.traffic.envoy.resource import API, Limits, Resource, seconds

__all__ = ["FRACTION_PARTS", "REQUEST_ID", "ROWS"]

REQUEST_ID = "x-request-id"
_COOKIE_SET = rf".*(^|;\s*){COOKIE}=[^;]+.*"
# A fraction counts in millionths, a weight in hundred-thousandths.
FRACTION_PARTS = 10


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
                "cluster": copied_name(route),
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
            "route": {"cluster": uncounted_name(route, back), **_tries(limits)},
        }
        for back in route.backends
        if not back.returned
    ]
    split = {"match": {"prefix": "/"}}
    if route.header:
        return [*rows, {**split, "route": _dealt(route, limits, {"header": {"header_name": route.header}})}]
    known = {"prefix": "/", "headers": [{"name": "cookie", "string_match": {"safe_regex": {"regex": _COOKIE_SET}}}]}
    given = f"{COOKIE}=%REQ({REQUEST_ID})%; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    cookie = {"header": {"key": "set-cookie", "value": given}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return [
        *rows,
        {"match": known, "route": _dealt(route, limits, {"cookie": {"name": COOKIE}})},
        {
            **split,
            "response_headers_to_add": [cookie],
            "route": _dealt(route, limits, {"header": {"header_name": REQUEST_ID}}),
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
            "name": uncounted_name(route, stable),
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
    return {"numerator": parts(weight) * FRACTION_PARTS, "denominator": "MILLION"}


def _tries(limits: Limits) -> Resource:
    return {
        "timeout": seconds(limits.answer_s),
        "retry_policy": {
            "retry_on": "reset,connect-failure,refused-stream",
            "num_retries": 1,
            "retry_priority": {
                "name": "envoy.retry_priorities.previous_priorities",
                "typed_config": {
                    "@type": f"{API}extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                    "update_frequency": 1,
                },
            },
            "retry_host_predicate": [
                {
                    "name": "envoy.retry_host_predicates.previous_hosts",
                    "typed_config": {"@type": f"{API}extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
                }
            ],
            "host_selection_retry_max_attempts": 3,
            "retry_back_off": {
                "base_interval": seconds(limits.retry_pause_s),
                "max_interval": seconds(10 * limits.retry_pause_s),
            },
        },
    }


ROWS: Mapping[Split, Callable[[Route, Limits], list[Resource]]] = {
    "answers": _answers,
    "copies": _copies,
    "users": _users,
}
