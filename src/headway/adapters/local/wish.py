"""From Kubernetes objects to what a machine runs: works, and the route between them.  Pure; places no bytes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from headway.evidence.weights import Route
from headway.reconcile.ports import PortError
from headway.render.manifest import LABEL_ENVIRONMENT, LABEL_MODEL, LABEL_VERSION, Object
from headway.render.pod import ANNOTATION_BUNDLE
from headway.render.traffic.table import TRAFFIC

__all__ = ["Deployment", "carriers", "deployments", "route_of"]

# Of a container's arguments only these mean something to a process here; addresses and folders are the machine's.
_FLAGS = frozenset(
    {
        "--drain", "--require-release", "--keys", "--records", "--records-sample", "--records-omit", "--records-hash",
        "--records-key",
    }
)  # fmt: skip


class Deployment(Struct, frozen=True, kw_only=True):
    """A Deployment as far as it concerns a process; `files` are mounted ConfigMaps by mount path."""

    name: str
    version: str
    environment: str
    bundle: str
    replicas: int
    labels: Mapping[str, str]
    options: tuple[tuple[str, str], ...]
    env: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]]
    drain_s: float


def deployments(objects: Sequence[Object]) -> tuple[Deployment, ...]:
    """The Deployments among the objects; PortError names what is missing in one."""
    maps = {item["metadata"]["name"]: item.get("data", {}) for item in objects if item["kind"] == "ConfigMap"}
    return tuple(_deployment(item, maps) for item in objects if item["kind"] == "Deployment")


def _deployment(item: Object, maps: Mapping[str, Mapping[str, str]]) -> Deployment:
    name = item["metadata"]["name"]
    try:
        template = item["spec"]["template"]
        labels = item["metadata"]["labels"]
        notes = template["metadata"].get("annotations", {}) | item["metadata"].get("annotations", {})
        pod = template["spec"]
        container = pod["containers"][0]
        options = _options([*container.get("command", ()), *container.get("args", ())])
        return Deployment(
            name=name,
            version=labels[LABEL_VERSION],
            environment=labels[LABEL_ENVIRONMENT],
            bundle=notes[ANNOTATION_BUNDLE],
            replicas=item["spec"].get("replicas", 1),
            labels=template["metadata"]["labels"],
            options=options,
            env={row["name"]: row["value"] for row in container.get("env", ()) if "value" in row},
            files=_mounted(pod, container, maps),
            drain_s=float(dict(options).get("--drain", max(1, pod.get("terminationGracePeriodSeconds", 15) - 5))),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PortError(
            f"Deployment {name} cannot be run here: {error!r} is missing or wrong. It needs the labels {LABEL_MODEL}, "
            f"{LABEL_VERSION}, {LABEL_ENVIRONMENT}, the annotation {ANNOTATION_BUNDLE}, and one container."
        ) from error


def _options(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    split = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return tuple((flag, value) for flag, value in pairwise(split) if flag in _FLAGS)


def _mounted(
    pod: Mapping[str, Any], container: Mapping[str, Any], maps: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    volumes = {row["name"]: row["configMap"]["name"] for row in pod.get("volumes", ()) if "configMap" in row}
    return {
        row["mountPath"]: maps[volumes[row["name"]]]
        for row in container.get("volumeMounts", ())
        if volumes.get(row["name"]) in maps
    }


def route_of(objects: Sequence[Object]) -> Route | None:
    """The route among the objects, in whichever router's words; PortError when it is not as Headway writes it."""
    try:
        routes = [route for dialect in TRAFFIC.values() if (route := dialect.read(objects))]
    except ValueError as error:
        raise PortError(f"a route cannot be read: {error}. Render it again.") from error
    return routes[0] if routes else None


def carriers(route: Route, objects: Sequence[Object], works: Sequence[Deployment]) -> dict[str, tuple[str, ...]]:
    """By version, the Deployments that the route's services select; PortError for a version that nothing carries."""
    selectors = {
        item["metadata"]["name"]: item["spec"].get("selector", {}) for item in objects if item["kind"] == "Service"
    }
    found = {}
    for back in route.backends:
        selector = selectors.get(back.service)
        names = tuple(
            work.name
            for work in works
            if selector and selector.items() <= work.labels.items() and work.version == back.version
        )
        if not names:
            raise PortError(
                f"the route of {route.model} in {route.environment} sends requests of {back.version} to the service "
                f"{back.service}, which selects no Deployment of that version among the objects. Render them together."
            )
        found[back.version] = names
    return found
