"""Watching: the loop of a process that reads what is said and raises what a person should see. Any number of them run.

    grown rooms  ->  leased, read from their cursor, looked at
    findings     ->  cases, in the transaction that moves the cursor

What is held in a room is read too, before a moderator has looked: somebody in danger at night is not to wait for the
morning. It has no number and no cursor, so each is noted as heard with its cases; of two who look, one keeps them.

It is off the path of every message: nobody waits for it, and when it is away what was said meanwhile is read later. It
wakes by hints, which may be lost, and asks about all rooms every BEAT_S.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from chat import evidence
from chat.held import Unheard, hear, unheard
from chat.ids import Millis, RoomId, Seq
from chat.keys import Keys
from chat.raising import Found, Stale, raise_cases
from chat.refusals import Unavailable, without_words
from chat.store import Store, Transaction, paired, pairs
from chat.tables import entries
from matcher import newcomers, own_signals, watched
from matcher.detectors import LOOK_BACK, Heard, findings, findings_held
from matcher.floods import Trace
from matcher.hits import LEVELS
from matcher.own_signals import OwnSignal
from matcher.watched import Lease

logger = logging.getLogger(__name__)

BEAT_S = 2.0
"""How long a lost hint may go unnoticed."""
GATHER_S = 0.05
"""After a hint so long is waited for others: what is said meanwhile is looked at together, in fewer transactions."""
LEASE_S = 10.0
"""After so long another process takes over the rooms of one that has died."""
PAGE = 100
"""New entries of one room that are looked at in its turn; a room that is flooded waits for the others after that."""
LATE_MS = 72 * 3_600_000
"""What is older raises no case: its words may be destroyed, and a queue of last month's would bury tonight's."""
HINTED = 500
"""More rooms than this are not asked for by name: then all are looked at."""
BUG_S = 5.0


class Watching:
    """One process's work."""

    def __init__(self, store: Store, keys: Keys, *, lease_s: float = LEASE_S) -> None:
        self._store = store
        self._keys = keys
        self._lease_s = lease_s
        self._hinted: set[RoomId] = set()
        self._wake = asyncio.Event()

    def hint(self, rooms: Collection[RoomId]) -> None:
        """Look at these rooms soon; those that are nothing to look at cost nothing."""
        self._hinted.update(rooms)
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        loop, everywhere_at = asyncio.get_running_loop(), 0.0
        while True:
            everywhere = loop.time() >= everywhere_at or len(self._hinted) > HINTED
            among, self._hinted = (None if everywhere else self._hinted), set()
            self._wake.clear()
            looked = 0
            try:
                looked = await self.beat(among)
            except Unavailable:
                logger.warning("signals: the database does not answer; trying again")
            except Exception as error:
                logger.error("signals: a bug; going on in %s s", BUG_S, exc_info=without_words(error))
                await asyncio.sleep(BUG_S)
            if looked:  # there may be more; meanwhile others have been hinted at
                self._hinted.update(among or ())
                continue
            everywhere_at = loop.time() + BEAT_S if everywhere else everywhere_at
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, everywhere_at - loop.time()))
                await asyncio.sleep(GATHER_S)

    async def beat(self, among: Collection[RoomId] | None = None) -> int:
        """Look at the rooms that are due, a page each, and at a page of what waits; return at how many entries and
        waiting says (0: none was due)."""
        return await self._grown(among) + await self._waiting()

    async def _grown(self, among: Collection[RoomId] | None) -> int:
        async with self._store.reading() as tx:
            if not await watched.is_due(tx, among):
                return 0
        async with self._store.transaction() as tx:
            held = await watched.lease(tx, among, self._lease_s)
        return await self.look(held) if held else 0

    async def look(self, held: Sequence[Lease]) -> int:
        """Look at leased rooms from their cursors, raise what is found, move the cursors."""
        now, own, pages = await self._read(held)
        quiet: list[tuple[Lease, Seq]] = []
        broken: Exception | None = None
        looked = 0
        for one in held:
            page = pages.get(one.room, [])
            new = [heard for heard in page if heard.seq > one.seq]
            if not new:  # all of it is kept no longer
                quiet.append((one, Seq(min(one.seq + PAGE, one.last))))
                continue
            looked += len(new)
            try:
                found = findings(one.room, one.kind, [heard for heard in page if heard.seq <= one.seq], new, own)
                found += await self._ended(one, new, now)
                late = {heard.seq for heard in new if heard.trace.at < now - LATE_MS}
                found = [each for each in found if each.seq not in late]
                if found:
                    await self._raise(one, found, new[-1].seq)
                else:
                    quiet.append((one, new[-1].seq))
            except Stale:
                continue  # its next holder has it from where it stood
            except Unavailable:
                raise
            except (
                Exception
            ) as error:  # one that breaks takes no other room down; its lease runs out and it is due again
                broken = error
        if quiet:
            async with self._store.transaction() as tx:
                for one, to in quiet:
                    await watched.move(tx, one, to)
        if broken is not None:
            raise broken
        return looked

    async def _waiting(self) -> int:
        """Look at what waits and nobody has looked at, raise what is found, note it as heard; return how many."""
        new = await unheard(self._store, self._keys, PAGE)
        if not new:
            return 0
        async with self._store.reading() as tx:
            now, own = await tx.now(), await own_signals.switched_on(tx)
        rooms: dict[RoomId, list[Unheard]] = {}
        for one in new:
            rooms.setdefault(one.room, []).append(one)
        looked, broken = 0, None
        for says in rooms.values():
            try:
                looked += await self._hear(says, now, own)
            except Stale:
                continue  # another has looked meanwhile, or it is being judged: then it is due again
            except Unavailable:
                raise
            except Exception as error:
                broken = error
        if broken is not None:
            raise broken
        return looked

    async def _hear(self, says: Sequence[Unheard], now: Millis, own: Sequence[OwnSignal]) -> int:
        found = [
            each for one in says if one.text and one.at >= now - LATE_MS
            for each in findings_held(one.room, one.id, one.author, one.text, own)
        ]  # fmt: skip

        async def keep(tx: Transaction) -> None:
            if await hear(tx, [one.id for one in says]) < len(says):
                raise Stale

        if found:
            opened = await raise_cases(self._store, self._keys, found, keep)
            logger.info("signals: %d found in what waits, %d new cases", len(found), opened)
        else:
            async with self._store.transaction() as tx:
                await keep(tx)
        return len(says)

    async def _raise(self, held: Lease, found: list[Found], to: Seq) -> None:
        async def move(tx: Transaction) -> None:
            if not await watched.move(tx, held, to):
                raise Stale

        opened = await raise_cases(self._store, self._keys, found, move)
        logger.info("signals: %d found, %d new cases", len(found), opened)

    async def _ended(self, held: Lease, new: Sequence[Heard], now: Millis) -> list[Found]:
        """Return what the end of a one-to-one comes to."""
        ended = [heard.seq for heard in new if heard.trace.kind == "closed"]
        if held.kind != "one_to_one" or not ended:
            return []
        async with self._store.reading() as tx:
            who = await newcomers.many_short(tx, held.room, now)
        return [Found(held.room, ended[0], one, "newcomers", LEVELS["newcomers"]) for one in who]

    async def _read(self, held: Sequence[Lease]) -> tuple[Millis, list[OwnSignal], dict[RoomId, list[Heard]]]:
        """Return the own signals that are on, and each room's entries from LOOK_BACK before its cursor to PAGE after
        it, in order, as they were said."""
        async with self._store.reading() as tx:
            now, own = await tx.now(), await own_signals.switched_on(tx)
            cursors = pairs(tx.is_postgresql)
            near = entries.c.seq.between(cursors.c.after - LOOK_BACK + 1, cursors.c.after + PAGE)
            wanted = sa.select(entries).join(cursors, sa.and_(cursors.c.room == entries.c.room, near))
            asked = paired(tx.is_postgresql, [(one.room, one.seq) for one in held])
            rows = list(await tx.execute(wanted.order_by(entries.c.room, entries.c.seq), asked))
        said = await self._keys.many({row.author for row in rows if row.body is not None}, "said")
        pages: dict[RoomId, list[Heard]] = {}
        for row in rows:
            key = said.get(row.author)
            text = evidence.as_said(key, row.room, evidence.piece(row)) if row.kind in evidence.WORDS else None
            pages.setdefault(row.room, []).append(_heard(row, text or ""))
        return now, own, pages


def _heard(row: "sa.Row[Any]", text: str) -> Heard:
    return Heard(Seq(row.seq), Trace(row.kind, row.author, Millis(row.at), row.mac), text)
