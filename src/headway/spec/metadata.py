"""What every document says of itself: the version of its form, its name, free labels."""

from typing import Literal

from msgspec import Struct

__all__ = ["API_VERSION", "ApiVersion", "Metadata"]

ApiVersion = Literal["headway.dev/v1alpha1"]
API_VERSION: ApiVersion = "headway.dev/v1alpha1"


class Metadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The name of a document and free labels.

    Attributes:
        name: What the document is called: small letters, digits and `-`, at most 63.
        labels: Free words about it, such as `team: ops`.
    """

    name: str
    labels: dict[str, str] = {}
