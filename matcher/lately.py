"""Lately: how long people waited around this hour of the day, for who waits now.

The one idea: it moves on a beat, a quarter of an hour. What is told was so when the quarter began, and takes in
everybody who asked, whoever could have been found for them; so by it nobody can tell what became of one request.
"""

import numpy as np
import sqlalchemy as sa

from chat.store import Transaction
from matcher.requests import HOUR_MS
from matcher.tables import OPEN, requests
from matcher.waits import RECENT, likely

MINUTE_MS = 60_000
BEAT_MS = HOUR_MS // 4
BACK_MS = 28 * 24 * HOUR_MS
"""So far back; what was so before may not be any more."""
NEAR_H = 1
"""Hours of the day so near are like this one."""


class Lately:
    """What one process tells of waits, reckoned once a beat."""

    def __init__(self) -> None:
        self._beat = 0
        self._told: tuple[int, int] | None = None

    async def wait(self, tx: Transaction) -> tuple[int, int] | None:
        """Return how many minutes most people waited, from … to …; None: too few to tell."""
        now = await tx.now()
        beat = now - now % BEAT_MS
        if beat != self._beat:
            self._told = await _wait(tx, beat)
            self._beat = beat
        return self._told


async def _wait(tx: Transaction, beat: int) -> tuple[int, int] | None:
    """Reckon it as of a moment."""
    hours = requests.c.made_at // HOUR_MS - beat // HOUR_MS + 28 * 24
    near = sa.select(requests.c.made_at, requests.c.ended_at, requests.c.state).where(
        requests.c.made_at.between(beat - BACK_MS, beat), (hours + NEAR_H) % 24 <= 2 * NEAR_H
    )
    over = near.where(requests.c.ended_at.between(beat - BACK_MS, beat)).order_by(requests.c.ended_at.desc())
    still = near.where(sa.or_(requests.c.ended_at > beat, requests.c.state.in_(OPEN)))
    ended = list(await tx.execute(over.limit(RECENT)))
    begins = [row.made_at / MINUTE_MS for row in (*ended, *await tx.execute(still))]
    ends = [row.ended_at / MINUTE_MS for row in ended] + [np.inf] * (len(begins) - len(ended))
    matched = [row.state == "accepted" for row in ended] + [False] * (len(begins) - len(ended))
    return likely(np.array(begins), np.array(ends), np.array(matched, dtype=np.bool_), beat / MINUTE_MS)
