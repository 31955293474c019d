"""A model in an environment as Kubernetes objects, the same for a cluster and for one machine."""

import hashlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from headway.evidence.weights import Backend, Route, Split
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, LABEL_VERSION, Object, app_labels
from headway.render.pod import ANNOTATION_BUNDLE, PORT, pod, release_map, selector_of, statement_file
from headway.render.traffic.table import TRAFFIC
from headway.spec.environment import Environment
from headway.spec.model import Model
from headway.spec.release import Served

__all__ = ["ServedArm", "name_of", "objects"]

# Kubernetes allows 63 characters for a name that becomes a DNS label; a Service's is one.
MOST_NAME = 63


class ServedArm(Struct, frozen=True, kw_only=True):
    """A version that runs: its weight in percent, and how many replicas it has (in a cluster: at least).

    `returned` is the percent of users that it had and whom the first answers now.
    `statement` is the signed release statement (JSON), which a cluster's pods demand.
    """

    served: Served
    weight: float
    replicas: int
    returned: float = 0.0
    statement: str = ""


def objects(
    model: Model, environment: Environment, arms: Sequence[ServedArm], split: Split = "answers"
) -> tuple[Object, ...]:
    """Everything that runs for a model in an environment; the first arm is the stable one.

    Objects stand in the order in which they are applied: what others need comes first, the route last.
    """
    made = [item for arm in arms for item in _arm(model, environment, arm)]
    made += _route(model, environment, arms, split)
    for item in made:
        item["metadata"].setdefault("namespace", environment.spec.namespace)
    order = {kind: rank for rank, kind in enumerate(ORDER)}
    return tuple(sorted(made, key=lambda item: (order.get(item["kind"], len(order)), item["metadata"]["name"])))


ORDER = (
    "ConfigMap",
    "Service",
    "Deployment",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "HTTPRoute",
    "VirtualService",
)


def name_of(model: str, environment: str, version: str) -> str:
    """The name of a version's objects.

    >>> name_of("delay", "production", "1.4.2")
    'delay-production-1-4-2'
    """
    name = f"{model}-{environment}-{version.replace('.', '-')}"
    if len(name) <= MOST_NAME:
        return name
    # Two long names with the same beginning must not become one.
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    tail = f"-{digest}-{version.replace('.', '-')}"
    return name[: MOST_NAME - len(tail)].rstrip("-") + tail


def labels(model: str, environment: str, version: str) -> dict[str, str]:
    """What every object of a version carries."""
    return {
        LABEL_MODEL: model,
        LABEL_ENVIRONMENT: environment,
        LABEL_VERSION: version,
        "app.kubernetes.io/version": version,
        **app_labels(model, environment),
    }


def _arm(model: Model, environment: Environment, arm: ServedArm) -> Iterator[Object]:
    mine = labels(model.metadata.name, environment.metadata.name, arm.served.version)
    name = name_of(model.metadata.name, environment.metadata.name, arm.served.version)
    metadata = {"name": name, "labels": mine}
    selector = selector_of(model, environment, arm.served)
    replicas = max(1, arm.replicas)
    metrics = list(_metrics(model))
    cluster = environment.spec.target == "kubernetes"
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": dict(metadata),
        "data": {
            "model": model.metadata.name,
            "version": arm.served.version,
            "bundle": arm.served.bundle,
            "environment": environment.metadata.name,
        },
    }
    if cluster:
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": release_map(name), "labels": mine},
            "data": {statement_file(arm.served): arm.statement},
        }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": dict(metadata),
        "spec": {"selector": selector, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, "annotations": {ANNOTATION_BUNDLE: arm.served.bundle}},
        "spec": {
            # An autoscaler owns the number in a cluster: every apply that named one would undo what it did.
            **({} if cluster and metrics else {"replicas": replicas}),
            "selector": {"matchLabels": selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": mine, "annotations": {ANNOTATION_BUNDLE: arm.served.bundle}},
                "spec": pod(model, environment, arm.served, name),
            },
        },
    }
    if replicas > 1:
        yield {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": dict(metadata),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector}},
        }
    if metrics:
        yield {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": dict(metadata),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": replicas,
                "maxReplicas": max(replicas, model.spec.serve.replicas.max),
                "metrics": metrics,
            },
        }


def _metrics(model: Model) -> Iterator[Object]:
    scale = model.spec.serve.scale
    for name, percent in (("cpu", scale.cpu), ("memory", scale.memory)):
        if percent:
            target = {"type": "Utilization", "averageUtilization": percent}
            yield {"type": "Resource", "resource": {"name": name, "target": target}}
    if scale.qps:
        target = {"type": "AverageValue", "averageValue": f"{scale.qps:g}"}
        yield {"type": "Pods", "pods": {"metric": {"name": "ml_prediction_qps"}, "target": target}}


def _route(model: Model, environment: Environment, arms: Sequence[ServedArm], split: Split) -> Sequence[Object]:
    """The route; the local router reads the Gateway API's words, as a cluster's gateway does."""
    if not arms:
        return ()
    name = environment.metadata.name
    router = "gateway-api" if environment.spec.router == "envoy" else environment.spec.router
    route = Route(
        model=model.metadata.name,
        environment=name,
        backends=tuple(
            Backend(
                version=arm.served.version,
                service=name_of(model.metadata.name, name, arm.served.version),
                weight=arm.weight,
                returned=arm.returned,
            )
            for arm in arms
        ),
        listen=environment.spec.listen if environment.spec.target == "local" else "",
        split=split,
        header=model.spec.rollout.ab.header if split == "users" and model.spec.rollout.ab else "",
    )
    return TRAFFIC[router].write(route)
