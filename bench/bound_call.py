"""Measures a call of the forest in memory that is bound, beside one that makes its own.

    python bench/bound_call.py [--json]

Both ask the same session of ONNX Runtime, in turn; no server is there.
"""

import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime

from headway.serve.runtimes.bound import FEW, bound
from rows import Row, cost, show
from serving.forest import FEATURES, make_forest

ROUNDS = 15
CALLS = 5_000


def main() -> None:
    """Measure; the CPU of a bound call as a share of a plain one's."""
    with tempfile.TemporaryDirectory() as place:
        forest = make_forest(Path(place) / "forest")
        graph = forest.onnx.read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    show([row(session, forest.rows[:count], budget) for count, budget in ((1, 0.8), (FEW, 1.0))])


def row(session: onnxruntime.InferenceSession, numbers: np.ndarray, budget: float) -> Row:
    """So many rows a call."""
    names = [output.name for output in session.get_outputs()]
    ask = bound(session, names, FEATURES)
    assert ask

    def mine() -> None:
        for _ in range(CALLS):
            ask(numbers)

    def plain() -> None:
        for _ in range(CALLS):
            session.run(names, {"X": numbers.astype(np.float32)})

    pairs = [(cost(mine, 1), cost(plain, 1)) for _ in range(ROUNDS)]
    costs = [median(each) / CALLS * 1e6 for each in zip(*pairs, strict=True)]
    return Row(
        what=f"a call for rows in bound memory ({len(numbers)}), as a share of a plain one",
        unit="",
        budget=budget,
        measured=median(one / other for one, other in pairs),
        how=f"{costs[0]:.1f} against {costs[1]:.1f} µs of CPU, medians of {ROUNDS} x {CALLS:,} in turn",
    )


if __name__ == "__main__":
    main()
