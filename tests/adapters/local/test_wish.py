"""What a machine reads in Kubernetes objects."""

import copy
from typing import Any

import pytest
from tests.adapters.local.kit import bundle, objects

from headway.adapters.local import pods, wish
from headway.reconcile.ports import PortError
from headway.render.manifest import Object

A = bundle("1.0.0")


def one() -> list[Object]:
    return copy.deepcopy(objects(("1.0.0", A, 100.0, 3)))


def deployment(made: list[Object]) -> Any:
    return next(item for item in made if item["kind"] == "Deployment")


def test_a_deployment_is_read_with_its_replicas_and_drain() -> None:
    (read,) = wish.deployments(one())
    assert (read.version, read.bundle, read.replicas, read.drain_s) == ("1.0.0", A, 3, 2.0)


@pytest.mark.parametrize("words", [["--drain=7", "--port=8080"], ["serve", "/bundle", "--drain", "7", "--host", "::"]])
def test_of_the_arguments_only_those_that_concern_a_process_here_are_taken(words: list[str]) -> None:
    made = one()
    deployment(made)["spec"]["template"]["spec"]["containers"][0]["args"] = words
    (read,) = wish.deployments(made)
    assert read.options == (("--drain", "7"),)
    assert read.drain_s == 7.0


def test_a_mounted_config_map_is_known_by_its_path() -> None:
    made = one()
    spec = deployment(made)["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "releases", "configMap": {"name": "delay-release"}}, {"name": "tmp", "emptyDir": {}}]
    spec["containers"][0]["volumeMounts"] = [
        {"name": "releases", "mountPath": "/etc/releases"},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    spec["containers"][0]["args"] = ["--require-release=/etc/releases/1.json", "--drain=1"]
    made.append({"kind": "ConfigMap", "metadata": {"name": "delay-release"}, "data": {"1.json": "{}"}})
    (read,) = wish.deployments(made)
    assert read.files == {"/etc/releases": {"1.json": "{}"}}
    assert dict(read.options)["--require-release"] == "/etc/releases/1.json"


@pytest.mark.parametrize("gone", ["labels", "annotations"])
def test_a_deployment_without_its_marks_is_refused_by_name(gone: str) -> None:
    made = one()
    del deployment(made)["metadata"][gone]
    with pytest.raises(PortError, match="Deployment delay-1-0-0 cannot be run here"):
        wish.deployments(made)


def test_a_route_that_cannot_be_read_is_refused() -> None:
    made = one()
    made[-1]["metadata"]["annotations"] = {}
    with pytest.raises(PortError, match="Render it again"):
        wish.route_of(made)


def test_a_service_that_selects_nothing_carries_nothing() -> None:
    made = one()
    route = wish.route_of(made)
    assert route
    service = next(item for item in made if item["kind"] == "Service")
    assert wish.carriers(route, made, wish.deployments(made)) == {"1.0.0": ("delay-1-0-0",)}
    service["spec"]["selector"] = {}
    with pytest.raises(PortError, match="selects no Deployment"):
        wish.carriers(route, made, wish.deployments(made))


def test_the_last_line_of_a_log_is_fit_for_a_terminal(tmp_path: Any) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"first\n\x1b[31mred\x1b[0m \xff\x07end " + b"z" * 600 + b"\n\n")
    assert pods.tail(log).startswith("red �end zzz")
    assert len(pods.tail(log)) == 500
    assert pods.tail(tmp_path / "none.log") == ""


def test_a_long_log_is_begun_anew_and_kept_once(tmp_path: Any) -> None:
    log = tmp_path / "x.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 10)
        pods.trim(log, 100)
        assert log.stat().st_size == 40
        pods.trim(log, 10)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert log.with_suffix(".old").read_bytes() == b"old\n" * 10
