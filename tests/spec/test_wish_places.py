"""Where a model's document may stand: below models/ in any case, elsewhere when it says that it is ours."""

import pytest

from headway.spec.wish import load_wish

MODEL = b"""
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay}
spec:
  task: {kind: classification, label: late}
  data: {path: data.csv}
  train: {run: python train.py, files: [train.py]}
  gates: [{metric: auc, at_least: 0.7}]
"""


@pytest.mark.parametrize("folder", ["", "src/", "models/delay/", "teams/a/b/"])
def test_a_model_stands_beside_its_script_wherever_that_is(folder: str) -> None:
    wish = load_wish(
        {f"{folder}model.yaml": MODEL}, {f"{folder}{name}" for name in ("model.yaml", "train.py", "requirements.lock")}
    )
    assert wish.models["delay"].folder == folder.rstrip("/")
    assert [finding.code for finding in wish.findings] == ["E020"]  # no project; nothing is missing of the model


def test_a_model_yaml_of_another_tool_is_none_of_ours() -> None:
    wish = load_wish({"conf/model.yaml": b"layers: 3\n", "model.yaml": b"kind: Model\n"}, set())
    assert [finding.code for finding in wish.findings] == ["E020"]


def test_below_models_everything_is_ours() -> None:
    wish = load_wish({"models/delay/model.yaml": b"layers: 3\n"}, set())
    assert [finding.code for finding in wish.findings] == ["E020", "E010"]
