"""The picture of an experiment: well-formed, the same every time, and true to the verdict."""

from xml.etree import ElementTree as ET

import msgspec
import numpy as np
from msgspec import structs
from tests.decide.rollout.test_ab import WISH
from tests.decide.rollout.test_ab import run as one_version
from tests.decide.rollout.test_arms import ERRORS, RUNNING, run, window

from headway.decide.rollout.forest import LEFT, NAMES, forest
from headway.decide.rollout.frame import WIDE
from headway.decide.rollout.rules import verdict_of
from headway.evidence.stage import Rollout

SVG = "{http://www.w3.org/2000/svg}"
WORSE, EQUAL, BETTER = 0.06, 0.02, 0.012


def said(data: bytes) -> list[str]:
    return ["".join(found.itertext()) for found in ET.fromstring(data).iter(f"{SVG}text")]  # noqa: S314 - ours


def test_each_metric_has_a_plot_and_each_version_a_row_that_says_what_was_shown() -> None:
    rollout = run((EQUAL, WORSE, EQUAL, BETTER))
    root = ET.fromstring(forest(rollout, ERRORS))  # noqa: S314 - ours
    named = {found.attrib["id"]: found.text or "" for found in root if "id" in found.attrib}
    assert named["title"] == "delay 2.0.0, 2.1.0, 2.2.0 beside 1.0.0 in production, between users: promoting"
    assert "errors: 2.0.0 +4.16 pp, worse, left at look 1; errors: 2.1.0" in named["desc"]
    assert [found.attrib["aria-label"] for found in root.iter(f"{SVG}g")] == ["errors"]
    shown = [words.partition(", ")[2] for words in said(forest(rollout, ERRORS)) if " pp, " in words]
    assert shown == ["worse, left at look 1", "safe", "better"]
    for circle in root.iter(f"{SVG}circle"):
        assert LEFT + NAMES <= float(circle.attrib["cx"]) <= LEFT + NAMES + WIDE


def test_its_numbers_are_those_of_the_verdict() -> None:
    rollout = one_version(WISH, (EQUAL, 0.01))
    numbers, words = verdict_of(rollout, WISH).numbers, said(forest(rollout, WISH))
    for metric in ("errors", "slower than 125 ms"):
        point, low, high = (100 * numbers[f"{metric} difference{end}"] for end in ("", " low", " high"))
        assert f"{low:+.3g} pp to {high:+.3g} pp" in words
        assert any(line.startswith(f"{point:+.3g} pp, ") for line in words)


def test_a_restart_draws_the_same_bytes() -> None:
    rollout = run((EQUAL, WORSE, EQUAL, BETTER))
    again = msgspec.json.decode(msgspec.json.encode(rollout), type=Rollout)
    assert forest(again, ERRORS) == forest(rollout, ERRORS)


def test_before_any_look_and_without_requests_it_says_so() -> None:
    silent = window(np.random.default_rng(1), (0.0,) * 4, per_group=0)
    for rollout in (RUNNING, run((EQUAL,) * 4, most=0), structs.replace(RUNNING, windows=(silent,))):
        assert said(forest(rollout, ERRORS))[-1] == "Nothing was counted for both."


def test_words_of_others_stay_words() -> None:
    sly = structs.replace(run((EQUAL, WORSE, EQUAL, BETTER)), why='</text><script>alert("x")</script>', model="a&b")
    assert b"<script" not in forest(sly, ERRORS)
