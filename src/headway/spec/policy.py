"""kind Policy: rules of the organisation over all models."""

from typing import Literal

from msgspec import Struct

from headway.spec.gate import Gate
from headway.spec.metadata import ApiVersion, Metadata

__all__ = ["Isolation", "Policy", "PolicySpec", "Scan", "covers"]

Isolation = Literal["any", "landlock"]


class Scan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a model file may hold.

    Attributes:
        allow: Further classes that it may hold, as `module:name`, beyond the reviewed list.
    """

    allow: tuple[str, ...] = ()


class PolicySpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules for some models, or for all.

    Attributes:
        models: The names of the models; `*` is all.
        gates: Gates that are added to each model's own.
        scan: What a model file may hold.
        isolation: What the model's code runs in; `landlock` trains and measures nothing where the kernel has none.
    """

    models: tuple[str, ...] = ("*",)
    gates: tuple[Gate, ...] = ()
    scan: Scan = Scan()
    isolation: Isolation = "any"


class Policy(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="Policy"
):
    """policies/NAME.yaml: rules of the organisation over all models.

    Attributes:
        metadata: Its name.
        spec: What is ruled.
        apiVersion: The version of this form.
    """

    metadata: Metadata
    spec: PolicySpec = PolicySpec()
    apiVersion: ApiVersion  # noqa: N815 - the wire name


def covers(policy: Policy, model: str) -> bool:
    """Do the rules of a policy hold for a model of this name?"""
    return bool({"*", model} & set(policy.spec.models))
