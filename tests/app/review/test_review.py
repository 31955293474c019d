"""A review over a world in memory: what is made, judged and foretold, and that the record stays as it was."""

from collections.abc import Mapping

import pytest
from tests.reconcile.town import ENVIRONMENT, MODEL, PROJECT, Town

from headway.app.review.markdown import markdown
from headway.app.review.run import Side, review_sides
from headway.app.review.view import ModelReview, Review
from headway.reconcile.book import Book
from headway.reconcile.once import refresh
from headway.spec.digest import digest


class Place:
    """A town whose main is released, and changes that were not merged."""

    def __init__(self) -> None:
        self.town = Town()
        self.main = self.town.commit("one")
        self.town.store.put(b"one")
        self.town.settle()

    def side(self, commit: str) -> Side:
        """A commit as a side of a review."""
        return Side(name=commit, source=self.town.source, commit=commit, wish=self.town.memory.read_wish(commit))

    def review(self, script: str = "one", more: str = "", files: Mapping[str, bytes | None] | None = None) -> Review:
        """Commit a change beside main and review it; the record is as it was before."""
        town = self.town
        changed = {"models/delay/train.py": script.encode(), **(files or {})}
        if more:
            changed["models/delay/model.yaml"] = MODEL.format(name="delay", more=more, rollout="").encode()
        before = self.side(self.main)
        kept = {**town.source.read(self.main, town.source.files(self.main)), **changed}
        after = self.side(town.source.commit({path: data for path, data in kept.items() if data is not None}))
        town.source.head = self.main
        refresh(town.world, town.memory)
        line = town.subjects()
        found = review_sides(town.world, town.memory, before=before, after=after)
        assert town.subjects() == line
        return found

    def delay(self, script: str = "one", more: str = "") -> ModelReview:
        """The review of the one model."""
        (model,) = self.review(script, more).models
        return model


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_change_of_nothing_touches_nothing(place: Place) -> None:
    found = place.review()
    assert (found.models, found.untouched, found.passes) == ((), ("delay",), True)


def test_a_new_program_is_trained_judged_and_foretold(place: Place) -> None:
    place.town.assessor.auc[digest(b"two")] = 0.75
    model = place.delay("two\n")
    assert model.outcome == "passes"
    assert model.subject
    assert (model.subject.version, model.subject.live) == ("1.1.0", "1.0.0")
    assert model.subject.why.startswith("minor: ")
    assert [(file.path, file.added, file.removed) for file in model.files] == [("train.py", 1, 1)]
    assert [step.environment for step in model.merge] == ["staging", "production"]
    assert "5 % → 50 % → 100 %" in model.merge[1].what


def test_scores_stand_beside_those_of_the_live_version(place: Place) -> None:
    place.town.assessor.auc[digest(b"two")] = 0.75
    (score,) = place.delay("two").scores
    assert score.new == pytest.approx((0.75, 0.74, 0.76))
    assert score.live == pytest.approx((0.7, 0.69, 0.71))
    assert score.gain
    assert score.gain[0] == pytest.approx(0.05)


def test_a_worse_model_is_refused_and_goes_nowhere(place: Place) -> None:
    place.town.assessor.auc[digest(b"two")] = 0.55
    found = place.review("two")
    (model,) = found.models
    assert (model.outcome, found.passes) == ("refused", False)
    (step,) = model.merge
    assert (step.environment, step.ends) == ("staging", True)
    assert "auc at least 0.6: auc is 0.5500" in step.what
    assert "it would have passed with at least 0.6" in step.what


def test_a_failed_training_is_part_of_the_review(place: Place) -> None:
    found = place.review("fail")
    (model,) = found.models
    assert (model.outcome, model.reason, found.passes) == ("failed", "training failed: the script said so", False)
    assert "the script said so" in markdown(found)


