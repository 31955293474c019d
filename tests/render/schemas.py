"""What an API server would say of an object: its schema, unknown fields refused, and the restricted Pod Security."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft7Validator

CRDS = Path(__file__).parent / "crds"
# The volumes that the restricted standard allows (kubernetes/pod-security-admission).
VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def faults(item: dict[str, Any]) -> Iterator[str]:
    """Why an API server would refuse an object; nothing when it would not."""
    schema = definitions().get((item["apiVersion"], item["kind"]))
    if schema is not None:
        for error in Draft7Validator(schema).iter_errors(item):
            yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        return
    try:
        kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"{item['apiVersion']} {item['kind']} is known to nobody"


@cache
def definitions() -> dict[tuple[str, str], dict[str, Any]]:
    """The schema of every kind and served version in the definitions, closed for unknown fields."""
    found = {}
    for path in sorted(CRDS.glob("*.yaml")):
        spec = yaml.load(path.read_bytes(), yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            if version["served"]:
                name = f"{spec['group']}/{version['name']}"
                schema = closed(version["schema"]["openAPIV3Schema"])
                # What every object has; some definitions leave it to the server.
                schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
                found[name, spec["names"]["kind"]] = schema
    return found


def closed(schema: Any) -> Any:
    """An OpenAPI schema as JSON Schema in which an object takes only what it names, as strict validation has it."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: {name: closed(part) for name, part in value.items()} if key == "properties" else closed(value)
        for key, value in schema.items()
    }
    if made.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    kept = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not kept:
        made["additionalProperties"] = False
    return made


def unrestricted(pod: dict[str, Any]) -> Iterator[str]:
    """What the Pod Security Standard `restricted` refuses in a pod's spec."""
    yield from (f"{name} is true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name))
    for volume in pod.get("volumes", ()):
        yield from (f"volume {volume['name']} is {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    above = pod.get("securityContext", {})
    for container in (*pod.get("initContainers", ()), *pod["containers"], *pod.get("ephemeralContainers", ())):
        context = container.get("securityContext", {})
        merged = {**above, **context}
        wrong = {
            "may escalate": context.get("allowPrivilegeEscalation") is not False,
            "is privileged": bool(context.get("privileged")),
            "keeps capabilities": "ALL" not in context.get("capabilities", {}).get("drop", ()),
            "adds capabilities": bool(set(context.get("capabilities", {}).get("add", ())) - {"NET_BIND_SERVICE"}),
            "may be root": merged.get("runAsNonRoot") is not True or merged.get("runAsUser") == 0,
            "has no seccomp profile": merged.get("seccompProfile", {}).get("type")
            not in {"RuntimeDefault", "Localhost"},
            "has a host port": any("hostPort" in port for port in container.get("ports", ())),
            "mounts /proc": context.get("procMount", "Default") != "Default",
        }
        yield from (f"container {container['name']} {what}" for what, true in wrong.items() if true)
