"""Windows of summaries: what was counted between two looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.evidence.merging import merged, minus
from headway.evidence.summary import ColumnSummary, Summary


def summary(counts: tuple[int, ...], name: str = "x") -> Summary:
    return Summary(rows=sum(counts), columns=(ColumnSummary(name=name, edges=(0.0, 1.0), counts=counts),))


three = st.tuples(*(st.integers(0, 1000),) * 3)


@given(three, three)
def test_what_was_added_is_what_the_window_holds(before: tuple[int, ...], window: tuple[int, ...]) -> None:
    both = merged([summary(before), summary(window)])
    assert both is not None
    assert minus(both, summary(before)) == summary(window)


def test_a_pod_that_began_again_counts_whole() -> None:
    assert minus(summary((1, 0, 0)), summary((5, 5, 5))) == summary((1, 0, 0))
    assert minus(summary((1, 0, 0)), None) == summary((1, 0, 0))


def test_no_pods_are_no_summary() -> None:
    assert merged([]) is None


def test_other_references_do_not_mix() -> None:
    with pytest.raises(ValueError, match="different references"):
        merged([summary((1, 0, 0)), summary((1, 0, 0), name="y")])
