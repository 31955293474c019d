"""kind Environment: where versions run, and whether users' traffic arrives there."""

from typing import Literal

from msgspec import Struct

from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Environment", "EnvironmentSpec", "Prices"]


class Prices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What running something costs here.

    Attributes:
        cpu: The price of a core for an hour.
        memory: The price of a GiB of memory for an hour.
        currency: What prices are in.
    """

    cpu: float
    memory: float = 0.0
    currency: str = "EUR"


class EnvironmentSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The wishes for one environment.

    Attributes:
        target: Where versions run: as processes of this machine, or in a cluster.
        traffic: Do users' requests arrive here? Rollouts apply where they do; elsewhere releases are direct and gated.
        approval: Does a release wait for `headway approve`?
        router: What splits the traffic; locally always Envoy.
        listen: The address of the local router as host:port; port 0 picks a free one.
        namespace: The cluster's namespace that objects go into.
        image: The image of the model server in a cluster.
        records: Where records of predictions go: an address that takes CloudEvents. Nothing: a file of this machine,
            and in a cluster nowhere.
        prometheus: Where Prometheus answers queries, for guardrails that ask it: an address of http or https.
        prices: What a core and memory cost here; `headway plan` says with them what a rollout costs. Nothing: not said.
    """

    target: Literal["local", "kubernetes"] = "local"
    traffic: Literal["live", "none"] = "none"
    approval: Literal["none", "required"] = "none"
    router: Literal["envoy", "gateway-api", "istio"] = "envoy"
    listen: str = "127.0.0.1:0"
    namespace: str = "default"
    image: str = "headway/serve"
    records: str = ""
    prometheus: str = ""
    prices: Prices | None = None


class Environment(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="Environment",
):
    """environments/NAME.yaml: where versions run, and whether users' traffic arrives there.

    Attributes:
        metadata: Its name, as headway.yaml lists it.
        spec: What is wished.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: EnvironmentSpec = EnvironmentSpec()
    apiVersion: ApiVersion  # noqa: N815 - the wire name
