"""Which operators an ONNX model calls, and which functions of its own: none unknown, in a circle, or too many."""

from collections import Counter

from headway.evidence.scan.fault import ALLOW, ForbiddenError
from headway.evidence.scan.report import Report

__all__ = ["Calls", "check_calls"]

# Functions that call each other double with every step when a runtime writes them out.
MOST_WRITTEN_OUT = 5_000_000


class Calls:
    """Nodes by the function that they stand in ("" is the model), as `domain:operator`."""

    def __init__(self) -> None:
        self.inside: dict[str, Counter[str]] = {"": Counter()}
        self.foreign: dict[str, None] = {}
        self.nodes = 0

    def declare(self, domain: str, name: str) -> str:
        """A function that the model brings along; its full name."""
        full = f"{domain}:{name}"
        if full in self.inside:
            raise ForbiddenError(f"an ONNX model that brings the function {full[:200]!a} twice")
        self.inside[full] = Counter()
        return full

    def add(self, inside: str, domain: str, operator: str, *, standard: bool) -> None:
        """A node, by where it stands."""
        full = f"{domain}:{operator}"
        self.nodes += 1
        self.inside[inside][full] += 1
        if not standard:
            self.foreign[full] = None


def check_calls(calls: Calls, report: Report) -> None:
    """Refuse operators that are neither known nor the model's own; ForbiddenError for functions without an end."""
    for full in calls.foreign:
        if full not in calls.inside and full not in report.allow:
            report.refuse(f"{full[:200]!a} is an operator of a custom domain, whose code lies elsewhere", ALLOW)
    sizes: dict[str, int] = {}
    for name in calls.inside:
        _measure(name, calls, sizes)


def _measure(name: str, calls: Calls, sizes: dict[str, int]) -> None:
    """How many nodes a function has once every function in it is written out; without recursion."""
    way, open_ = [name], {name}
    while way:
        here = way[-1]
        own = [full for full in calls.inside[here] if full in calls.inside and full]
        left = next((full for full in own if full not in sizes), None)
        if left is None:
            size = sum(count * sizes.get(full, 1) for full, count in calls.inside[here].items())
            if size > MOST_WRITTEN_OUT:
                raise ForbiddenError(f"an ONNX model that grows beyond {MOST_WRITTEN_OUT:,} operators")
            sizes[here] = size
            open_.discard(way.pop())
        elif left in open_:
            raise ForbiddenError("an ONNX model with functions that call each other in a circle")
        else:
            way.append(left)
            open_.add(left)
