"""What a router's object says beside the split: of which model, environment and versions it speaks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headway.evidence.weights import Backend, Route, Split
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, Object, app_labels
from headway.render.traffic.dialect import parts, percent
from headway.spec.digest import canonical

__all__ = ["SERVICE_PORT", "host_of", "marked", "marks"]

SERVICE_PORT = 8080

# A router's destinations know services only, so versions stand in an annotation, in the order of destinations.
_VERSIONS = "headway.dev/versions"
_LISTEN = "headway.dev/listen"
_SPLIT = "headway.dev/split"
_HEADER = "headway.dev/header"
_RETURNED = "headway.dev/returned"


def host_of(route: Route) -> str:
    """The host name by which users ask for the model."""
    return f"{route.model}.{route.environment}.internal"


def marks(route: Route) -> Object:
    """The metadata of a route's object."""
    annotations = {_VERSIONS: canonical([back.version for back in route.backends]).decode()}
    if route.listen:
        annotations[_LISTEN] = route.listen
    if route.split != "answers":
        annotations[_SPLIT] = route.split
    if route.header:
        annotations[_HEADER] = route.header
    returned = {back.version: parts(back.returned) for back in route.backends if back.returned}
    if returned:
        annotations[_RETURNED] = canonical(returned).decode()
    return {
        "name": f"{route.model}-{route.environment}",
        "labels": {
            LABEL_MODEL: route.model,
            LABEL_ENVIRONMENT: route.environment,
            **app_labels(route.model, route.environment),
        },
        "annotations": annotations,
    }


def marked(
    objects: Sequence[Object], kind: str, split: Callable[[Mapping[str, Any]], Sequence[tuple[str, int]]]
) -> Route | None:
    """The route of the object of this kind; `split` reads services and parts from its spec.

    None when there is no such object, ValueError when Headway did not write it.
    """
    found = [item for item in objects if item.get("kind") == kind]
    if not found:
        return None
    metadata = found[0]["metadata"]
    try:
        labels, annotations = metadata["labels"], metadata["annotations"]
        versions = msgspec.json.decode(annotations[_VERSIONS], type=tuple[str, ...])
        returned = msgspec.json.decode(annotations.get(_RETURNED, "{}"), type=dict[str, int])
        return Route(
            model=labels[LABEL_MODEL],
            environment=labels[LABEL_ENVIRONMENT],
            listen=annotations.get(_LISTEN, ""),
            split=msgspec.convert(annotations.get(_SPLIT, "answers"), Split),
            header=annotations.get(_HEADER, ""),
            backends=tuple(
                Backend(
                    version=version,
                    service=service,
                    weight=percent(share),
                    returned=percent(returned.get(version, 0)),
                )
                for version, (service, share) in zip(versions, split(found[0]["spec"]), strict=True)
            ),
        )
    except (KeyError, IndexError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{kind} {metadata.get('name')} is not as Headway writes it ({error!r})") from error
