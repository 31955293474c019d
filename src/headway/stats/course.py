"""What a comparison that is judged between windows can see, how soon and with which chance.  Approximate.

`between` folds windows into a sum and its variance; both are expected to rise evenly, so evidence is enough when the
sum has passed a bent line.  Of its tangents that which is passed most often stands for the line: its chance is known
(`planning.chance`), and hardly less (as in Jennen and Lerche, Z. Wahrscheinlichkeitstheorie 1981).  Assumes steady
rates and traffic, and windows that hold several bursts each: then medians are right to about 30 %, and where a window
rarely holds one, late rather than early.  `tests/stats/test_course.py` holds it against simulation.
"""

import math
from collections.abc import Sequence

from msgspec import Struct, structs

from headway.stats.between import A_BURST, begun_rho, bursts_of, on_line
from headway.stats.growth import Growth, Prospect
from headway.stats.mixture import log_above, total_at
from headway.stats.planning import chance, soonest
from headway.stats.score import ENOUGH_WINDOWS
from headway.stats.sequential import Line, kept

__all__ = [
    "Course",
    "Sums",
    "ahead",
    "chance_between",
    "expected_log",
    "harm_course",
    "outlook_between",
    "safe_course",
    "wait_between",
]


# Harm is not limited by the bursts that would have come.
UNLIMITED = 1e9


class Course(Struct, frozen=True, kw_only=True):
    """What a window is expected to add to the sum of one line's score, and to the variance of that sum.

    `mean` is towards the claim (harm or safety), `rho` that of a comparison begun with this window, `bursts` those that
    would have come, which limit safety.
    """

    mean: float
    variance: float
    rho: float
    bursts: float = UNLIMITED

    @property
    def strength(self) -> float:
        """How many of its standard deviations a window's mean is: the more, the sooner evidence is enough."""
        return self.mean / math.sqrt(self.variance) if self.variance > 0.0 else 0.0


class Sums(Struct, frozen=True, kw_only=True):
    """Where a comparison stands, or is expected to: windows so far, the sum towards the claim, and its variance.

    `bursts` are those that would have come.
    """

    windows: float = 0.0
    total: float = 0.0
    variance: float = 0.0
    bursts: float = 0.0


def harm_course(lines: Sequence[Line], prospect: Prospect, *, spread: float) -> Course:
    """How evidence of harm (`between.log_beyond`) gathers: by the line that shows least, as the least one counts.

    `spread` is the variance between windows over that of the counts, taken to be the same for both arms.

    >>> three = Prospect(rate=0.03, control=0.01, of=600, control_of=11_400)
    >>> round(harm_course([Line(kind="ratio", by=1.1)], three, spread=10.0).strength, 2)
    0.85
    """
    return min((_course(line, prospect, spread, 1.0) for line in lines), key=_strength)


def safe_course(lines: Sequence[Line], prospect: Prospect, *, spread: float) -> Course:
    """The same for evidence of safety (`between.log_within`), by the line that shows most.

    >>> alike = Prospect(rate=0.01, control=0.01, of=600, control_of=11_400)
    >>> round(safe_course([Line(kind="ratio", by=1.5)], alike, spread=3.0).strength, 2)
    0.67
    """
    course = max((_course(line, prospect, spread, -1.0) for line in lines), key=_strength)
    return structs.replace(course, bursts=prospect.of * bursts_of(lines, kept(prospect.control), spread=spread))


def _course(line: Line, prospect: Prospect, spread: float, sign: float) -> Course:
    n, m = prospect.of, prospect.control_of
    if n <= 0.0 or m <= 0.0:
        return Course(mean=0.0, variance=0.0, rho=1.0)
    (start, slope), weight, more = on_line(line), n * m / (n + m), max(1.0, spread)
    p, q = kept(prospect.rate), kept(prospect.control)
    own = p * (1.0 - p) / n + slope**2 * q * (1.0 - q) / m
    return Course(
        mean=sign * weight * (p - start - slope * q),
        variance=weight**2 * more * own,
        rho=begun_rho(q, n, m, spread=spread),
    )


def chance_between(evidence: float, course: Course, within: float) -> float:
    """The chance that evidence has ever reached a threshold's logarithm within so many windows of this course.

    None before there are enough windows, and for safety bursts, nor where the mean does not tend towards the claim.

    >>> three = Prospect(rate=0.03, control=0.01, of=600, control_of=11_400)
    >>> course = harm_course([Line(kind="ratio", by=1.1)], three, spread=10.0)
    >>> [round(chance_between(math.log(200), course, within), 2) for within in (9, 16, 32)]
    [0.0, 0.47, 0.9]
    """
    least = _until_it_may(evidence, Sums(), course)
    if within < least or course.strength <= 0.0:
        return 0.0
    touching, found = within, 0.0
    while touching >= least:
        found = max(found, _tangent_passed(evidence, course, touching, within))
        touching *= 0.5
    return found


