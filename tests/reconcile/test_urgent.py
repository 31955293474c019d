"""A retreat asked for at once: obeyed whether or not the record can be written, and written once."""

from msgspec import structs
from tests.reconcile.town import Town

from headway.evidence.record import Requested
from headway.plan.action import Wait
from headway.reconcile.ports import Change, PortError
from headway.reconcile.telling import told
from headway.reconcile.urgent import OURS_AFTER_S, Urgent, forget, keep, waiting


def rolling() -> Town:
    """A town with 1.0.0 stable and 1.1.0 on its way."""
    town = Town()
    town.commit("one")
    town.settle()
    town.commit("two")
    for _ in range(20):
        town.look()
        if town.candidate():
            return town
    raise AssertionError(town.subjects())


def urgent(town: Town) -> Urgent:
    request = Requested(action="rollback", to="1.0.0", now=True)
    return Urgent(model="delay", environment="production", request=request, at=town.clock.now())


def answering(town: Town) -> list[str]:
    return [work.version for work in town.runtime.observe("delay", "production").workloads]


def refuse(change: Change, onto: str | None = None) -> str:
    raise PortError(f"nothing can be written ({change.subject}, onto {onto})")


def test_what_cannot_be_written_is_obeyed_and_told_and_written_when_it_can() -> None:
    town = rolling()
    append, before = town.journal.append, town.subjects()
    keep(town.runtime, structs.replace(urgent(town), state="left"))
    town.journal.append = refuse  # type: ignore[method-assign]
    for _ in range(3):
        town.look()
        assert answering(town) == ["1.0.0"]
    assert "is obeyed and not written yet: nothing can be written" in told(town.world)["delay"]
    town.start_again()
    town.look()
    assert answering(town) == ["1.0.0"]
    town.journal.append = append  # type: ignore[method-assign]
    town.settle()
    after = ["Ask to rollback delay 1.0.0", "Roll delay back to 1.0.0 in production"]
    assert town.subjects() == [*before, *after]
    assert (waiting(town.runtime, "delay"), told(town.world)) == (None, {})
    assert town.stable() == "1.0.0"
    assert not town.candidate()


def test_while_who_asked_writes_it_is_obeyed_and_not_written_a_second_time() -> None:
    town = rolling()
    before = town.subjects()
    keep(town.runtime, urgent(town))
    done = town.look()
    assert isinstance(done.actions[0], Wait)
    assert (answering(town), town.subjects()) == (["1.0.0"], before)
    forget(town.runtime, "delay")
    assert waiting(town.runtime, "delay") is None


def test_who_asked_and_died_is_followed_by_who_obeys() -> None:
    town = rolling()
    keep(town.runtime, urgent(town))
    town.clock.time += OURS_AFTER_S
    town.settle()
    assert town.subjects()[-2:] == ["Ask to rollback delay 1.0.0", "Roll delay back to 1.0.0 in production"]
    assert waiting(town.runtime, "delay") is None
