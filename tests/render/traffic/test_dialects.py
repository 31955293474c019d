"""The law of every router's dialect, and what each says in its own words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from headway.decide.rollout.guardrails.latency import FIRST_EDGE_MS
from headway.evidence.weights import Backend, Route
from headway.render.manifest import LABEL_MODEL
from headway.render.traffic import gateway_api
from headway.render.traffic.dialect import parts, percent
from headway.render.traffic.envoy.clusters import Endpoint, assignment, clusters
from headway.render.traffic.envoy.resource import Limits
from headway.render.traffic.envoy.routes import route_configuration
from headway.render.traffic.envoy.server import EDGES_MS, bootstrap, listener
from headway.render.traffic.table import TRAFFIC
from headway.spec.guardrail import LATENCY_STEP, LATENCY_TOP_S

names = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
versions = st.from_regex(r"(0|[1-9][0-9]{0,3})(\.(0|[1-9][0-9]{0,3})){2}", fullmatch=True)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Routes of one or two versions, with weights in thousandths of a percent that add up to 100.

    Where users are kept apart there may be a third, whose users are stable's.
    """
    share = draw(st.integers(0, 100_000))
    first, second, third = draw(st.lists(versions, min_size=3, max_size=3, unique=True))
    stable = Backend(version=first, service=draw(names), weight=percent(100_000 - share))
    candidate = Backend(version=second, service=draw(names), weight=percent(share))
    split = draw(st.sampled_from(["answers", "copies", "users"]))
    returned = percent(draw(st.integers(0, 100_000 - share))) if split == "users" else 0.0
    left = Backend(version=third, service=draw(names), weight=0.0, returned=returned)
    alone = Backend(version=first, service=draw(names), weight=100.0)
    return Route(
        model=draw(names),
        environment=draw(names),
        backends=draw(st.sampled_from([(alone,), (stable, candidate), (stable, candidate, left)])),
        listen=draw(st.sampled_from(["", "127.0.0.1:0", "127.0.0.1:8080"])),
        split=split,
        header=draw(st.sampled_from(["", "x-user-id"])),
    )


@pytest.mark.parametrize("router", sorted(TRAFFIC))
@given(route=routes())
def test_what_is_read_back_is_what_was_written(router: str, route: Route) -> None:
    assert TRAFFIC[router].read(TRAFFIC[router].write(route)) == route


@pytest.mark.parametrize("router", sorted(TRAFFIC))
@given(route=routes())
def test_a_dialect_says_nothing_of_the_objects_of_another(router: str, route: Route) -> None:
    others = [item for name, dialect in TRAFFIC.items() if name != router for item in dialect.write(route)]
    assert TRAFFIC[router].read([*others, {"kind": "Service", "metadata": {"name": "delay"}}]) is None


@pytest.mark.parametrize("router", sorted(TRAFFIC))
def test_a_route_that_somebody_else_wrote_is_refused(router: str) -> None:
    route = Route(
        model="delay", environment="production", backends=(Backend(version="1.0.0", service="a", weight=100.0),)
    )
    (item,) = TRAFFIC[router].write(route)
    if item["kind"] != "ConfigMap":
        item["metadata"] = {"name": "theirs"}
    else:
        item["data"]["rds.json"] = '{"resources": [{"virtual_hosts": []}]}'
    with pytest.raises(ValueError, match="not as Headway writes it"):
        TRAFFIC[router].read([item])


@pytest.mark.parametrize(("weight", "expected"), [(0.5, 500), (99.5, 99_500), (100.0, 100_000), (0.0, 0), (0.1, 100)])
def test_weights_are_whole_numbers_that_a_gateway_takes(weight: float, expected: int) -> None:
    assert parts(weight) == expected <= 1_000_000
    assert percent(parts(weight)) == weight


@pytest.mark.parametrize("weight", [-0.1, 100.1, float("nan")])
def test_a_weight_that_is_no_percent_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="no percent"):
        parts(weight)


def pair() -> Route:
    return Route(
        model="delay",
        environment="production",
        backends=(
            Backend(version="1.0.0", service="a", weight=95.0),
            Backend(version="1.1.0", service="b", weight=5.0),
        ),
    )


def test_an_http_route_names_services_and_its_model() -> None:
    (item,) = gateway_api.write(pair())
    refs = item["spec"]["rules"][0]["backendRefs"]
    assert [(ref["name"], ref["weight"]) for ref in refs] == [("a", 95_000), ("b", 5_000)]
    assert item["metadata"]["labels"][LABEL_MODEL] == "delay"


