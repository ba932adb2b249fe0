"""Alerts: whoever an escalation asks is told so outside the pages, once for each step.

Nothing here is remembered: what is due is read from the database. An alert is taken under a lease, sent, and marked; a
process that dies in between leaves it to another one, which sends it again with the same title.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa

from chat import audit, channels, concerned, escalations, rooms, timeline
from chat.ids import CaseId, PersonId, RoomId, Seq
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.store import Store, Transaction, clock
from chat.tables import escalations as steps
from chat.tables import rooms as rooms_table

logger = logging.getLogger(__name__)

BEAT_S = 5.0
LEASE_MS = 20_000
"""Longer than all channels of one person take; with a beat more, what a dead process held is sent within 30 s."""
SENDERS = 8

Send = Callable[[str, str], bool]
"""Send to an address, under a title; whether it was taken. Blocks."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A step whose person is to be alerted."""

    case: CaseId
    step: int
    whom: PersonId


class Alerts:
    """One process's share in the escalations of all."""

    def __init__(self, store: Store, keys: Keys, within_s: int, send: Send = channels.send) -> None:
        self._store = store
        self._keys = keys
        self._within_s = within_s
        self._send = send
        self._news = asyncio.Event()
        self._threads = ThreadPoolExecutor(SENDERS, "alert")  # their own: a gateway that hangs holds up nothing else

    def hear(self, touched: Mapping[RoomId, Seq]) -> None:
        """After a commit of this process: the desk tells what there is to do."""
        if rooms.DESK in touched:
            self._news.set()

    async def run(self) -> None:
        """Do what is due: at once after what was committed here, and every BEAT_S, until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except Unavailable:
                    logger.info("escalations wait for the database")
                except Exception as error:  # a bug must not end the process
                    logger.error("escalations were not looked after", exc_info=without_words(error))
                try:
                    async with asyncio.timeout(BEAT_S):
                        await self._news.wait()
                except TimeoutError:
                    pass
                self._news.clear()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def look(self) -> None:
        """Ask whoever is next, and alert whom nobody has alerted."""
        await escalations.begin_unwatched(self._store, self._keys, self._within_s)
        await escalations.go_on(self._store, self._keys, self._within_s)
        async with self._store.reading() as tx:
            if (await tx.execute(sa.select(steps.c.case).where(_free(tx)).limit(1))).first() is None:
                return
        token = secrets.randbits(53)
        async with asyncio.TaskGroup() as tasks:
            for alert in await self.take(token):
                tasks.create_task(self._alert(alert, token))

    async def take(self, token: int) -> list[Alert]:
        """Take the alerts that nobody has sent and nobody is sending: they are this token's for LEASE_MS."""
        async with self._store.transaction() as tx:
            taken = sa.update(steps).where(_free(tx)).values(token=token, leased_until=await tx.now() + LEASE_MS)
            rows = await tx.execute(taken.returning(steps.c.case, steps.c.step, steps.c.whom))
            return [Alert(row.case, row.step, row.whom) for row in rows]

    async def mark(self, alert: Alert, token: int, is_reached: bool) -> None:
        """Note how it went, unless the alert has become another's meanwhile."""
        mine = sa.and_(steps.c.case == alert.case, steps.c.step == alert.step, steps.c.token == token)
        async with self._store.transaction() as tx:
            staff = await concerned.staff(tx, alert.case)
            await tx.lock(rooms_table, staff)
            sent = sa.update(steps).where(mine, steps.c.alerted_at.is_(None))
            if not (await tx.execute(sent.values(alerted_at=await tx.now(), is_reached=is_reached))).rowcount:
                return
            code = "reached" if is_reached else "unreached"
            for room in staff:
                await timeline.append(tx, room, "alerted", ref=alert.case, code=code)
            key = self._keys.derive("audit")
            await audit.append(tx, key, "alerted", None, subject=alert.whom, ref=alert.case, code=code)

    async def _alert(self, alert: Alert, token: int) -> None:
        is_reached = await self.reach(alert)
        if not is_reached:
            logger.warning("person %d could not be alerted", alert.whom)
        await self.mark(alert, token, is_reached)

    async def reach(self, alert: Alert) -> bool:
        """Send the alert by the first channel that takes it; return whether one did."""
        title, loop = self.title(alert), asyncio.get_running_loop()
        for address in await channels.addresses(self._store, self._keys, alert.whom):
            try:
                async with asyncio.timeout(channels.CHANNEL_S + 1):
                    if await loop.run_in_executor(self._threads, self._send, address, title):
                        return True
            except TimeoutError:
                continue
        return False

    def title(self, alert: Alert) -> str:
        """Return what tells two alerts apart, and nothing else: the same for the same step."""
        key, what = self._keys.derive("alerts"), f"{alert.case}\0{alert.step}".encode()
        return f"Hearthside {hmac.digest(key, what, 'sha256')[:4].hex()}"


def _free(tx: Transaction) -> "sa.ColumnElement[bool]":
    return sa.and_(
        steps.c.alerted_at.is_(None), steps.c.acknowledged_at.is_(None), steps.c.whom.is_not(None),
        sa.func.coalesce(steps.c.leased_until, 0) < clock(tx.is_postgresql),
    )  # fmt: skip
