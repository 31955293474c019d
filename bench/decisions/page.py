"""Writes docs/reference/decisions-performance.md: what is promised, then the tables of a run, and the machine."""

from collections.abc import Sequence

from bench.decisions.tables import Table
from bench.rows import Row, claims

__all__ = ["page"]

HEAD = """\
# How often a rollout decides wrongly, beside other rules

Written by `python -m bench.decisions`, which simulates live traffic as counts a minute and shows the same traffic to
every rule: Headway's by the functions that decide a rollout (`headway.decide.rollout`, `headway.stats`), with their
defaults; Argo Rollouts, Flagger, Kayenta, mSPRT, Statsig's formula, GrowthBook's asymptotic sequence and tests of one
or twelve looks as their documentation states them (`bench/decisions/peers/`). Seeds are fixed: the same numbers come
out again. Proprietary systems may behave otherwise than they are documented.

"""
LIMITS = """\
The traffic is synthetic, and its requests fail independently of one another unless a table says otherwise; latencies
have one shape; windows are a minute long. What a rule promises holds where its assumptions do. Errors in bursts break
every rule that counts requests one by one; the rule between windows then holds, and costs ten windows. Slow shocks of
one arm alone break every rule there is."""


def page(machine: str, rows: Sequence[Row], tables: Sequence[Table], part: float, seconds: float) -> str:
    """The whole page."""
    runs = "" if part == 1.0 else f" With `--part {part:g}`: so much of the usual number of runs."
    told = f"{machine} {seconds / 60.0:.0f} minutes.{runs}"
    parts = (HEAD + told, "## What is promised", claims(rows), "## What holds, and what does not", LIMITS)
    return "\n\n".join((*parts, *(table.markdown for table in tables))) + "\n"
