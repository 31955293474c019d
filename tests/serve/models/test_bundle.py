"""A bundle is served only when every byte is the one that its name stands for, and only where it was let."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import msgspec
import onnx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper
from tests.serve.bundles import write_bundle
from tests.serve.running import refusal, serving

from headway.evidence.bundle import BUNDLE_FILE, Column, Manifest, Signature
from headway.evidence.vsa import ReleaseClaim, release_statement
from headway.serve.fault import RefusedError
from headway.serve.models.bundle import open_bundle
from headway.serve.runtimes.graph import faults


@pytest.fixture
def bundle(classifier: Path, tmp_path: Path) -> Path:
    return Path(copytree(classifier, tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, object]], None]) -> None:
    manifest = json.loads((bundle / BUNDLE_FILE).read_bytes())
    change(manifest)
    (bundle / BUNDLE_FILE).write_text(json.dumps(manifest))


def test_one_changed_byte_is_refused_by_the_server(bundle: Path) -> None:
    data = bytearray((bundle / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(data)
    assert "model.onnx does not match bundle.json" in refusal(bundle)


def test_a_changed_manifest_has_another_digest(bundle: Path) -> None:
    digest = open_bundle(bundle).digest
    assert open_bundle(bundle, digest).manifest.version == "1.2.3"
    edit(bundle, lambda manifest: manifest.update(version="1.2.4"))
    with pytest.raises(RefusedError, match="as asked"):
        open_bundle(bundle, digest)
    assert digest[:12] in refusal(bundle, "--digest", digest)


def test_a_file_too_many_a_file_too_few_and_a_link_are_refused(bundle: Path) -> None:
    (bundle / "extra.py").write_text("")
    with pytest.raises(RefusedError, match="is in the bundle and not named"):
        open_bundle(bundle)
    (bundle / "extra.py").unlink()
    (bundle / "link").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match="link in the bundle is a link"):
        open_bundle(bundle)
    (bundle / "link").unlink()
    (bundle / "model.onnx").unlink()
    with pytest.raises(RefusedError, match="is named"):
        open_bundle(bundle)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is no bundle"):
        open_bundle(tmp_path)
    (tmp_path / BUNDLE_FILE).write_text('{"model": 3}')
    with pytest.raises(RefusedError, match="no bundle's manifest"):
        open_bundle(tmp_path)


def test_an_entry_outside_the_bundle_is_refused(bundle: Path) -> None:
    edit(bundle, lambda manifest: manifest.update(entry="../model.onnx"))
    with pytest.raises(RefusedError, match="does not list it"):
        open_bundle(bundle)


def test_a_model_that_changes_while_it_is_read_is_refused(bundle: Path) -> None:
    opened = open_bundle(bundle)
    (bundle / "model.onnx").write_bytes(b"other")
    with pytest.raises(RefusedError, match="changed"):
        opened.entry()


def test_a_release_is_asked_for_when_it_is_required(classifier: Path, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    digest = open_bundle(classifier).digest
    claim = ReleaseClaim(
        model="delay",
        version="1.2.3",
        bundle=digest,
        environment="production",
        policy="0" * 64,
        signer="ci",
        at="2026-01-01T00:00:00Z",
    )
    statement, keys, strangers = tmp_path / "release.json", tmp_path / "keys.json", tmp_path / "other.json"
    statement.write_bytes(release_statement(claim, key.sign))
    keys.write_text(json.dumps({"ci": key.public_key().public_bytes_raw().hex()}))
    strangers.write_text(json.dumps({"ci": Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()}))

    def asked(environment: str, known: Path, file: Path = statement) -> tuple[str, ...]:
        return ("--require-release", str(file), "--keys", str(known), "--environment", environment)

    with serving(classifier, tmp_path, *asked("production", keys)) as server:
        assert server.said["digest"] == digest
    assert "'production', not for 'staging'" in refusal(classifier, *asked("staging", keys))
    assert "signature" in refusal(classifier, *asked("production", strangers))
    assert "cannot be read" in refusal(classifier, *asked("production", keys, tmp_path / "none.json"))
    assert "--keys" in refusal(classifier, "--require-release", str(statement))


def model(**changes: object) -> onnx.ModelProto:
    """Y = x + c for a constant c of four numbers."""
    constant = helper.make_tensor("c", TensorProto.FLOAT, [1, 4], [1.0, 2.0, 3.0, 4.0])
    node = helper.make_node("Add", ["X", "c"], ["variable"], domain=str(changes.get("domain", "")))
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("variable", TensorProto.FLOAT, [None, 4])],
        [constant],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(str(changes.get("domain", "")), 13)])


def test_data_outside_the_onnx_file_is_refused_before_it_is_loaded() -> None:
    made = model()
    assert faults(made.SerializeToString()) == []
    tensor = made.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    assert faults(made.SerializeToString()) == ["data outside the model file"]


def test_data_outside_is_found_in_attributes_and_inner_graphs_too() -> None:
    inner = model()
    inner.graph.initializer[0].data_location = TensorProto.EXTERNAL
    outer = model()
    attribute = outer.graph.node[0].attribute.add()
    attribute.name, attribute.type = "body", onnx.AttributeProto.GRAPH
    attribute.ints.extend([1, 300, 2**40])
    attribute.floats.extend([1.0, 2.0])
    attribute.g.CopyFrom(inner.graph)
    assert faults(outer.SerializeToString()) == ["data outside the model file"]


def test_operators_of_unknown_origin_are_refused() -> None:
    assert faults(model(domain="com.evil").SerializeToString()) == ["operators of the unknown domain 'com.evil'"]


def test_of_microsofts_operators_only_the_one_that_parts_texts_is_let_in() -> None:
    for operator, said in (
        ("Tokenizer", []),
        ("EPContext", ["the operator 'EPContext' of the domain 'com.microsoft'"]),
    ):
        node = helper.make_node(operator, ["x"], ["y"], domain="com.microsoft")
        values = [helper.make_tensor_value_info(name, TensorProto.STRING, [None, 1]) for name in "xy"]
        graph = helper.make_graph([node], "texts", values[:1], values[1:])
        assert faults(helper.make_model(graph).SerializeToString()) == said


@pytest.mark.parametrize("data", [b"\x08", b"\xff" * 40, b"\x3a\xff\xff\xff\x7f"])
def test_bytes_that_are_no_onnx_are_refused(data: bytes) -> None:
    assert faults(data) == ["it is not a readable ONNX file"]


def test_what_a_converter_makes_is_not_refused(classifier: Path, regressor: Path) -> None:
    for bundle in (classifier, regressor):
        assert faults((bundle / "model.onnx").read_bytes()) == []


def test_a_model_that_does_not_fit_its_signature_is_refused(tmp_path: Path) -> None:
    columns = tuple(Column(name=f"x{number}", type="float64") for number in range(4))
    manifest = Manifest(
        model="m",
        version="1.0.0",
        task="regression",
        signature=Signature(inputs=columns, outputs=(Column(name="prediction", type="float64"),)),
        runtime="onnx",
        entry="model.onnx",
    )
    files = {"model.onnx": model().SerializeToString()}
    assert "shape [1, 4], expected [1, 1]" in refusal(write_bundle(tmp_path / "wide", manifest, files))
    fewer = msgspec.structs.replace(
        manifest, signature=Signature(inputs=columns[:2], outputs=manifest.signature.outputs)
    )
    assert "ordinary row" in refusal(write_bundle(tmp_path / "narrow", fewer, files))
    text = Signature(inputs=(Column(name="X", type="string"),), outputs=manifest.signature.outputs)
    textual = msgspec.structs.replace(manifest, signature=text)
    assert "columns that are not numbers" in refusal(write_bundle(tmp_path / "text", textual, files))
    assert "does not load" in refusal(write_bundle(tmp_path / "empty", manifest, {"model.onnx": b""}))
