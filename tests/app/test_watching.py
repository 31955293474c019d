"""A view that is shown again: in place on a terminal, as it changes elsewhere, until Ctrl-C."""

import json
import math
from collections.abc import Iterator

import pytest
from tests.decide.rollout.test_shadow import RUNNING, after
from tests.decide.rollout.test_shadow import WISH as SHADOW
from tests.reconcile.town import Town

from headway.app import watching
from headway.app.cli import status
from headway.app.progress_text import progress_lines
from headway.app.views import Overview
from headway.app.watching import again, screen
from headway.decide.rollout.estimate import Estimates, estimated
from headway.plan.wanted import next_actions
from headway.reconcile.gather import gather
from headway.reconcile.progress import Progress, progress_of
from headway.reconcile.status import status_of


def on_its_way(town: Town, known: Estimates | None = None) -> Progress:
    scene = gather(town.world, town.memory, "delay")
    rollout = scene.place("production").rollout
    assert rollout
    assert scene.model
    wish = scene.model.spec.rollout
    return progress_of(rollout, wish, scene.now, estimated(rollout, wish, known))


def test_the_progress_says_how_far_the_evidence_and_the_ratio_are() -> None:
    town = Town().with_a_candidate()
    town.roll(8)
    progress = on_its_way(town)
    (errors,) = progress.guardrails
    assert (progress.stage, progress.stages, progress.window_s) == (1, (5.0, 50.0), 1.0)
    assert 0.0 < errors.evidence.safety < errors.evidence.safety_at
    assert errors.evidence.harm < errors.evidence.harm_at == pytest.approx(math.log(100.0))
    assert 0.0 < progress.to_go_s < 60.0
    assert 45.0 < progress.deadline_s < 55.0
    before = progress.to_go_s
    town.roll(5)
    assert on_its_way(town).to_go_s < before


def test_a_bad_candidate_shows_harm_and_how_bad_it_is() -> None:
    town = Town().with_a_candidate(rollout="wrong_at_most: {abort: 0.0000000001%}")
    for _ in range(4):
        town.traffic(bad=20, control_bad=1)
        town.look()
    progress = on_its_way(town)
    (errors,) = progress.guardrails
    assert errors.evidence.harm > math.log(10.0)
    assert errors.estimate
    assert 1.1 < errors.estimate.ratio.low <= 20.0 <= errors.estimate.ratio.high
    said = "\n".join(progress_lines(progress, "1.0.0"))
    assert "to abort" in said
    assert "of requests that fail" in said


def test_how_alike_a_shadow_answers_is_watched_beside_its_ratios() -> None:
    rollout = after(RUNNING, 3, 0.0)
    progress = progress_of(rollout, SHADOW, 10.0, estimated(rollout, SHADOW))
    assert [(each.evidence.guardrail, each.estimate is None) for each in progress.guardrails] == [
        ("errors", False),
        ("agreement", True),
    ]


def test_before_a_window_it_says_that_nothing_is_known() -> None:
    progress = on_its_way(Town().with_a_candidate())
    said = "\n".join(progress_lines(progress, "1.0.0"))
    assert "not known yet" in said
    assert "1x of 100x to abort" in said


def test_between_windows_it_says_how_many_there_are_and_before_how_many_it_is_silent() -> None:
    town = Town()
    town.commit("one")
    town.settle()
    for minute in range(60):
        town.traffic(of=6000, control_bad=8.0 * (minute % 8 == 0), seconds=60.0)
        town.look()
    town.commit("two")
    town.settle()
    town.roll(4)
    (errors,) = on_its_way(town).guardrails
    assert errors.between
    assert 0 < errors.between.windows < errors.between.least == 10
    assert (errors.evidence.harm, errors.evidence.safety) == (0.0, 0.0)
    said = "\n".join(progress_lines(on_its_way(town), "1.0.0"))
    assert f"{errors.between.windows} of the 10 windows before which it says nothing" in said
    assert len({line.index("[") for line in said.split("\n") if "[" in line}) == 1


def test_a_shadow_gets_copies_and_stable_answers_all() -> None:
    town = Town().with_a_candidate(rollout="strategy: shadow")
    town.roll(3)
    said = status.text(overview(town))
    assert "1.0.0 100 % (" in said
    assert "1.1.0 copies of 5 % (" in said


def test_what_waits_for_a_person_is_expected_at_no_time() -> None:
    town = Town().with_a_candidate(rollout="approve_at: [50]")
    town.roll(20)
    assert "it waits for a person's approval" in progress_lines(on_its_way(town), "1.0.0")[0]
    town.approve("1.1.0", 50.0)
    town.roll(2)
    assert "to go if it is as good as 1.0.0" in progress_lines(on_its_way(town), "1.0.0")[0]


def overview(town: Town) -> Overview:
    scene = gather(town.world, town.memory, "delay")
    progress = {"production": on_its_way(town)}
    model = status_of(scene.facts, next_actions(scene.facts), dict(scene.observed), progress=progress)
    return Overview(main="", record="", unpushed=0, problem="", trouble="", held_by="", supervisor=0, models=(model,))


def views(town: Town, looks: int) -> Iterator[Overview]:
    """So many looks, then Ctrl-C."""
    for _ in range(looks):
        town.roll(1)
        yield overview(town)
    raise KeyboardInterrupt


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY_S", 0.0)


@pytest.mark.usefixtures("_at_once")
def test_json_is_a_document_a_line_with_the_numbers_that_text_shows(capsys: pytest.CaptureFixture[str]) -> None:
    found = views(Town().with_a_candidate(), 4)
    with pytest.raises(KeyboardInterrupt):
        again(lambda: next(found), "json", status.text)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 4
    places = [line["models"][0]["places"][1] for line in lines]
    assert [place["progress"]["windows"] for place in places] == [0, 1, 2, 3]  # first requests are not judged
    assert places[0]["progress"]["guardrails"][0]["estimate"]["ratio"]["high"] is None


@pytest.mark.usefixtures("_at_once")
def test_without_a_terminal_a_view_is_written_when_it_changes_and_no_escape(capsys: pytest.CaptureFixture[str]) -> None:
    shown = [overview(Town().with_a_candidate())] * 5
    found = iter(shown)

    def look() -> Overview:
        try:
            return next(found)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        again(look, "text", status.text)
    out = capsys.readouterr().out
    assert out.count("1.1.0 is on its way") == 1
    assert "\x1b" not in out


@pytest.mark.usefixtures("_at_once")
def test_a_terminal_is_drawn_over_and_gets_its_cursor_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    found = views(Town().with_a_candidate(), 3)
    with pytest.raises(KeyboardInterrupt):
        again(lambda: next(found), "text", status.text)
    out = capsys.readouterr().out
    assert out.count(watching.HOME) == 3
    assert out.count(watching.CLEAR) == 1
    assert out.endswith(f"{watching.SHOW_CURSOR}\n")


def test_a_small_screen_says_what_it_leaves_out() -> None:
    drawn = screen("\n".join(f"line {number}" for number in range(30)), 80, 10)
    assert "... and 22 lines more" in drawn
    assert drawn.count("\n") == 9
