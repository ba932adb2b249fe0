"""What is counted of days that were played: how long people waited, who was matched, whether what was said was kept.

The one idea: a day is one observation. A measure is a number a day; over days it has a mean and an interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.simulation import Played

SOON_MIN = 10
"""Waits up to here are short; over 5 minutes somebody on duty should look, and after ten many have gone."""

Of = Callable[[Played], float]
"""A measure of a day; NaN where the day has none."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its name, as the tables have it."""

    name: str
    of: Of
    unit: str = "%"
    digits: int = 0


def matched_within(minutes: float, among: Callable[[Played], npt.NDArray[np.bool_]] | None = None) -> Of:
    """Return the measure: of all who asked (or of those `among` names) how many % were matched so soon."""

    def of(played: Played) -> float:
        soon = played.matched & (played.waited_min <= minutes)
        return percent(soon if among is None else soon[among(played)])

    return of


def in_locality(size: int) -> Callable[[Played], npt.NDArray[np.bool_]]:
    """Return who lives in a locality of so many people."""
    return lambda played: played.world.size == size


def kept(played: Played) -> float:
    """Of the announced waits, how many % were kept or beaten. Who left sooner than was announced is not counted."""
    held = played.matched & (played.waited_min <= played.announced)
    broken = played.waited_min > played.announced
    return percent(held[held | broken])


def percent(which: npt.NDArray[np.bool_]) -> float:
    """Return how many of them hold; NaN of nobody."""
    return 100 * float(which.mean()) if len(which) else np.nan


def _quantile(part: float) -> Of:
    return lambda played: (
        float(np.quantile(played.waited_min[played.matched], part)) if played.matched.any() else np.nan
    )


def _alike(played: Played) -> float:
    seekers = np.flatnonzero(played.matched)
    return percent(played.world.alike[seekers, played.peer[seekers]])


RARE = Measure("matched, rare experience", lambda played: percent(played.matched[played.world.rare]), digits=1)
COMMON = Measure("matched, common experience", lambda played: percent(played.matched[~played.world.rare]), digits=1)
KEPT = Measure("announced waits kept", kept)
MEASURES = (
    Measure("asked for somebody", lambda played: float(len(played.matched)), ""),
    Measure("matched", lambda played: percent(played.matched)),
    Measure(f"matched within {SOON_MIN} min", matched_within(SOON_MIN)),
    *(
        Measure(f"… in places of {size:,}", matched_within(SOON_MIN, in_locality(size)))
        for size in (500, 5_000, 50_000)
    ),
    Measure("wait until matched, median", _quantile(0.5), " min", 1),
    Measure("wait until matched, 90 %", _quantile(0.9), " min", 1),
    Measure("same kind of experience", _alike),
    Measure("similarity, of the optimum", lambda played: 100 * played.share),
    RARE,
    COMMON,
    KEPT,
    Measure("were told a wait", lambda played: percent(~np.isnan(played.announced))),
    Measure("offers per match", lambda played: played.offers / max(1, int(played.matched.sum())), "", 2),
)


def over(days: Sequence[Played], of: Of) -> tuple[float, float, float]:
    """Return a measure's mean over days and the ends of its interval, two standard errors to each side. NaN: no day has
    it; one day alone has an interval of no width."""
    values = np.array([value for value in map(of, days) if not np.isnan(value)])
    if not len(values):
        return np.nan, np.nan, np.nan
    mean = float(values.mean())
    error = 2 * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return mean, mean - error, mean + error
