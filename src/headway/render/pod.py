"""The pod of a model server, by the restricted Pod Security Standard: no root, no privileges, nothing written."""

from headway.render.manifest import Object
from headway.spec.environment import Environment
from headway.spec.model import Model
from headway.spec.release import Served

__all__ = ["ANNOTATION_BUNDLE", "DRAIN_S", "PORT", "pod"]

ANNOTATION_BUNDLE = "headway.dev/bundle"
PORT = 8080
# Seconds a server goes on answering after SIGTERM, while endpoints are withdrawn; the kubelet waits a little longer.
DRAIN_S = 15
GRACE_S = DRAIN_S + 10
BUNDLE_FOLDER = "/bundle"
KEYS_FOLDER = "/etc/headway/keys"
RELEASES_FOLDER = "/etc/headway/releases"

_LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(model: Model, environment: Environment, served: Served, name: str) -> Object:
    """The pod's spec.  In a cluster the bundle is fetched first, and a release statement is demanded of it."""
    cluster = environment.spec.target == "kubernetes"
    guard = [f"--require-release={RELEASES_FOLDER}/{served.version}.dsse.json", f"--keys={KEYS_FOLDER}/keys.json"]
    resources = _resources(model)
    container: Object = {
        "name": "serve",
        "image": environment.spec.image,
        "args": [
            "serve",
            BUNDLE_FOLDER,
            "--host=0.0.0.0",
            f"--port={PORT}",
            f"--digest={served.bundle}",
            f"--environment={environment.metadata.name}",
            f"--drain={DRAIN_S}",
            *(guard if cluster else []),
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": _probe("ready", period=2),
        "livenessProbe": _probe("live", period=10),
        "resources": {"requests": dict(resources), "limits": {"memory": resources["memory"]}},
        "securityContext": dict(_LOCKED_DOWN),
        "volumeMounts": [
            {"name": "bundle", "mountPath": BUNDLE_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a folder in the pod
            *(_guard_mounts() if cluster else []),
        ],
    }
    spec: Object = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": GRACE_S,
        "containers": [container],
        "volumes": [
            {"name": "bundle", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            *(_guard_volumes(name) if cluster else []),
        ],
    }
    if cluster:
        spec["initContainers"] = [_fetch(environment, served, guard)]
    return spec


def _fetch(environment: Environment, served: Served, guard: list[str]) -> Object:
    return {
        "name": "fetch",
        "image": environment.spec.image,
        "args": ["fetch", served.bundle, BUNDLE_FOLDER, f"--environment={environment.metadata.name}", *guard],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": dict(_LOCKED_DOWN),
        "volumeMounts": [{"name": "bundle", "mountPath": BUNDLE_FOLDER}, *_guard_mounts()],
    }


def _guard_mounts() -> list[Object]:
    return [
        {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
        {"name": "releases", "mountPath": RELEASES_FOLDER, "readOnly": True},
    ]


def _guard_volumes(name: str) -> list[Object]:
    """Keys come from a Secret that Headway does not write: the root of trust lies outside Git."""
    return [
        {"name": "keys", "secret": {"secretName": "headway-keys"}},
        {"name": "releases", "configMap": {"name": f"{name}-release"}},
    ]


def _probe(what: str, *, period: int) -> Object:
    return {"httpGet": {"path": f"/v2/health/{what}", "port": "http"}, "periodSeconds": period, "timeoutSeconds": 2}


def _resources(model: Model) -> dict[str, str]:
    wanted = model.spec.serve.resources
    return {"cpu": f"{round(wanted.cpu * 1000)}m", "memory": str(wanted.memory)}
