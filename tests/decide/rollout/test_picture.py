"""The picture of a rollout: well-formed, the same every time, and true to the evidence that it draws."""

import math
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.decide.rollout.test_shadow import RUNNING, after
from tests.decide.rollout.test_shadow import WISH as SHADOW

from headway.decide.rollout.decision import decide
from headway.decide.rollout.estimate import estimated, in_words, ratios
from headway.decide.rollout.frame import HIGH, LEFT, WIDE, Frame
from headway.decide.rollout.history import history
from headway.decide.rollout.picture import picture
from headway.decide.rollout.rules import verdict_of
from headway.evidence.stage import Rollout
from headway.evidence.window import Arm, Past, Window
from headway.spec.guardrail import ErrorGuardrail, LatencyGuardrail
from headway.spec.release import Served
from headway.spec.rollout import Rollout as Wish

SVG = "{http://www.w3.org/2000/svg}"
EDGES = (4.0, 5.0, 6.25)
WISH = Wish(window=60.0, guardrails=(ErrorGuardrail(), LatencyGuardrail(latency="p95")))
START = Rollout(
    model="delay",
    environment="production",
    candidate=Served(version="1.1.0", bundle="b"),
    over=Served(version="1.0.0", bundle="a"),
    state="running",
    weight=5.0,
    started=0.0,
    deadline=1e9,
    before=Past(starts=10_000, errors=100),
)


def played(errors: float, *, windows: int = 60, wish: Wish = WISH) -> Rollout:
    """A rollout whose candidate fails so often, in percent, beside one percent."""
    rollout = START
    for at in range(windows):
        mine = round(12_000 * rollout.weight / 100)
        window = Window(
            start=at * 60.0,
            end=(at + 1) * 60.0,
            weight=rollout.weight,
            edges_ms=EDGES,
            control=_arm(12_000 - mine, 1.0),
            candidate=_arm(mine, errors),
        )
        rollout = decide(rollout, wish, window, ready=True, now=0.0)
        if rollout.state != "running":
            break
    return rollout


def _arm(starts: int, errors: float) -> Arm:
    return Arm(starts=starts, errors=round(starts * errors / 100), slower=(starts // 2, starts // 10, starts // 50))


def said(data: bytes) -> list[str]:
    return ["".join(found.itertext()) for found in ET.fromstring(data).iter(f"{SVG}text")]  # noqa: S314 - ours


@pytest.mark.parametrize("errors", [1.0, 3.0])
def test_it_is_well_formed_names_itself_and_has_a_plot_for_each_guardrail(errors: float) -> None:
    rollout = played(errors)
    data = picture(rollout, WISH)
    root = ET.fromstring(data)  # noqa: S314 - ours
    labels = root.attrib["aria-labelledby"].split()
    named = {found.attrib["id"]: found.text or "" for found in root if "id" in found.attrib}
    assert [bool(named[label]) for label in labels] == [True, True]
    assert "delay 1.1.0 over 1.0.0 in production" in named["title"]
    assert rollout.why in named["desc"]
    assert [found.attrib["aria-label"] for found in root.iter(f"{SVG}g")] == ["errors", "latency p95"]


def test_a_restart_draws_the_same_bytes() -> None:
    rollout = played(1.0)
    again = msgspec.json.decode(msgspec.json.encode(rollout), type=Rollout)
    assert picture(again, WISH) == picture(rollout, WISH)


def test_what_it_draws_is_what_the_rule_says() -> None:
    rollout = played(3.0)
    numbers = verdict_of(rollout, WISH).numbers
    for each in history(rollout, WISH)[-1].guardrails:
        assert each.harm == numbers[f"{each.guardrail} harm"]
        assert each.safety == numbers[f"{each.guardrail} safe"]
    assert history(rollout, WISH)[-1].guardrails[0].harm >= math.log(200)
    assert "aborts at 200x" in said(picture(rollout, WISH))


def test_above_each_plot_stands_the_ratio_that_the_watch_shows() -> None:
    for errors in (1.0, 3.0):
        rollout = played(errors)
        known = [in_words(each) for each in ratios(estimated(rollout, WISH), WISH)]
        assert len(known) == 2
        assert set(known) <= set(said(picture(rollout, WISH)))


def test_stages_are_named_by_their_weight() -> None:
    rollout = played(1.0)
    assert rollout.state == "promoting"
    assert {"5 %", "20 %", "50 %"} <= set(said(picture(rollout, WISH)))
    assert [moment.stage for moment in history(rollout, WISH)] == sorted(
        moment.stage for moment in history(rollout, WISH)
    )


def test_without_a_window_or_a_comparison_it_says_so() -> None:
    for rollout, wish in ((START, WISH), (played(1.0, windows=3), Wish(strategy="direct"))):
        assert said(picture(rollout, wish))[-1] == "No window was counted."


def test_how_alike_a_shadow_answers_has_a_plot_of_its_own() -> None:
    rollout = after(RUNNING, 60, 0.0)
    assert rollout.state == "promoting"
    numbers = verdict_of(rollout, SHADOW).numbers
    (_, agreement) = history(rollout, SHADOW)[-1].guardrails
    assert (agreement.guardrail, agreement.safety) == ("agreement", numbers["agreement safe"])
    assert "agreement" in said(picture(rollout, SHADOW))
    assert any(line.endswith("in production, by copies: promoting") for line in said(picture(rollout, SHADOW)))


def test_words_of_others_stay_words() -> None:
    sly = structs.replace(played(1.0), why='\x1b</text><script>alert("x")</script>\x00', model="a&b")
    data = picture(sly, WISH)
    assert b"<script" not in data
    assert any("<script>" in words for words in said(data))


def test_a_long_rollout_stays_small() -> None:
    rollout = played(1.0, windows=400, wish=Wish(stages=(5.0,), guardrails=(ErrorGuardrail(floor=1e-6),)))
    longer = structs.replace(rollout, windows=rollout.windows * (7200 // len(rollout.windows)))
    shifted = [structs.replace(w, start=60.0 * at, end=60.0 * (at + 1)) for at, w in enumerate(longer.windows)]
    assert len(picture(structs.replace(longer, windows=tuple(shifted)), WISH)) < 60_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1000), st.sampled_from((5.0, 20.0, 50.0))), max_size=12),
    st.integers(1, 40),
)
def test_any_windows_are_drawn_inside_the_plot(counts: list[tuple[int, int, float]], seconds: int) -> None:
    windows = tuple(
        Window(
            start=at * seconds,
            end=(at + 1) * seconds,
            weight=weight,
            control=Arm(starts=1000, errors=bad),
            candidate=Arm(starts=max(of, bad), errors=bad),
        )
        for at, (bad, of, weight) in enumerate(counts)
    )
    data = picture(structs.replace(START, windows=windows), Wish())
    for circle in ET.fromstring(data).iter(f"{SVG}circle"):  # noqa: S314 - ours
        assert LEFT <= float(circle.attrib["cx"]) <= LEFT + WIDE + 0.1


@given(st.floats(-1e300, 1e300), st.floats(0.1, 50.0))
def test_evidence_beyond_the_plot_lies_on_its_border(log: float, most: float) -> None:
    assert 10.0 <= round(Frame(begin=0.0, end=1.0, most=most, top=10.0).y(log), 6) <= 10.0 + HIGH