def _tangent_passed(evidence: float, course: Course, touching: float, within: float) -> float:
    """The chance to pass, in so many windows, the line that touches the bent one: it lies above it everywhere else."""
    variance = touching * course.variance
    total, rise = total_at(evidence, variance, rho=course.rho)
    step = Growth(mean=course.mean - rise * course.variance, variance=course.variance)
    whole = Growth(mean=within * step.mean, variance=within * step.variance)
    return chance(total - rise * variance, whole, step, cost=0.0)


def outlook_between(evidence: float, course: Course, within: float) -> tuple[float, float]:
    """Windows until the threshold is reached in half of all cases, and the chance that it is within so many.

    >>> three = Prospect(rate=0.03, control=0.01, of=600, control_of=11_400)
    >>> course = harm_course([Line(kind="ratio", by=1.1)], three, spread=10.0)
    >>> [round(found, 2) for found in outlook_between(math.log(200), course, 60.0)]
    [16.61, 1.0]
    """
    if course.strength <= 0.0:
        return math.inf, 0.0
    least = _until_it_may(evidence, Sums(), course)
    windows = soonest(lambda windows: chance_between(evidence, course, windows) >= 0.5, least=least)
    return windows, chance_between(evidence, course, within)


def ahead(sums: Sums, course: Course, windows: float) -> Sums:
    """Where a comparison is expected to stand after so many windows more.

    >>> ahead(Sums(windows=10.0, total=5.0, variance=20.0), Course(mean=1.0, variance=2.0, rho=4.0, bursts=3.0), 5.0)
    Sums(windows=15.0, total=10.0, variance=30.0, bursts=15.0)
    """
    return Sums(
        windows=sums.windows + windows,
        total=sums.total + windows * course.mean,
        variance=sums.variance + windows * course.variance,
        bursts=sums.bursts + windows * course.bursts,
    )


def _until_it_may(evidence: float, sums: Sums, course: Course) -> float:
    """Windows more until there are enough of them, and of bursts that would have come, for so much evidence."""
    if course.bursts <= 0.0:
        return math.inf
    return max(0.0, ENOUGH_WINDOWS - sums.windows, (evidence / A_BURST - sums.bursts) / course.bursts)


def expected_log(sums: Sums, *, rho: float) -> float:
    """The logarithm of evidence at these sums.

    >>> expected_log(Sums(windows=9.0, total=30.0, variance=100.0, bursts=30.0), rho=13.0)
    0.0
    >>> round(expected_log(Sums(windows=10.0, total=30.0, variance=100.0, bursts=30.0), rho=13.0), 4)
    3.5918
    """
    if sums.windows < ENOUGH_WINDOWS * (1.0 - 1e-9):
        return 0.0
    return min(A_BURST * sums.bursts, log_above(sums.total, sums.variance, rho=rho))


def wait_between(evidence: float, sums: Sums, course: Course) -> tuple[float, float]:
    """Windows more until evidence is expected to be enough, and the variance of their number; infinite, never.

    >>> course = Course(mean=1.0, variance=2.0, rho=4.0)
    >>> [round(found, 1) for found in wait_between(3.0, Sums(), course)]
    [15.3, 126.3]
    >>> wait_between(3.0, Sums(windows=8.0, total=40.0, variance=16.0, bursts=40.0), course)
    (2.0, 0.0)
    """
    first = _until_it_may(evidence, sums, course)
    if math.isinf(first):
        return math.inf, 0.0
    if expected_log(ahead(sums, course, first), rho=course.rho) >= evidence - 1e-9:
        return first, 0.0
    if course.strength <= 0.0:
        return math.inf, 0.0

    def reached(windows: float) -> bool:
        return expected_log(ahead(sums, course, windows), rho=course.rho) >= evidence - 1e-9

    windows = soonest(reached, least=max(first, 1e-3))
    _, rise = total_at(evidence, sums.variance + windows * course.variance, rho=course.rho)
    nearer = course.mean - rise * course.variance
    return windows, windows * course.variance / nearer**2 if nearer > 0.0 else 0.0


def _strength(course: Course) -> float:
    return course.strength
