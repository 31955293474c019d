"""Which address a route gets: never one that is promised to another."""

import socket

import pytest

from headway.adapters.local import addresses
from headway.adapters.local.addresses import address

HERE = "127.0.0.1"


@pytest.fixture
def free() -> int:
    with socket.create_server((HERE, 0)) as probe:
        return int(probe.getsockname()[1])


def given(listen: str = "127.0.0.1:0", *, before: int = 0, taken: int = 0) -> tuple[str, int] | str:
    return address(listen, held=None, before=before, taken={(HERE, taken): "delay in staging"}, model="cancel")


def test_a_wished_port_is_given_and_refused_when_it_is_another_routes(free: int) -> None:
    assert given(f"{HERE}:{free}") == (HERE, free)
    assert (
        given(f"{HERE}:{free}", taken=free) == f"{HERE}:{free} is taken by delay in staging; give cancel another port"
    )


def test_of_any_port_the_one_before_is_given_again_and_another_when_that_is_promised(free: int) -> None:
    assert given(before=free) == (HERE, free)
    found = given(before=free, taken=free)
    assert isinstance(found, tuple)
    assert found[1] not in {0, free}


def test_a_port_that_the_system_thinks_free_is_not_given_when_it_is_promised(
    free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, named = socket.create_server, iter([free])
    monkeypatch.setattr(addresses.socket, "create_server", lambda at: real((at[0], next(named, 0))))
    found = given(taken=free)
    assert isinstance(found, tuple)
    assert found[1] not in {0, free}


def test_a_port_that_somebody_else_holds_is_told() -> None:
    with socket.create_server((HERE, 0)) as held:
        port = held.getsockname()[1]
        told = given(f"{HERE}:{port}")
        assert isinstance(told, str)
        assert "cannot be listened on" in told
        assert given(before=port) != (HERE, port)


def test_the_address_in_use_stays_where_it_is_as_wished(free: int) -> None:
    with socket.create_server((HERE, 0)) as used:
        port = used.getsockname()[1]
        for listen in (f"{HERE}:0", f"{HERE}:{port}"):
            assert address(listen, held=(HERE, port), before=port, taken={}, model="cancel") == (HERE, port)
        assert address(f"{HERE}:{free}", held=(HERE, port), before=port, taken={}, model="cancel") == (HERE, free)
