"""Rendered objects: as reviewed, as an API server takes them, as a platform engineer wants them."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.steps.workshop import model_of
from tests.render.cases import CASES, GOLDEN, made
from tests.render.schemas import faults, unrestricted

from headway import __version__
from headway.app.rendering import yaml_of
from headway.evidence.weights import Backend, Route
from headway.render.objects import ServedArm, name_of, objects
from headway.render.traffic.table import TRAFFIC
from headway.spec.environment import Environment, EnvironmentSpec
from headway.spec.metadata import Metadata
from headway.spec.release import Served

CLUSTER = [case for case in CASES if case != "one-machine"]


def of_kind(case: str, kind: str) -> list[dict[str, Any]]:
    return [item for item in made(case) if item["kind"] == kind]


def pods(case: str) -> Iterator[dict[str, Any]]:
    for item in of_kind(case, "Deployment"):
        yield item["spec"]["template"]["spec"]


@pytest.mark.parametrize("case", CASES)
def test_the_manifests_are_those_that_were_reviewed(case: str) -> None:
    text = (GOLDEN / case / "manifests.yaml").read_text(encoding="utf-8")
    assert yaml_of(made(case)) == text
    assert list(yaml.safe_load_all(text)) == list(made(case))


@pytest.mark.parametrize("case", CASES)
def test_an_api_server_takes_every_object(case: str) -> None:
    assert {item["kind"]: list(faults(item)) for item in made(case) if list(faults(item))} == {}


@pytest.mark.parametrize("case", CASES)
def test_every_model_has_its_five_objects(case: str) -> None:
    kinds = {item["kind"] for item in made(case)}
    assert {"ConfigMap", "Service", "Deployment"} < kinds
    assert kinds & {"HTTPRoute", "VirtualService"}
    assert ("HorizontalPodAutoscaler" in kinds) == (case != "fixed-size")


@pytest.mark.parametrize("case", CASES)
def test_pod_security_restricted_holds(case: str) -> None:
    for pod in pods(case):
        assert list(unrestricted(pod)) == []
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True, "may escalate"),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["NET_RAW"]}, "keeps capabilities"),
        (("initContainers", 0, "securityContext", "privileged"), True, "fetch is privileged"),
        (("securityContext", "runAsNonRoot"), False, "may be root"),
        (("securityContext", "seccompProfile", "type"), "Unconfined", "no seccomp profile"),
        (("volumes", 0), {"name": "v", "hostPath": {"path": "/"}}, "volume v is hostPath"),
        (("hostNetwork",), True, "hostNetwork"),
    ],
)
def test_the_check_of_pod_security_sees_what_is_wrong(path: tuple[Any, ...], value: object, said: str) -> None:
    (pod,) = pods("istio")
    at: Any = pod
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert any(said in fault for fault in unrestricted(pod))


@pytest.mark.parametrize(("case", "kind"), [("istio", "VirtualService"), ("gateway-api-canary", "HTTPRoute")])
def test_an_unknown_field_of_a_route_is_refused_as_a_server_does(case: str, kind: str) -> None:
    (route,) = of_kind(case, kind)
    route["spec"]["nonsense"] = 1
    assert any("nonsense" in fault for fault in faults(route))


def test_an_unknown_field_of_a_deployment_is_refused_as_a_server_does() -> None:
    (deployment,) = of_kind("istio", "Deployment")
    deployment["spec"]["replica"] = 1
    assert any("replica" in fault for fault in faults(deployment))


@pytest.mark.parametrize("case", CASES)
def test_no_image_is_whatever_is_newest(case: str) -> None:
    for pod in pods(case):
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            last = container["image"].rpartition("/")[2]
            assert "@sha256:" in last or (":" in last and not last.endswith(":latest"))


def test_an_image_without_a_tag_gets_the_version_of_headway() -> None:
    environment = Environment(
        apiVersion="headway.dev/v1alpha1",
        metadata=Metadata(name="production"),
        spec=EnvironmentSpec(image="registry.example:5000/headway"),
    )
    arm = ServedArm(served=Served(version="1.0.0", bundle="b"), weight=100.0, replicas=1)
    (deployment,) = [item for item in objects(model_of(), environment, [arm]) if item["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"registry.example:5000/headway:{__version__}"


@pytest.mark.parametrize("case", CLUSTER)
def test_an_autoscaler_alone_says_how_many_replicas_there_are(case: str) -> None:
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in of_kind(case, "HorizontalPodAutoscaler")}
    for item in of_kind(case, "Deployment"):
        assert ("replicas" in item["spec"]) != (item["metadata"]["name"] in scaled)


@pytest.mark.parametrize("case", CASES)
def test_the_kubelet_waits_longer_than_the_drain(case: str) -> None:
    for pod in pods(case):
        (drain,) = [word for word in pod["containers"][0]["args"] if word.startswith("--drain=")]
        assert pod["terminationGracePeriodSeconds"] > float(drain.partition("=")[2])
        paths = [pod["containers"][0][f"{kind}Probe"]["httpGet"]["path"] for kind in ("readiness", "liveness")]
        assert paths == ["/v2/health/ready", "/v2/health/live"]


@pytest.mark.parametrize("case", CLUSTER)
def test_everything_that_a_pod_mounts_is_among_the_objects_or_the_clusters_own(case: str) -> None:
    maps = {item["metadata"]["name"]: item["data"] for item in of_kind(case, "ConfigMap")}
    for pod in pods(case):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in (*pod["containers"], *pod["initContainers"]):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys()
        assert volumes["keys"] == {"name": "keys", "secret": {"secretName": "headway-keys"}}
        assert volumes["store"]["persistentVolumeClaim"] == {"claimName": "headway-store", "readOnly": True}
        (wanted,) = [word for word in pod["containers"][0]["args"] if word.startswith("--require-release=")]
        assert wanted.rpartition("/")[2] in maps[volumes["releases"]["configMap"]["name"]]


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_labelled_and_placed(case: str) -> None:
    for item in made(case):
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "headway"
        assert labels["app.kubernetes.io/name"] == "delay"
        assert item["metadata"]["namespace"]
        assert all(len(value) <= 63 for value in labels.values())


@pytest.mark.parametrize("case", CASES)
def test_a_service_finds_the_pods_of_its_version_only(case: str) -> None:
    labels = [item["spec"]["template"]["metadata"]["labels"] for item in of_kind(case, "Deployment")]
    for service in of_kind(case, "Service"):
        assert sum(service["spec"]["selector"].items() <= each.items() for each in labels) == 1


words = st.from_regex(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?", fullmatch=True)


@given(model=words, other=words, environment=words)
def test_names_are_labels_of_dns_and_their_own(model: str, other: str, environment: str) -> None:
    name = name_of(model, environment, "10.20.30")
    assert len(name) <= 63
    assert name.strip("-") == name
    if model != other:
        assert name != name_of(other, environment, "10.20.30")


@pytest.mark.parametrize("router", ["gateway-api", "istio"])
@given(share=st.integers(0, 100_000))
def test_every_split_is_a_valid_route(router: str, share: int) -> None:
    backends = (
        Backend(version="1.0.0", service="a", weight=(100_000 - share) / 1000),
        Backend(version="1.1.0", service="b", weight=share / 1000),
    )
    (route,) = TRAFFIC[router].write(Route(model="delay", environment="production", backends=backends))
    assert list(faults(route)) == []
