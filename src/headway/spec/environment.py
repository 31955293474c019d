"""kind Environment: where versions run, and whether users' traffic arrives there."""

from typing import Literal

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Environment", "EnvironmentSpec"]


class EnvironmentSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for one environment.  `listen` is the address of the local router; port 0 picks a free one."""

    target: Literal["local", "kubernetes"] = "local"
    traffic: Literal["live", "none"] = "none"
    approval: Literal["none", "required"] = "none"
    router: Literal["envoy", "gateway-api", "istio"] = "envoy"
    listen: str = "127.0.0.1:0"
    namespace: str = "default"
    image: str = "headway/serve"


class Environment(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="Environment",
):
    """kind Environment."""

    metadata: Metadata
    spec: EnvironmentSpec = EnvironmentSpec()
    apiVersion: ApiVersion  # noqa: N815 - the wire name
