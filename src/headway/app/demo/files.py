"""The files of the demo's repository, as a team would write them."""

from importlib.resources import files

__all__ = ["MODEL_YAML", "PRODUCTION_YAML", "program"]

MODEL_YAML = """\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay, labels: {team: ops}}
spec:
  task: {kind: classification, label: late}
  data:
    train: data/train/*.csv
    test: data/test/*.csv
    drop: [date, flight]
    expect:
      distance: {between: [80, 5000]}
      temp: {between: [-30, 130]}
  train:
    run: python train.py
    files: [train.py]
    requirements: requirements.lock
    writes: model.joblib
  gates:
    - {metric: auc, at_least: 0.60}
    - {metric: auc, versus: live, worse_by_at_most: 0.005}
    - {latency: p95, at_most: 500ms, at: 50/s}
  rollout:
    strategy: canary
    stages: [5, 20, 50]
    window: 1s                                   # a demo's pace; the default is 60s
    guardrails:
      - {errors: rate, worse_by_at_most: 1.5x, floor: 0.5pp}
    deadline: {after: 3m, then: rollback}
    keep: 5s
  monitor: {drift: {score_at_most: 0.15, window: 10s, rows: 1000}}
  retrain: {when: [drift], at_most_every: 0s}    # the default is 24h
"""

PRODUCTION_YAML = """\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {target: local, traffic: live}
"""


def program(name: str) -> str:
    """One of the team's programs by name."""
    return (files("headway.app.demo") / "programs" / name).read_text()
