"""Copies of requests: who answers users, who is counted, which answers belong together.  All parts are real."""

import http.client
import os
import signal

import pytest
from tests.adapters.local.kit import MODEL, until
from tests.adapters.local.look import pids
from tests.adapters.local.shop import Shop

from headway.evidence.pairs import APART, apart_by

pytestmark = pytest.mark.e2e


def test_users_get_stables_answers_alone_and_each_copy_is_compared_with_its_own_original(shop: Shop) -> None:
    shop.bring(40.0)
    # A user's own mark is worth nothing, or two requests with the same one could be joined.
    asked = shop.ask(800, {"Headway-Pair": "mine"})
    assert asked == {(200, "1.0.0", 0.0): 800}
    until(lambda: shop.look().counts["1.1.0"].starts == shop.pairs().pairs > 0)
    seen = shop.look()
    copied = seen.counts["1.1.0"].starts
    assert abs(copied - 320) < 5 * (800 * 0.4 * 0.6) ** 0.5
    # Requests that were not copied are the control; those that were are counted apart.
    assert seen.counts["1.0.0"].starts == 800 - copied
    pairs = shop.pairs()
    further = pairs.apart[APART.index(0.2)]
    assert (pairs.pairs, pairs.differ, pairs.apart[APART.index(0.5)]) == (copied, 0, 0)
    assert pairs.apart[0] == further == apart_by(pairs, 0.0)
    # Half of the x lie beyond 50, and which are copied is by chance: no answer was compared with another request's.
    assert abs(further - copied / 2) < 5 * (copied / 4) ** 0.5
    assert pairs.distance == pytest.approx(0.25 * further)


def test_nobody_reads_answers_through_the_route(shop: Shop) -> None:
    at = shop.bring(100.0).address
    shop.ask(20)
    host, _, port = at.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    for headers in ({}, {"Headway-Nonce": ""}, {"Headway-Nonce": "guessed"}):
        connection.request("GET", f"/v2/models/{MODEL}/answers?after=0", headers=headers)
        answer = connection.getresponse()
        assert (answer.status, b"answers" in answer.read()) == (404, True)
    connection.close()


def test_a_shadow_that_dies_harms_nobody_and_is_charged_with_its_copies(shop: Shop) -> None:
    shop.bring(50.0)
    shop.ask(50)
    before = shop.look().counts["1.1.0"]
    os.kill(pids(shop.runtime)["1.1.0"][0], signal.SIGKILL)
    asked = shop.ask(100)
    assert asked == {(200, "1.0.0", 0.0): 100}
    until(lambda: shop.look().counts["1.1.0"].errors > before.errors)


def test_another_meaning_of_the_share_is_another_count(shop: Shop) -> None:
    before = shop.bring(50.0)
    shop.ask(100)
    after = shop.bring(50.0, "answers")
    assert after.epoch != before.epoch
    assert after.pairs is None
    asked = shop.ask(200)
    assert {version for _, version, _ in asked} == {"1.0.0", "1.1.0"}
