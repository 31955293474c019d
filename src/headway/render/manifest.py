"""A Kubernetes object as data: the one thing that render writes, plan compares and adapters apply."""

from typing import Any

__all__ = ["LABEL_ENVIRONMENT", "LABEL_MODEL", "LABEL_VERSION", "Object", "app_labels", "ref"]

# JSON of one Kubernetes object.  Typed at its border only: its schema belongs to Kubernetes.
Object = dict[str, Any]

LABEL_MODEL = "headway.dev/model"
LABEL_VERSION = "headway.dev/version"
LABEL_ENVIRONMENT = "headway.dev/environment"


def app_labels(model: str, environment: str) -> dict[str, str]:
    """The labels by which common tools group objects."""
    return {
        "app.kubernetes.io/name": model,
        "app.kubernetes.io/instance": f"{model}-{environment}"[:63].rstrip("-"),
        "app.kubernetes.io/component": "model-server",
        "app.kubernetes.io/managed-by": "headway",
    }


def ref(item: Object) -> tuple[str, str, str]:
    """Kind, namespace and name: what identifies an object in an inventory."""
    metadata = item["metadata"]
    return (item["kind"], metadata.get("namespace", "default"), metadata["name"])
