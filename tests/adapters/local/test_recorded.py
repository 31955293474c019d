"""What two real servers count and record becomes samples: labels may come to either, predictions are compared."""

import time
from pathlib import Path

import msgspec
import pytest
from tests.reconcile.test_samples import nothing
from tests.serve.bundles import ROW, onnx_classifier, renamed, request
from tests.serve.running import Server, serving

from headway.adapters.local.outcomes import GRACE_S, RecordedOutcomes
from headway.adapters.local.records import records_file
from headway.evidence.outcome import Outcomes
from headway.evidence.summary import Summary
from headway.reconcile.ports import PodSummary
from headway.reconcile.samples import distribution

WITHIN = 60.0


def summary_of(server: Server, version: str) -> PodSummary:
    body = server.client.get("/v2/models/delay/summary").content
    return PodSummary(pod=version, version=version, summary=msgspec.json.decode(body, type=Summary))


@pytest.mark.timeout(120)
def test_two_servers_share_records_and_are_compared(tmp_path: Path) -> None:
    begun = time.time()
    file = records_file(tmp_path, "delay", "production")
    old = onnx_classifier(tmp_path / "old")
    new = renamed(onnx_classifier(tmp_path / "new"), version="9.0.0")
    with (
        serving(old, tmp_path, "--records", str(file)) as stable,
        serving(new, tmp_path, "--records", str(file)) as candidate,
    ):
        version = stable.client.get("/v2/models/delay").json()["versions"][0]
        answers = [
            server.infer(request([ROW], id=f"{name} {number}")).json()["outputs"]
            for name, server in (("old", stable), ("new", candidate))
            for number in range(5)
        ]
        answer = next(output["data"][0] for output in answers[0] if output["name"] == "label")
        feedback = [{"id": f"new {number}", "label": answer} for number in range(4)]
        feedback.append({"id": "old 0", "label": 1 - answer})
        told = stable.client.post("/v2/models/delay/feedback", json={"feedback": feedback}).json()
        assert told["recorded"] == 5
        summaries = (summary_of(stable, version), summary_of(candidate, "9.0.0"))
    found = RecordedOutcomes(tmp_path).outcomes(
        "delay", "production", since=begun - 1.0, within_s=WITHIN, now=time.time() + WITHIN + GRACE_S
    )
    assert found == {version: Outcomes(of=5, labelled=1, wrong=1), "9.0.0": Outcomes(of=5, labelled=4, wrong=0)}
    sample = distribution("predictions", nothing(summaries), summaries, control=version, candidate="9.0.0")
    assert sample
    assert {(part.of, part.control_of) for part in sample.parts} == {(5, 5)}
    assert all(part.bad == part.control_bad for part in sample.parts)
