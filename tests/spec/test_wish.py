"""The wish: what is broken is missing and told, and nothing that it asks for is lost on the way."""

from pathlib import Path

import pytest

from headway.spec.gate import MetricGate, SignatureGate
from headway.spec.wish import NO_PROJECT, Wish, effective_gates, load_wish

GOLDEN = Path(__file__).parent / "golden"
POLICY = (
    b"apiVersion: headway.dev/v1alpha1\nkind: Policy\nmetadata: {name: strict}\nspec: {models: [delay], gates: [%s]}\n"
)


def wish_of(case: str, more: dict[str, bytes] | None = None) -> Wish:
    folder = GOLDEN / case
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "findings.txt"
    }
    files |= more or {}
    return load_wish(files, files.keys())


def test_a_sound_model_is_read_with_the_gates_of_its_policies() -> None:
    wish = wish_of("sound", {"policies/more.yaml": POLICY % b"{metric: f1, at_least: 0.5}"})
    gates = effective_gates(wish, wish.models["delay"].value)
    assert len(gates) == 5
    assert MetricGate(metric="f1", at_least=0.5) in gates
    assert gates.count(SignatureGate(signature="compatible")) == 1


@pytest.mark.parametrize("fault", [b"{metric: f1}", b"{metric: f1, at_lest: 0.5}", b"{", b"\xff"])
def test_a_broken_policy_holds_the_models_that_it_covers(fault: bytes) -> None:
    wish = wish_of("sound", {"policies/more.yaml": POLICY % fault})
    assert "delay" not in wish.models
    assert [finding.code for finding in wish.held["delay"]] == ["E121"]


def test_a_broken_policy_for_others_holds_nothing() -> None:
    wish = wish_of("sound", {"policies/more.yaml": (POLICY % b"{metric: f1}").replace(b"delay", b"price")})
    assert "delay" in wish.models
    assert "E202" in {finding.code for finding in wish.findings}


def test_one_broken_model_leaves_the_others() -> None:
    wish = wish_of("yaml")
    assert list(wish.models) == ["fine"]
    assert {finding.code for finding in wish.held["twice"]} == {"E008"}


def test_one_broken_document_of_a_file_leaves_the_others() -> None:
    wish = wish_of("names")
    assert "E200" in {finding.code for finding in wish.held["second"]}
    first = wish_of("names", {"policies/all.yaml": b""})
    assert {"E009", "E121"} <= {finding.code for finding in first.findings}
    assert not first.models


def test_a_project_that_could_not_be_read_whole_is_not_used() -> None:
    assert wish_of("fields").project is NO_PROJECT
    assert wish_of("no-project").project is NO_PROJECT
    assert wish_of("project").project.metadata.name == "flights"


def test_the_order_of_files_does_not_matter() -> None:
    files = {
        file.relative_to(GOLDEN / "names").as_posix(): file.read_bytes()
        for file in sorted((GOLDEN / "names").rglob("*.yaml"))
    }
    backwards = dict(reversed(list(files.items())))
    assert load_wish(files, files.keys()) == load_wish(backwards, backwards.keys())
