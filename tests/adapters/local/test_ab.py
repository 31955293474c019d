"""Users keep their version: by a header, by a cookie, or by asking for one.  Real Envoy, real servers."""

import http.client
import json
from collections import Counter
from email.message import Message
from typing import Self

import pytest
from tests.adapters.local.kit import until
from tests.adapters.local.look import kill, pids
from tests.adapters.local.shop import PATH, Shop

from headway.render.traffic.envoy.names import COOKIE, GROUPS, HEADER_ASKED, HEADER_GROUP
from headway.spec.experiment import Ab

pytestmark = pytest.mark.e2e

BY_HEADER = Ab(header="x-user-id")


class Client:
    """One connection, kept open; each request says who asks."""

    def __init__(self, shop: Shop) -> None:
        host, _, port = shop.look().address.rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, **headers: str) -> tuple[str, str]:
        """The version that answered, and the cookie that was set."""
        told = self.told(**headers)
        return told["headway-version"], told.get("set-cookie", "")

    def told(self, **headers: str) -> Message:
        """The headers of an answer."""
        body = json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("POST", PATH, body, {"Content-Type": "application/json", **named})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200
        return answer.headers


def test_a_user_known_by_a_header_keeps_one_version_and_a_larger_share_moves_nobody_back(shop: Shop) -> None:
    shop.bring(30.0, "users", BY_HEADER)
    with Client(shop) as client:
        assert len({client.ask(x_user_id="u1") for _ in range(1000)}) == 1
        names = [f"user-{number}" for number in range(400)]
        first = {name: client.ask(x_user_id=name) for name in names}
        again = {name: client.ask(x_user_id=name) for name in reversed(names)}
        assert first == again
        assert {cookie for _, cookie in first.values()} == {""}
        mine = [name for name, (version, _) in first.items() if version == "1.1.0"]
        assert abs(len(mine) - 120) < 5 * (400 * 0.3 * 0.7) ** 0.5
        seen = shop.look()
        # Counts of a user are in one group, and groups add up to what is counted for a version.
        assert {len(groups) for groups in seen.groups.values()} == {GROUPS}
        assert {name: sum(group.starts for group in groups) for name, groups in seen.groups.items()} == {
            name: arm.starts for name, arm in seen.counts.items()
        }
        assert sum(arm.starts for arm in seen.counts.values()) == 1800
        assert sum(group.starts >= 1000 for groups in seen.groups.values() for group in groups) == 1
        shop.bring(60.0, "users", BY_HEADER)
        later = {name: client.ask(x_user_id=name)[0] for name in names}
        assert all(later[name] == "1.1.0" for name in mine)
        assert Counter(later.values())["1.1.0"] > len(mine)


def test_a_user_without_a_cookie_gets_one_and_keeps_the_version_of_the_first_answer(shop: Shop) -> None:
    shop.bring(50.0, "users", Ab())
    with Client(shop) as client:
        split: Counter[str] = Counter()
        for _ in range(200):
            version, cookie = client.ask()
            name, _, rest = cookie.partition("=")
            assert (name, "HttpOnly" in rest) == (COOKIE, True)
            value = f"other=1; {COOKIE}={rest.partition(';')[0]}"
            assert {client.ask(cookie=value) for _ in range(3)} == {(version, "")}
            split[version] += 1
        assert abs(split["1.1.0"] - 100) < 5 * 50**0.5


def test_who_asks_for_a_version_gets_it_and_counts_for_none(shop: Shop) -> None:
    shop.bring(50.0, "users", BY_HEADER)
    with Client(shop) as client:
        for version in ("1.0.0", "1.1.0"):
            asked = {client.ask(**{HEADER_ASKED: version, "x_user_id": f"u{number}"})[0] for number in range(50)}
            assert asked == {version}
        assert {arm.starts for arm in shop.look().counts.values()} == {0}
        # A version that is not there is none that could be had: such a request is dealt like any other.
        client.ask(**{HEADER_ASKED: "9.9.9", "x_user_id": "u1"})
        until(lambda: sum(arm.starts for arm in shop.look().counts.values()) == 1)


