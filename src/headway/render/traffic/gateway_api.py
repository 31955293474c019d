"""A route as the Gateway API's HTTPRoute.  Versions stand in an annotation, for backendRefs know services only."""

from collections.abc import Sequence

import msgspec

from headway.evidence.weights import Backend, Route
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, Object
from headway.render.traffic.dialect import parts, percent
from headway.spec.digest import canonical

__all__ = ["ANNOTATION_LISTEN", "ANNOTATION_VERSIONS", "GATEWAY", "SERVICE_PORT", "read", "write"]

ANNOTATION_VERSIONS = "headway.dev/versions"
ANNOTATION_LISTEN = "headway.dev/listen"
GATEWAY = "headway"
SERVICE_PORT = 8080


def write(route: Route) -> tuple[Object, ...]:
    """One HTTPRoute of the model's host name on the gateway `headway`."""
    annotations = {ANNOTATION_VERSIONS: canonical([back.version for back in route.backends]).decode()}
    if route.listen:
        annotations[ANNOTATION_LISTEN] = route.listen
    refs = [
        {"name": back.service, "port": SERVICE_PORT, "weight": parts(back.weight), "kind": "Service", "group": ""}
        for back in route.backends
    ]
    return (
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {
                "name": f"{route.model}-{route.environment}",
                "labels": {LABEL_MODEL: route.model, LABEL_ENVIRONMENT: route.environment},
                "annotations": annotations,
            },
            "spec": {
                "parentRefs": [{"name": GATEWAY, "kind": "Gateway", "group": "gateway.networking.k8s.io"}],
                "hostnames": [f"{route.model}.{route.environment}.internal"],
                "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": refs}],
            },
        },
    )


def read(objects: Sequence[Object]) -> Route | None:
    """The route of the HTTPRoute among them; ValueError when it was not written by Headway."""
    found = [item for item in objects if item.get("kind") == "HTTPRoute"]
    if not found:
        return None
    metadata = found[0]["metadata"]
    try:
        labels, annotations = metadata["labels"], metadata["annotations"]
        versions = msgspec.json.decode(annotations[ANNOTATION_VERSIONS], type=tuple[str, ...])
        refs = found[0]["spec"]["rules"][0]["backendRefs"]
        backends = tuple(
            Backend(version=version, service=ref["name"], weight=percent(ref["weight"]))
            for version, ref in zip(versions, refs, strict=True)
        )
        model, environment = labels[LABEL_MODEL], labels[LABEL_ENVIRONMENT]
    except (KeyError, IndexError, TypeError, ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"HTTPRoute {metadata.get('name')} is not as Headway writes it ({error!r})") from error
    return Route(model=model, environment=environment, backends=backends, listen=annotations.get(ANNOTATION_LISTEN, ""))
