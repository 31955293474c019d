"""Makes late.onnx and late.json: a network exported by torch, and what torch itself answers.

Run with torch 2.15.0, onnx and onnxscript installed, which weigh gigabytes; so what it wrote is kept: 6 KB of numbers
drawn at random, no model of anything.
"""

import json
from pathlib import Path

import torch

HERE = Path(__file__).parent
ROWS = [[1400.0, 40.0, 3.0], [200.0, 85.0, 1.0], [0.0, -5.0, 7.0], [2500.0, 60.0, 2.0]]


class Late(torch.nn.Module):
    """Two layers, and a probability for each class."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Probabilities of both classes."""
        return torch.softmax(self.layers(rows / 100), dim=1)


torch.manual_seed(0)
model, rows = Late().eval(), torch.tensor(ROWS)
torch.onnx.export(
    model,
    (rows,),
    HERE / "late.onnx",
    dynamo=True,
    external_data=False,
    input_names=["X"],
    output_names=["probabilities"],
    dynamic_shapes={"rows": {0: torch.export.Dim("n")}},
)
told = {"torch": torch.__version__, "rows": ROWS, "probabilities": model(rows).tolist()}
(HERE / "late.json").write_text(json.dumps(told))