def test_of_several_versions_one_that_goes_takes_nobody_elses_users_along(shop: Shop) -> None:
    shop.deal([(40.0, 0.0), (20.0, 0.0), (20.0, 0.0), (20.0, 0.0)], "users", BY_HEADER)
    names = [f"user-{number}" for number in range(400)]
    with Client(shop) as client:
        before = {name: client.ask(x_user_id=name)[0] for name in names}
        for version, part in (("1.0.0", 0.4), ("1.1.0", 0.2), ("1.2.0", 0.2), ("1.3.0", 0.2)):
            assert abs(Counter(before.values())[version] - 400 * part) < 5 * (400 * part * (1 - part)) ** 0.5
        epoch = shop.look().epoch
        seen = shop.deal([(80.0, 0.0), (0.0, 20.0), (0.0, 20.0), (20.0, 0.0)], "users", BY_HEADER)
        # The same counters go on, so that what is known of the others is not lost.
        assert seen.epoch == epoch
        counted = {version: arm.starts for version, arm in seen.counts.items()}
        after = {name: client.ask(x_user_id=name)[0] for name in names}
        gone = {"1.1.0", "1.2.0"}
        assert after == {name: "1.0.0" if version in gone else version for name, version in before.items()}
        # Whom stable answers in the place of another is counted for none.
        now = {version: arm.starts for version, arm in shop.look().counts.items()}
        grown = {version: count - counted[version] for version, count in now.items()}
        assert grown == {version: 0 if version in gone else Counter(before.values())[version] for version in counted}
        assert client.ask(**{HEADER_ASKED: "1.3.0", "x_user_id": "user-1"})[0] == "1.3.0"
        assert client.ask(**{HEADER_ASKED: "1.1.0", "x_user_id": "user-1"})[0] == after["user-1"]
        # Nor is he in a group, for what he buys is no evidence of either.
        for name in names[:40]:
            assert (client.told(x_user_id=name).get(HEADER_GROUP) is None) == (before[name] in gone)


def test_an_answer_tells_the_group_that_its_user_is_counted_in(shop: Shop) -> None:
    shop.bring(50.0, "users", BY_HEADER)
    told: Counter[str] = Counter()
    with Client(shop) as client:
        for number in range(300):
            answers = [client.told(x_user_id=f"u{number}") for _ in range(2)]
            (groups,) = {tuple(answer.get_all(HEADER_GROUP, [])) for answer in answers}
            (group,) = groups
            assert group.partition("/")[0] == answers[0]["headway-version"]
            told[group] += 2
        seen = shop.look().groups
        assert told == {
            f"{version}/{number}": arm.starts
            for version, arms in seen.items()
            for number, arm in enumerate(arms)
            if arm.starts
        }
        # Who asked for a version is in no group of it, for chance did not bring him there.
        assert client.told(**{HEADER_ASKED: "1.1.0", "x_user_id": "u1"}).get_all(HEADER_GROUP) is None


def test_who_was_answered_in_the_place_of_another_is_still_in_that_ones_group(shop: Shop) -> None:
    shop.bring(50.0, "users", BY_HEADER)
    with Client(shop) as client:
        mine = next(name for name in map(str, range(100)) if client.ask(x_user_id=name)[0] == "1.1.0")
        group = client.told(x_user_id=mine)[HEADER_GROUP]
        (victim,) = pids(shop.runtime)["1.1.0"]
        kill(victim)
        answer = client.told(x_user_id=mine)
    assert (answer["headway-version"], answer[HEADER_GROUP]) == ("1.0.0", group)


def test_no_other_answer_tells_a_group(shop: Shop) -> None:
    shop.bring(50.0, "answers")
    with Client(shop) as client:
        assert {client.told().get(HEADER_GROUP) for _ in range(20)} == {None}
