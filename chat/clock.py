"""The clock: whether the database's may be destroyed by.

Everything that expires does so by the database's clock, for all processes alike. So a clock that jumps could destroy
everything at once. Each pass compares how far it has gone with the time this process has counted itself, and with the
last beat any process kept; on a jump nothing expires until somebody has looked and confirmed the clock.
"""

import logging
import secrets
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat.ids import Millis
from chat.store import Transaction
from chat.tables import meta

logger = logging.getLogger(__name__)

JUMP_MS = 60_000
"""More than daylight saving, a leap second or a slow pass can explain, and less than anything that expires."""

BEAT = "clock_beat"
HALTED = "clock_halted"
CONFIRMED = "clock_confirmed"


def counted_s() -> float:
    """Return seconds that no clock setting changes; they go on while the machine sleeps, where it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Clock:
    """What one process remembers of the last beat."""

    def __init__(self, counted: Callable[[], float] = counted_s) -> None:
        self._counted = counted
        self._last: tuple[int, float, str] | None = None

    async def beat(self, tx: Transaction) -> Millis | None:
        """Return the database's time when it may be trusted to expire by, else None; a jump is kept for all to see."""
        now, counted = await tx.now(), self._counted()
        rows = await tx.execute(sa.select(meta).where(meta.c.name.in_([BEAT, HALTED, CONFIRMED])))
        kept: dict[str, str] = {row.name: row.value for row in rows}
        confirmed = kept.get(CONFIRMED, "")
        before, self._last = self._last, (now, counted, confirmed)
        if HALTED in kept:
            return None
        back = int(kept.get(BEAT, "0")) - now
        drift = 0.0
        if before is not None and before[2] == confirmed:
            drift = (now - before[0]) - (counted - before[1]) * 1000
        if back > JUMP_MS or abs(drift) > JUMP_MS:
            await _put(tx, HALTED, str(now))
            logger.error("the database's clock jumped by %d s: nothing expires until it is confirmed",
                         round(-back / 1000 if back > JUMP_MS else drift / 1000))  # fmt: skip
            return None
        await _put(tx, BEAT, str(now))
        return now


async def is_halted(tx: Transaction) -> bool:
    """Whether a jump was seen and nobody has confirmed the clock since."""
    return (await tx.execute(sa.select(meta.c.name).where(meta.c.name == HALTED))).first() is not None


async def confirm_clock(tx: Transaction) -> None:
    """Take the database's clock, as it is now, for right: expiry goes on in every process."""
    await tx.execute(sa.delete(meta).where(meta.c.name == HALTED))
    await _put(tx, BEAT, str(await tx.now()))
    await _put(tx, CONFIRMED, secrets.token_hex(8))


async def _put(tx: Transaction, name: str, value: str) -> None:
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    kept = insert(meta).values(name=name, value=value)
    await tx.execute(kept.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
