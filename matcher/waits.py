"""Waits: what is told to who asks now, from how others waited of late.

The one idea: who left while waiting, and who waits still, waited at least so long. Left out, they would make the wait
look shorter the more of them there are; so they count as what they are, waits that were broken off (censored).

Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958).
"""

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.float64]

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
"""Minutes as a person would say them, so that waits tell nothing finer."""
RECENT = 60
"""So many of the newest requests tell how long it takes: more are surer, fewer are nearer to now."""
LEAST = 5
"""With fewer who were matched among them, nothing is told."""
LOW, HIGH = 0.25, 0.85
"""Between these shares of people are matched: one in four sooner than the low end, and the high end is to hold for four
in five even where tonight is busier than what it was learned from."""


def waiting_share(minutes: Minutes, matched: npt.NDArray[np.bool_]) -> tuple[Minutes, npt.NDArray[np.float64]]:
    """Estimate which share of people still waits after how long, if nobody left.

    Args:
        minutes: shape (n,), how long each waited: until matched, until they left, or so far.
        matched: shape (n,), whether the wait ended with a match.

    Returns:
        The waits in order, shape (n,), and the share that waits longer than each, falling from at most 1 to at least 0.
    """
    order = np.lexsort((~matched, minutes))  # at the same minute who was matched counts first
    still = np.arange(len(minutes), 0, -1)
    share: npt.NDArray[np.float64] = np.cumprod(1 - matched[order] / still, dtype=np.float64)
    return minutes[order], share


def likely(minutes: Minutes, matched: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return the wait to announce, in minutes: from … to, both of STEPS; the low end rounded down, the high end up.

    Args:
        minutes, matched: as for `waiting_share`; of the newest RECENT requests.

    Returns:
        None where too few were matched to say, or where so many have not been that no high end would hold.
    """
    if np.count_nonzero(matched) < LEAST:
        return None
    waits, share = waiting_share(minutes, matched)
    if share[-1] > 1 - HIGH + 1e-9:
        return None
    low, high = (float(waits[np.argmax(share <= 1 - part + 1e-9)]) for part in (LOW, HIGH))
    sooner = max((step for step in STEPS if step <= low), default=STEPS[0])
    later = next((step for step in STEPS if step >= high), STEPS[-1])
    return sooner, later
