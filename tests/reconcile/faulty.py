"""Ports that fail at one call, as a test says: refused, refused after it was carried out, or the process is gone."""

from collections.abc import Callable
from typing import Any, Literal

from headway.reconcile.ports import UnreachableError

__all__ = ["CHANGES", "Fault", "Faults", "GoneError"]

Fault = Literal["refused", "done and refused", "gone"]

# Calls that change the world; every other call of a port only reads.
CHANGES = frozenset({"append", "publish", "apply", "remember", "put", "lock", "train", "measure", "sign"})


class GoneError(BaseException):
    """The process is gone."""


class Faults:
    """Counts the calls of all ports; the n-th one fails, `lasting` calls long (of the same method)."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.at = -1
        self.how: Fault = "refused"
        self.away = ""  # a method that does not answer at all while it is named here
        self.silent: object = None  # a port none of whose methods does

    def around(self, port: Any) -> Any:
        """A port that fails when it is its turn."""
        return _Faulty(port, self)

    def call(self, port: object, name: str, do: Callable[[], Any]) -> Any:
        """Carry a call out, or fail."""
        mine = len(self.calls) == self.at
        self.calls.append(name)
        if name == self.away or port is self.silent:
            raise UnreachableError(f"{name} does not answer")
        if mine and self.how == "refused":
            raise UnreachableError(f"{name} is refused")
        value = do()
        if mine and self.how == "done and refused":
            raise UnreachableError(f"{name} was carried out, and its answer was lost")
        if mine and self.how == "gone":
            raise GoneError
        return value


class _Faulty:
    def __init__(self, port: Any, faults: Faults) -> None:
        self._port, self._faults = port, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *args, **named: self._faults.call(self._port, name, lambda: found(*args, **named))
