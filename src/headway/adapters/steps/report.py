"""What a training program says of itself: kept as reported, shown to people, and no gate opens on it."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

__all__ = ["reported"]

BYTES_AT_MOST = 2**20
NAMES_AT_MOST = 200


def reported(folder: Path) -> tuple[dict[str, float], str]:
    """Numbers from metrics.json, the last of each name in metrics.jsonl, and MLflow's files; and what was broken."""
    found = dict(_mlflow(folder / "out" / "mlruns"))
    broken: list[str] = []
    for place in (folder / "out", folder):
        for name in ("metrics.jsonl", "metrics.json"):
            try:
                found |= _numbers(place / name)
            except (ValueError, RecursionError):
                broken.append(f"{name} holds no JSON objects with numbers and is left out")
    return dict(list(found.items())[:NAMES_AT_MOST]), "; ".join(broken)


def _numbers(path: Path) -> dict[str, float]:
    """Numbers by name; a line each, or one object.  ValueError when it is something else."""
    text = _text(path)
    values = [json.loads(line) for line in text.splitlines() if line.strip()] if path.suffix == ".jsonl" else []
    if path.suffix == ".json" and text:
        values = [json.loads(text)]
    found: dict[str, float] = {}
    for value in values:
        if not isinstance(value, dict):
            raise ValueError("no object")  # noqa: TRY004 - one kind of error for all that is broken
        found |= {str(name): float(number) for name, number in value.items() if _is_number(number)}
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _mlflow(root: Path) -> Iterator[tuple[str, float]]:
    """The last value of each metric of MLflow's file store: lines of time, value, step."""
    if root.is_symlink():
        return
    for path in sorted(root.glob("*/*/metrics/*"))[:NAMES_AT_MOST]:
        words = (_text(path).strip().splitlines() or [""])[-1].split()
        try:
            value = float(words[1])
        except (IndexError, ValueError):
            continue
        if math.isfinite(value):
            yield path.name, value


def _text(path: Path) -> str:
    """A small regular file's text; empty for anything else."""
    try:
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file() or path.stat().st_size > BYTES_AT_MOST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
