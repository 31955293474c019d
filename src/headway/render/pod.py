"""The pod of a model server, by the restricted Pod Security Standard: no root, no privileges, nothing written."""

from headway import __version__
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, LABEL_VERSION, Object
from headway.spec.environment import Environment
from headway.spec.model import Model
from headway.spec.release import Served

__all__ = ["ANNOTATION_BUNDLE", "DRAIN_S", "PORT", "pod", "release_map", "selector_of", "statement_file"]

ANNOTATION_BUNDLE = "headway.dev/bundle"
PORT = 8080
# Seconds a server goes on answering after SIGTERM, while endpoints are withdrawn; the kubelet waits a little longer.
DRAIN_S = 15
GRACE_S = DRAIN_S + 10
# The bundle is a folder in the volume, not the volume itself: it is renamed into place when all of it is there.
VOLUME = "/model"
BUNDLE_FOLDER = f"{VOLUME}/bundle"
KEYS_FOLDER = "/etc/headway/keys"
RELEASES_FOLDER = "/etc/headway/releases"
RECORDS_FILE = "/var/lib/headway/records/predictions.jsonl"
# As the keys of signers do, the key of hashes comes from a Secret that Headway does not write.
RECORDS_KEY_FOLDER, RECORDS_SECRET = "/etc/headway/records", "headway-records"
STORE_FOLDER = "/var/lib/headway/store"
USER = 65532

_LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(model: Model, environment: Environment, served: Served, name: str) -> Object:
    """The pod's spec.  In a cluster the bundle is fetched first, and a release statement is demanded of it."""
    cluster, keyed = environment.spec.target == "kubernetes", _is_keyed(model, environment)
    spec: Object = {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": GRACE_S,
        "containers": [_server(model, environment, served, cluster=cluster)],
        "volumes": [
            {"name": "bundle", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            *(_cluster_volumes(name) if cluster else []),
            *([{"name": "records", "secret": {"secretName": RECORDS_SECRET}}] if keyed else []),
        ],
    }
    if cluster:
        spec["initContainers"] = [_fetch(environment, served)]
        if model.spec.serve.replicas.min > 1:
            spec["topologySpreadConstraints"] = [_spread(selector_of(model, environment, served))]
    return spec


def selector_of(model: Model, environment: Environment, served: Served) -> dict[str, str]:
    """The labels by which a version's pods are found."""
    return {
        LABEL_MODEL: model.metadata.name,
        LABEL_ENVIRONMENT: environment.metadata.name,
        LABEL_VERSION: served.version,
    }


def release_map(name: str) -> str:
    """The ConfigMap that holds a version's release statement."""
    return f"{name}-release"


def statement_file(served: Served) -> str:
    """The file of a release statement in its ConfigMap."""
    return f"{served.version}.dsse.json"


def _server(model: Model, environment: Environment, served: Served, *, cluster: bool) -> Object:
    resources, keyed = _resources(model), _is_keyed(model, environment)
    return {
        "name": "serve",
        "image": _image(environment),
        "args": [
            "serve",
            BUNDLE_FOLDER,
            "--host=0.0.0.0",
            f"--port={PORT}",
            f"--digest={served.bundle}",
            f"--environment={environment.metadata.name}",
            f"--drain={DRAIN_S}",
            *(_guard(environment, served) if cluster else []),
            *_records(model, environment),
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": _probe("ready", period=2),
        "livenessProbe": _probe("live", period=10),
        "resources": {"requests": dict(resources), "limits": {"memory": resources["memory"]}},
        "securityContext": dict(_LOCKED_DOWN),
        "volumeMounts": [
            {"name": "bundle", "mountPath": VOLUME, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a folder in the pod
            *(_guard_mounts() if cluster else []),
            *([{"name": "records", "mountPath": RECORDS_KEY_FOLDER, "readOnly": True}] if keyed else []),
        ],
    }


def _records(model: Model, environment: Environment) -> list[str]:
    """A pod's disk is not kept, so in a cluster there are records only where they have an address."""
    wanted, to = model.spec.serve.records, environment.spec.records
    if wanted is None or not (to or environment.spec.target == "local"):
        return []
    return [
        f"--records={to or RECORDS_FILE}",
        f"--records-sample={wanted.sample:g}",
        *(f"--records-omit={name}" for name in wanted.omit),
        *(f"--records-hash={name}" for name in wanted.hash),
        *([f"--records-key={RECORDS_KEY_FOLDER}/key"] if wanted.hash else []),
    ]


def _is_keyed(model: Model, environment: Environment) -> bool:
    """Are there records with hashes?  Their key is mounted, and a pod without it would not start."""
    return any(word.startswith("--records-key") for word in _records(model, environment))


def _fetch(environment: Environment, served: Served) -> Object:
    """Copies the bundle out of the store, verified; the claim that holds a store of files is the cluster's own."""
    return {
        "name": "fetch",
        "image": _image(environment),
        "args": [
            "fetch",
            served.bundle,
            BUNDLE_FOLDER,
            f"--store=file:{STORE_FOLDER}",
            f"--environment={environment.metadata.name}",
            *_guard(environment, served),
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": dict(_LOCKED_DOWN),
        "volumeMounts": [
            {"name": "bundle", "mountPath": VOLUME},
            {"name": "store", "mountPath": STORE_FOLDER, "readOnly": True},
            *_guard_mounts(),
        ],
    }


def _image(environment: Environment) -> str:
    """The image with a tag: without one a cluster would run whatever is newest, and other bytes after each restart."""
    image = environment.spec.image
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:{__version__}"


def _guard(environment: Environment, served: Served) -> list[str]:
    """Each environment has a file of keys of its own: who decides for staging must not let into production."""
    return [
        f"--require-release={RELEASES_FOLDER}/{statement_file(served)}",
        f"--keys={KEYS_FOLDER}/{environment.metadata.name}.json",
    ]


def _guard_mounts() -> list[Object]:
    return [
        {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
        {"name": "releases", "mountPath": RELEASES_FOLDER, "readOnly": True},
    ]


def _cluster_volumes(name: str) -> list[Object]:
    """Keys come from a Secret that Headway does not write: the root of trust lies outside Git."""
    return [
        {"name": "keys", "secret": {"secretName": "headway-keys"}},
        {"name": "releases", "configMap": {"name": release_map(name)}},
        {"name": "store", "persistentVolumeClaim": {"claimName": "headway-store", "readOnly": True}},
    ]


def _spread(selector: dict[str, str]) -> Object:
    """Replicas on different nodes where there are some, so that one node takes one replica with it."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector},
    }


def _probe(what: str, *, period: int) -> Object:
    return {"httpGet": {"path": f"/v2/health/{what}", "port": "http"}, "periodSeconds": period, "timeoutSeconds": 2}


def _resources(model: Model) -> dict[str, str]:
    wanted = model.spec.serve.resources
    return {"cpu": f"{round(wanted.cpu * 1000)}m", "memory": str(wanted.memory)}
