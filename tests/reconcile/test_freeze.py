"""A freeze keeps a version from starting, and a person who promotes it by hand from nothing but its weight."""

from datetime import UTC, datetime

from tests.reconcile.town import Town

ROLLOUT = "freeze: [{begin: fri 16:00, end: mon 08:00}]"


def test_a_version_waits_until_the_freeze_is_over() -> None:
    town = Town()
    town.clock.time = datetime(2027, 1, 13, 12, tzinfo=UTC).timestamp()
    town.commit("one", rollout=ROLLOUT)
    town.settle()
    town.clock.time = datetime(2027, 1, 16, 12, tzinfo=UTC).timestamp()
    town.commit("two", rollout=ROLLOUT)
    town.settle()
    assert (town.stable("staging"), town.candidate(), town.stable()) == ("1.1.0", "", "1.0.0")
    assert any("frozen until Mon 2027-01-18 08:00 UTC" in action.why for action in town.actions())  # type: ignore[union-attr]  # each that stands here has a reason
    town.clock.time = datetime(2027, 1, 18, 8, tzinfo=UTC).timestamp()
    town.settle()
    assert town.candidate() == "1.1.0"


def test_a_person_starts_it_and_its_weight_waits() -> None:
    town = Town()
    town.clock.time = datetime(2027, 1, 16, 12, tzinfo=UTC).timestamp()
    town.commit("one", rollout=ROLLOUT)
    town.settle()
    assert town.stable() == "1.0.0"  # the first version takes nobody's place
    town.commit("two", rollout=ROLLOUT)
    town.settle()
    town.ask("promote", "1.1.0")
    town.settle()
    assert town.candidate() == "1.1.0"
    assert dict(town.weights()) == {"1.0.0": 100.0, "1.1.0": 0.0}