def test_replicas_train_nothing(place: Place) -> None:
    model = place.delay(more="  serve: {replicas: {min: 2, max: 3}}")
    assert model.outcome == "unjudged"
    assert [(change.field, change.before, change.after) for change in model.changes] == [
        ("serve.replicas.min", "1", "2"),
        ("serve.replicas.max", "1", "3"),
    ]
    assert place.town.trainer.trained == ["one"]


def test_a_gate_that_changes_judges_the_version_that_is_there(place: Place) -> None:
    policy = b"""
apiVersion: headway.dev/v1alpha1
kind: Policy
metadata: {name: strict}
spec: {gates: [{metric: auc, at_least: 0.9}]}
"""
    found = place.review(files={"policies/strict.yaml": policy})
    (model,) = found.models
    assert model.outcome == "refused"
    assert model.subject
    assert (model.subject.version, model.subject.why[:14]) == ("1.0.0", "no new version")
    assert place.town.trainer.trained == ["one"]
    assert "policy strict.gates" in [change.field for change in found.changes]


def test_a_broken_spec_is_told_with_its_findings(place: Place) -> None:
    found = place.review(files={"models/delay/model.yaml": b"kind: Model\nspec: {}\n"})
    (model,) = found.models
    assert (model.outcome, found.passes) == ("failed", False)
    assert found.findings
    assert found.findings[0].place.file == "models/delay/model.yaml"


def test_deleting_a_model_says_that_it_goes_on_serving(place: Place) -> None:
    (model,) = place.review(files={"models/delay/model.yaml": None}).models
    assert (model.outcome, "headway retire" in model.reason) == ("gone", True)


def test_an_approval_is_foretold(place: Place) -> None:
    text = ENVIRONMENT.format(name="production", traffic="live").replace("{traffic", "{approval: required, traffic")
    (model,) = place.review("two", files={"environments/production.yaml": text.encode()}).models
    assert model.merge[1].waits
    assert "headway approve delay@1.1.0 --to production" in model.merge[1].what


def test_without_a_key_the_review_is_the_same(place: Place) -> None:
    with_key = place.delay("two")
    place.town.memory.book = Book(place.town.journal, None, place.town.clock)
    place.town.memory.book.refresh()
    assert place.delay("two") == with_key


def test_without_a_record_the_version_is_the_first(place: Place) -> None:
    place.town.journal.line.clear()
    place.town.memory.book = Book(place.town.journal, None, place.town.clock)
    model = place.delay("two")
    assert model.subject
    assert (model.outcome, model.subject.version, model.subject.live) == ("passes", "1.0.0", "")
    assert "no lock is in force yet" in model.notes[0]


def test_a_live_version_that_is_not_here_is_never_taken_for_beaten(place: Place) -> None:
    place.town.store.files.pop(digest(b"one"))
    model = place.delay("two")
    assert model.outcome == "refused"
    assert "the bytes of the live 1.0.0 are not in the store here" in model.notes[0]


def test_a_new_model_is_reviewed_and_the_old_is_left_alone(place: Place) -> None:
    files: dict[str, bytes | None] = {
        "models/other/model.yaml": MODEL.format(name="other", more="", rollout="").encode(),
        "models/other/train.py": b"new",
        "models/other/requirements.lock": b"",
    }
    for part in ("train", "test"):
        place.town.data.files[f"models/other/data/{part}.csv"] = b"x,late\n1,0\n"
    found = place.review(files=files)
    assert found.untouched == ("delay",)
    assert [(model.model, model.outcome) for model in found.models] == [("other", "passes")]


def test_main_that_moved_on_is_told(place: Place) -> None:
    fork = place.main
    place.main = place.town.commit("three")
    refresh(place.town.world, place.town.memory)
    found = review_sides(place.town.world, place.town.memory, before=place.side(fork), after=place.side(fork))
    assert "main has moved on" in found.notes[0]


def test_the_project_of_a_review_is_the_changed_one(place: Place) -> None:
    text = PROJECT.replace("[staging, production]", "[production]")
    found = place.review(files={"headway.yaml": text.encode()})
    assert [(change.field, change.after) for change in found.changes] == [("project.environments", '["production"]')]
