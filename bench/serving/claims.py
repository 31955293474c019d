"""What is promised of the model server, beside what was measured: one row a claim."""

from collections.abc import Iterable, Mapping

from bench.rows import Row
from bench.serving.rounds import Entry, Seen

__all__ = ["against", "as_mlflow", "lone_client", "unconverted"]

BUSY, LONE = 64, 1

# Peer, the least ratio of our rate to its at 64 clients, and of its variants which: one by its name, or the best.
RATIOS = (
    ("MLServer", 20.0, "default"),
    ("BentoML", 15.0, ""),
    ("LitServe", 15.0, ""),
    ("KServe", 15.0, ""),
    ("PyTriton", 5.0, ""),
)


def against(entries: Mapping[str, Entry], ours: str, several: str) -> list[Row]:
    """Our rate as a multiple of each peer's: by default against its default, at our best settings against its best."""
    rates = {title: entries[title].seen[BUSY].rate for title in (ours, several) if BUSY in entries[title].seen}
    best = max(rates, key=rates.__getitem__, default=ours)
    return [_ratio(entries, ours if variant else best, peer, least, variant) for peer, least, variant in RATIOS]


def as_mlflow(entries: Mapping[str, Entry], ours: str) -> Row:
    """Our rate of MLflow's own requests as a multiple of its server's."""
    return _ratio(entries, ours, "MLflow", 1.0, "", "the requests of MLflow's clients, a second as a multiple of")


def unconverted(entries: Mapping[str, Entry], ours: str) -> Row:
    """The same of the forest that was not converted."""
    return _ratio(entries, ours, "MLServer", 5.0, "", "the forest unconverted, requests a second as a multiple of")


def _ratio(
    entries: Mapping[str, Entry],
    ours: str,
    peer: str,
    least: float,
    variant: str,
    what: str = "requests a second as a multiple of",
) -> Row:
    mine = entries[ours].seen.get(BUSY)
    title, theirs = _best(entries, peer, variant)
    told = {"what": f"{what} {peer}'s{f', {variant}' if variant else ', best settings'}", "unit": "x", "at_least": True}
    if mine is None or theirs is None:
        return Row(**told, budget=least, measured=None, how=_faults(entries, ours, peer))
    how = f"{mine.rate:,.0f} ({ours}) against {theirs.rate:,.0f} ({title}); {BUSY} clients, 1 row a request"
    how += f", medians of rounds; the generator used {mine.busiest:.0%} of a core"
    return Row(**told, budget=least, measured=mine.rate / theirs.rate, how=how)


def lone_client(entries: Mapping[str, Entry], ours: str) -> Row:
    """The median latency of a lone client, as a share of MLServer's shortest."""
    mine = entries[ours].seen.get(LONE)
    found = [(each.seen[LONE].p50_ms, title) for title, each in _of(entries, "MLServer") if LONE in each.seen]
    what = "p50 of a lone client as a share of MLServer's shortest"
    if mine is None or not found:
        return Row(what=what, unit="", budget=0.25, measured=None, how=_faults(entries, ours, "MLServer"))
    theirs, title = min(found)
    how = f"{mine.p50_ms:.2f} ms against {theirs:.2f} ms ({title}); no other servers on the machine, medians of rounds"
    return Row(what=what, unit="", budget=0.25, measured=mine.p50_ms / theirs, how=how)


def _of(entries: Mapping[str, Entry], peer: str) -> Iterable[tuple[str, Entry]]:
    return [(title, each) for title, each in entries.items() if title.startswith(f"{peer}, ")]


def _best(entries: Mapping[str, Entry], peer: str, variant: str) -> tuple[str, Seen | None]:
    found = [
        (each.seen[BUSY].rate, title)
        for title, each in _of(entries, peer)
        if BUSY in each.seen and (not variant or title == f"{peer}, {variant}")
    ]
    if not found:
        return "", None
    _, title = max(found)
    return title, entries[title].seen[BUSY]


def _faults(entries: Mapping[str, Entry], *names: str) -> str:
    told = [f"{title}: {each.fault}" for title, each in entries.items() if title.startswith(names) and each.fault]
    return "; ".join(told) or "nothing was measured"
