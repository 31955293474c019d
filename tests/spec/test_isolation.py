"""The strictest policy that names a model says in which cage its code runs."""

from typing import Literal

import pytest

from headway.spec.wish import load_wish, required_isolation

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
POLICY = """
apiVersion: headway.dev/v1alpha1
kind: Policy
metadata: {{name: p{number}}}
spec: {{models: [{models}], isolation: {isolation}}}
"""


@pytest.mark.parametrize(
    ("policies", "required"),
    [
        ([], "any"),
        ([("'*'", "any")], "any"),
        ([("'*'", "any"), ("delay", "landlock")], "landlock"),
        ([("other", "landlock")], "any"),
    ],
)
def test_the_strictest_policy_that_names_the_model_counts(
    policies: list[tuple[str, str]], required: Literal["any", "landlock"]
) -> None:
    files = {"models/delay/model.yaml": MODEL, "models/delay/train.py": b"", "models/delay/requirements.lock": b""}
    for number, (models, isolation) in enumerate(policies):
        text = POLICY.format(number=number, models=models, isolation=isolation)
        files[f"policies/p{number}.yaml"] = text.encode()
    wish = load_wish(files, set(files))
    assert required_isolation(wish, wish.models["delay"].value) == required
