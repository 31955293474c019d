"""May a version enter an environment now?  Knows neither traffic nor how it would enter."""

from collections.abc import Sequence

from msgspec import Struct

from headway.decide.gates.judge import passed, refusal
from headway.evidence.verdict import Answer, Verdict

__all__ = ["Entry", "Standing", "may_enter"]


class Standing(Struct, frozen=True, kw_only=True):
    """What stands between a version and an environment.

    `verdicts` are those of its gates here (None: not judged yet); `approvals` counts signed approvals where
    `approval_needed`; `hold` is why automatic releases are held; `tried` whether automation started it here before;
    `asked` whether a person asked for it by name, which lifts hold and `tried` but neither gates nor approval.
    """

    verdicts: Sequence[Verdict] | None
    approval_needed: bool = False
    approvals: int = 0
    hold: str = ""
    tried: bool = False
    asked: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """Pass: it may enter now; fail: it may not; undecided: something is still to come.  `why` in one sentence."""

    answer: Answer
    why: str


def may_enter(standing: Standing) -> Entry:
    """The first thing that stands in the way, or that nothing does.

    >>> may_enter(Standing(verdicts=None)).answer.value
    'undecided'
    """
    if standing.tried and not standing.asked:
        return Entry(
            answer=Answer.FAIL, why="automation tries a version in an environment once; a person may promote it"
        )
    if standing.verdicts is None:
        return Entry(answer=Answer.UNDECIDED, why="its gates are not judged yet")
    if not passed(standing.verdicts):
        return Entry(answer=Answer.FAIL, why=refusal(standing.verdicts))
    if standing.hold and not standing.asked:
        return Entry(answer=Answer.FAIL, why=f"automatic releases are held: {standing.hold}")
    if standing.approval_needed and not standing.approvals:
        return Entry(answer=Answer.UNDECIDED, why="an approval is needed")
    return Entry(answer=Answer.PASS, why="its gates passed")
