"""Waits: what is told to who asks now, from how others waited of late.

The one idea: who left while waiting, and who waits still, waited at least so long. Left out, they would make the wait
look shorter the more of them there are; so they count as what they are, waits that were broken off (censored). And only
what happened of late counts, but of everybody who was waiting then: when the wait grows, those who came earlier know it
first (their earlier minutes are cut off, which is called delayed entry).

Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958). Delayed entry:
Andersen, Borgan, Gill and Keiding, Statistical Models Based on Counting Processes (1993), III.3.
"""

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.floating]

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
"""Minutes as a person would say them, so that waits tell nothing finer."""
RECENT = 60
"""Late is since so many requests ended: more are surer, fewer are nearer to now."""
ROUNDING = 1e-9
LOW, HIGH = 0.25, 0.85
"""Between these shares of people are matched: one in four sooner than the low end, and the high end is to hold for four
in five even where tonight grows busier than what it was learned from."""


def waiting_share(entered: Minutes, minutes: Minutes, matched: npt.NDArray[np.bool_]) -> tuple[Minutes, Minutes]:
    """Estimate which share of people still waits after how long, if nobody left.

    Args:
        entered: shape (n,), how long each had waited already when they began to be looked at; 0: from the first minute.
        minutes: shape (n,), how long each waited: until matched, until they left, or so far.
        matched: shape (n,), whether the wait ended with a match.

    Returns:
        The waits that ended with a match, each once and in order, and the share that waits longer than each.
    """
    waits, matches = np.unique(minutes[matched], return_counts=True)
    watched = np.searchsorted(np.sort(entered), waits, "right") - np.searchsorted(np.sort(minutes), waits, "left")
    return waits, np.cumprod(1 - matches / watched)


def likely(begins: Minutes, ends: Minutes, matched: npt.NDArray[np.bool_], now: float) -> tuple[int, int] | None:
    """Return the wait to announce, in minutes: from … to, both of STEPS; the low end rounded down, the high end up.

    Args:
        begins: shape (n,), when each request was made: of the RECENT that ended last, and of all that are open.
        ends: shape (n,), when it ended; infinity where it is open.
        matched: shape (n,), whether it ended with a match.
        now: the same clock, in minutes.

    Returns:
        None where too few were matched to say (fewer than six), or so many were not that no high end would hold.
    """
    entered = np.maximum(0, ends.min(initial=np.inf) - begins)
    minutes = np.minimum(ends, now) - begins
    # who asks now is one more of them, and has not been matched: nothing is promised from a few alone
    waits, share = waiting_share(np.append(entered, 0), np.append(minutes, np.inf), np.append(matched, False))
    if share.min(initial=1) > 1 - HIGH + ROUNDING:
        return None
    low, high = (float(waits[np.argmax(share <= 1 - part + ROUNDING)]) for part in (LOW, HIGH))
    sooner = max((step for step in STEPS if step <= low), default=STEPS[0])
    later = next((step for step in STEPS if step >= high), STEPS[-1])
    return sooner, later
