"""Which route may be in force: the supervisor's pure choices."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from headway.adapters.local.choice import candidate_lives, crowded, leaving, next_force, on_stable, reset
from headway.adapters.local.words import Carried, Place, Pod, Work
from headway.evidence.weights import Backend, Route


def carried(*arms: tuple[str, float]) -> Carried:
    backends = tuple(Backend(version=version, service=version, weight=weight) for version, weight in arms)
    route = Route(model="delay", environment="production", backends=backends)
    return Carried(route=route, works={version: (version,) for version, _ in arms})


def work(version: str, replicas: int = 1, command: str = "serve") -> Work:
    return Work(name=version, version=version, bundle=version, command=(command,), replicas=replicas)


def place(wished: Carried | None, force: Carried | None, **more: str) -> Place:
    works = tuple(work(version, 2) for version in (wished.works if wished else ()))
    return Place(model="delay", environment="production", works=works, wished=wished, force=force, **more)  # type: ignore[arg-type]  # only texts are given


def pod(of: Work, nonce: str, port: int = 1, began: float = 0.0) -> Pod:
    return Pod(place="production.delay", work=of, nonce=nonce, began=began, port=port)


ONE, HALF = carried(("1", 100.0)), carried(("1", 50.0), ("2", 50.0))


def test_the_first_route_waits_until_all_its_processes_are_ready() -> None:
    assert next_force(place(ONE, None), {"1": 1}) is None
    assert next_force(place(ONE, None), {"1": 2}) == ONE


def test_a_candidate_gets_nothing_before_all_its_processes_are_ready() -> None:
    assert next_force(place(HALF, ONE), {"1": 2, "2": 1}) == ONE
    assert next_force(place(HALF, ONE), {"1": 2, "2": 2}) == HALF


def test_a_promotion_waits_for_the_replicas_it_asks_for() -> None:
    promoted = carried(("2", 100.0))
    assert next_force(place(promoted, HALF), {"1": 2, "2": 1}) == HALF
    assert next_force(place(promoted, HALF), {"1": 2, "2": 2}) == promoted


def test_nothing_delays_a_retreat_to_stable() -> None:
    assert next_force(place(ONE, HALF), {}) == ONE


def test_a_tripped_switch_holds_candidates_at_zero_even_while_a_promotion_waits() -> None:
    tripped = place(HALF, HALF, tripped="silence")
    assert next_force(tripped, {"1": 2, "2": 2}) == on_stable(HALF)
    later = place(carried(("2", 60.0), ("3", 40.0)), HALF, tripped="silence")
    assert next_force(later, {}) == on_stable(HALF)


def test_only_a_living_candidate_can_be_reset_and_only_once() -> None:
    assert reset(place(ONE, ONE), "why").tripped == ""
    once = reset(place(HALF, HALF), "first")
    assert (once.tripped, once.generation) == ("first", 1)
    assert reset(once, "second") == once


@given(st.lists(st.floats(0, 100), min_size=1, max_size=4))
def test_on_stable_nothing_but_stable_gets_requests(weights: list[float]) -> None:
    made = on_stable(carried(*((str(number), weight) for number, weight in enumerate(weights))))
    assert made.route.backends[0].weight == 100.0
    assert not candidate_lives(made)
    assert on_stable(made) == made


def test_what_carries_the_route_in_force_stays_though_nobody_wishes_it() -> None:
    old, new = pod(work("1"), "a"), pod(work("2"), "b", port=0)
    waiting = place(carried(("2", 100.0)), ONE)
    assert leaving(waiting, (old, new), {"1": 1}) == ()
    switched = structs.replace(waiting, force=waiting.wished)
    assert leaving(switched, (old, new), {"1": 1}) == (old,)


def test_a_changed_work_leaves_when_its_successors_are_ready() -> None:
    old, new = pod(work("1", command="old"), "a"), pod(work("1"), "b")
    at = structs.replace(place(ONE, ONE), works=(work("1", 1),))
    assert leaving(at, (old, new), {"1": 2}) == (old,)
    assert leaving(at, (old, structs.replace(new, port=0)), {"1": 0}) == ()


def test_of_too_many_the_youngest_and_unready_leave() -> None:
    first, second, third = (pod(work("1"), name, began=at) for name, at in (("a", 1.0), ("b", 2.0), ("c", 3.0)))
    unready = structs.replace(first, port=0)
    at = structs.replace(place(ONE, ONE), works=(work("1", 2),))
    assert leaving(at, (third, second, first), {"1": 3}) == (third,)
    assert leaving(at, (third, second, unready), {"1": 2}) == (unready,)


def test_where_there_is_no_place_everything_leaves() -> None:
    assert leaving(None, (pod(work("1"), "a"),), {}) == (pod(work("1"), "a"),)


def test_more_places_than_envoy_can_watch_are_refused_with_the_cure() -> None:
    assert crowded([2] * 42, 128) == ""
    assert "43 models and environments need up to 131" in crowded([2] * 43, 128)
    assert "2 models" in crowded([125, 2], 128)
    assert crowded([1] * 43, 128).endswith("sysctl -w fs.inotify.max_user_instances=1024")
    assert crowded([2] * 1000, 1024).endswith("fs.inotify.max_user_instances=6004")


def test_on_stable_nobody_is_kept_apart_who_was_taken_back_before() -> None:
    first, second, third = carried(("1", 75.0), ("2", 0.0), ("3", 25.0)).route.backends
    route = structs.replace(ONE.route, backends=(first, structs.replace(second, returned=25.0), third), split="users")
    found = on_stable(Carried(route=route, works={}))
    assert [(back.weight, back.returned) for back in found.route.backends] == [(100.0, 0.0), (0.0, 0.0), (0.0, 0.0)]
