"""Content types: which one a body has, and that its text is UTF-8."""

from collections.abc import Sequence

from headway.serve.fault import Fault

__all__ = ["media"]

# curl and urllib say this of any body, when nobody told them what it is.
_UNTOLD = b"application/x-www-form-urlencoded"
_UTF8 = {b"utf-8", b"utf8", b"us-ascii"}


def media(kind: bytes, taken: Sequence[bytes]) -> bytes:
    """The media type of a header Content-Type, without one the first that is taken; Fault 415 for what is not."""
    if kind in taken:
        return kind
    if not kind or kind.lower() == _UNTOLD:
        return taken[0]
    name, _, rest = kind.partition(b";")
    if (found := name.strip().lower()) not in taken:
        expected = " or ".join(each.decode() for each in taken)
        raise Fault(415, f"content type {_shown(name)}; expected {expected}")
    for parameter in rest.split(b";"):
        key, _, value = parameter.partition(b"=")
        if key.strip().lower() == b"charset" and (value := value.strip(b' \t"').lower()) not in _UTF8:
            raise Fault(415, f"charset {_shown(value)}; expected utf-8")
    return found


def _shown(text: bytes) -> str:
    return repr(text.decode("latin-1")[:60])
