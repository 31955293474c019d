"""What stands for a value while a pickle is walked: just enough of it to know names, calls and the sizes of arrays."""

from headway.evidence.scan.use import Use

__all__ = ["BYTES", "LIST", "OPAQUE", "SET", "TEXT", "Fields", "Global", "Made", "Opaque", "Shadow"]

# Keys of a mapping that are remembered; a structured type has as many fields.
MOST_FIELDS = 64


class Opaque:
    """A value of which nothing is remembered but its kind."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


OPAQUE, BYTES, TEXT = Opaque("value"), Opaque("bytes"), Opaque("text")
LIST, SET = Opaque("list"), Opaque("set")


class Global:
    """A class or function by its name; `free` when its use was allowed by others, or is refused already."""

    __slots__ = ("free", "name", "use")

    def __init__(self, name: str, use: Use | None, *, free: bool) -> None:
        self.name = name
        self.use = use
        self.free = free


class Made:
    """An instance: of what, from which arguments (kept for array types only), and the states that matter here."""

    __slots__ = ("args", "of", "states")

    def __init__(self, of: Global, args: "tuple[Shadow, ...]" = ()) -> None:
        self.of = of
        self.args = args
        self.states: list[Shadow] = []


class Fields:
    """A dict: its first keys that are texts; `whole` while nothing else was put in."""

    __slots__ = ("known", "whole")

    def __init__(self) -> None:
        self.known: dict[str, Shadow] = {}
        self.whole = True

    def put(self, key: "Shadow", value: "Shadow") -> None:
        """Remember one entry, or that there are entries which are not remembered."""
        if isinstance(key, str) and len(self.known) < MOST_FIELDS:
            self.known[key] = value
        else:
            self.whole = False


Shadow = Opaque | Global | Made | Fields | str | int | float | bool | None | tuple["Shadow", ...]