def test_stable_is_met_directly_and_a_candidate_with_stable_behind_it() -> None:
    made = {cluster["name"]: cluster for cluster in clusters(pair(), Limits(), "/run/eds")}
    assert sorted(made) == [
        "production.delay.1.0.0",
        "production.delay.1.1.0",
        "production.delay.1.1.0~1.0.0",
    ]
    members = made["production.delay.1.1.0~1.0.0"]["cluster_type"]["typed_config"]["clusters"]
    assert members == ["production.delay.1.1.0", "production.delay.1.0.0"]
    arms = route_configuration(pair(), Limits())["virtual_hosts"][0]["routes"][0]["route"]
    assert [arm["name"] for arm in arms["weighted_clusters"]["clusters"]] == [
        "production.delay.1.0.0",
        "production.delay.1.1.0~1.0.0",
    ]


def test_retries_under_way_are_bounded_alike_on_every_cluster() -> None:
    for cluster in clusters(pair(), Limits(retries=77), "/run/eds"):
        assert cluster["circuit_breakers"]["thresholds"][0]["max_retries"] == 77


def test_a_server_is_not_told_an_id_that_only_a_cookie_is_made_of() -> None:
    """So that each head of a kept connection is the one before."""
    removed = {
        (split, header): route_configuration(
            structs.replace(pair(), split=split, header=header), Limits()
        )["virtual_hosts"][0].get("request_headers_to_remove", [])
        for split, header in (("answers", ""), ("copies", ""), ("users", "x-user"), ("users", ""))
    }  # fmt: skip
    assert removed.pop(("users", "")) == []
    assert set(map(tuple, removed.values())) == {("x-request-id",)}


def test_only_what_should_lapse_carries_a_limit() -> None:
    point = Endpoint(host="127.0.0.1", port=1)
    assert "policy" not in assignment("a", [point])
    assert assignment("a", [point], stale_s=3)["policy"] == {"endpoint_stale_after": "3.000s"}
    gone = assignment("a", [Endpoint(path="/run/gone")])
    assert gone["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"] == {"pipe": {"path": "/run/gone"}}


def test_edges_of_latency_lie_where_envoy_need_not_guess_and_are_at_most_a_quarter_apart() -> None:
    assert EDGES_MS[0] == FIRST_EDGE_MS
    assert EDGES_MS[-1] == 1000 * LATENCY_TOP_S
    assert all(edge == float(f"{edge:.1e}") == int(edge) for edge in EDGES_MS)
    assert all(edge < later <= LATENCY_STEP * edge for edge, later in pairwise(EDGES_MS))


def test_within_each_quarter_a_tolerance_of_a_fiftieth_has_an_edge_near_to_it() -> None:
    tolerate, nearest = 1.02, []
    for last in filter(lambda edge: 12 <= edge <= 9200, EDGES_MS):
        step = [edge for edge in EDGES_MS if last / 1.25 < edge <= last]
        nearest.append(min(min(later for later in EDGES_MS if later >= tolerate * edge) / edge for edge in step))
    assert max(nearest) < 1.1
    assert sorted(nearest)[len(nearest) // 2] < 1.05


def test_envoy_is_told_where_to_look_and_who_may_ask() -> None:
    made = bootstrap("n", "/run/envoy", "/run/admin")
    assert made["admin"]["address"]["pipe"] == {"path": "/run/admin", "mode": 0o600}
    assert made["stats_flush_on_admin"] is True
    heard = listener("production.delay", "127.0.0.1", 8080, "/run/rds")
    assert heard["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 8080}


def places(route: Route) -> list[tuple[str, int, int]]:
    """Which version answers a hash from where to where: Envoy takes the weights in their order."""
    (row,) = route_configuration(route, Limits())["virtual_hosts"][0]["routes"][-1:]
    found, begin = [], 0
    for arm in row["route"]["weighted_clusters"]["clusters"]:
        version = arm["response_headers_to_add"][0]["header"]["value"]
        found.append((version, begin, begin + arm["weight"]))
        begin += arm["weight"]
    assert begin == 100_000
    return found


def test_users_who_go_back_to_stable_move_nobody_else() -> None:
    def route(*arms: tuple[float, float]) -> Route:
        backends = tuple(
            Backend(version=f"1.{number}.0", service=f"s{number}", weight=weight, returned=returned)
            for number, (weight, returned) in enumerate(arms)
        )
        return Route(model="m", environment="e", backends=backends, split="users", header="x-user-id")

    before = places(route((40.0, 0.0), (20.0, 0.0), (20.0, 0.0), (20.0, 0.0)))
    after = places(route((60.0, 0.0), (20.0, 0.0), (0.0, 20.0), (20.0, 0.0)))
    others = {"1.0.0", "1.1.0", "1.3.0"}
    kept = [place for place in after if place[2] > place[1] and place != ("1.0.0", 60_000, 80_000)]
    assert kept == [place for place in before if place[0] in others]
    assert ("1.0.0", 60_000, 80_000) in after
