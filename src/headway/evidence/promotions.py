"""Which steps of a rollout people had approved by its promotion: of this very bundle, and in this try."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from headway.evidence.ledger import Entry
from headway.evidence.record import Released, Requested
from headway.spec.release import Served

__all__ = ["Happened", "Promotion", "Where", "promotions"]

Where = tuple[str, str, Served]  # model, environment, version
Happened = tuple[int, Entry, Released | Requested]  # the number on the branch, the record, what it says


class Promotion(Struct, frozen=True, kw_only=True):
    """The release that made a candidate stable, and the weights (percent) that people had approved for it by then."""

    entry: Entry
    approved: frozenset[float]


def promotions(happened: Iterable[Happened], distrusted: frozenset[str]) -> Mapping[Where, Promotion]:
    """The last promotion of each version in each environment; `distrusted` are digests of records that are void.

    An approval may come before the try that it is meant for, and ends with it.
    """
    found: dict[Where, Promotion] = {}
    given: dict[Where, set[float]] = {}
    going: dict[tuple[str, str], tuple[Served, ...]] = {}
    for _, entry, said in sorted(happened, key=lambda each: each[0]):
        about = entry.record.subject
        place = about.model, about.environment
        match said:
            case Requested(action="approve") if said.weight and entry.digest not in distrusted:
                given.setdefault((*place, Served(version=said.to, bundle=about.bundle)), set()).add(said.weight)
            case Released():
                if said.how == "promoted" and said.stable:
                    where = *place, said.stable
                    found[where] = Promotion(entry=entry, approved=frozenset(given.get(where, ())))
                before = going.get(place, ())
                for each in said.ends(before):
                    given.pop((*place, each), None)
                going[place] = said.coming
            case _:
                pass
    return found
