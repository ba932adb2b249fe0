"""Retention: what is kept no longer than was promised, by the database's clock.

Every process sweeps; each step is a small transaction of its own that any other may have done before. Words go first;
the rows they stood in outlive them by 30 days, so that a message sent again is still known by its say_id.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import sqlalchemy as sa

from chat import audit, bans, debriefs, erasure, held, holding, passphrases, quieting, sessions
from chat.clock import Clock
from chat.ids import CaseId, Millis
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.settings import Settings
from chat.store import Store, Transaction, paired, pairs
from chat.tables import (
    acts,
    cases,
    entries,
    escalations,
    evidence,
    hidden,
    links,
    mutes,
    people,
    reviews,
    rooms,
    thirds,
)
from chat.tables import audit as audit_table

logger = logging.getLogger(__name__)

SWEEP_S = 60.0
BATCH = 500
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LOG_DAYS = 1
"""What processes tell each other in a room nobody is in is read at once; kept longer it would tell who did what."""
ROWS_DAYS = 30
ORPHANS_EVERY = 60
"""Sweeps between two looks for keys that belong to nobody."""

Expire = Callable[[Transaction, Settings, Millis], Awaitable[int]]
"""What another package keeps no longer, by a clock that is trusted: a batch of it, in a transaction of its own. Returns
how many rows were due; it is called again until none was."""


async def run(store: Store, keys: Keys, settings: Settings, also: Sequence[Expire] = ()) -> None:
    """Sweep once a minute, for ever."""
    retention = Retention(store, keys, settings, Clock(), also)
    while True:
        try:
            await retention.sweep()
        except Unavailable:
            logger.info("retention waits for the database")
        except Exception as error:  # a bug must not end the process; what was due is due in a minute, too
            logger.error("a sweep failed", exc_info=without_words(error))
        await asyncio.sleep(SWEEP_S)


class Retention:
    """One process's sweeps."""

    def __init__(
        self, store: Store, keys: Keys, settings: Settings, clock: Clock, also: Sequence[Expire] = ()
    ) -> None:  # fmt: skip
        self._store = store
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._also = also
        self._sweeps = 0
        self._suspects: set[tuple[int, str]] = set()

    async def sweep(self) -> bool:
        """Destroy what is due; False when the clock cannot be trusted, and then nothing is."""
        async with self._store.transaction() as tx:
            now = await self._clock.beat(tx)
        if now is None:
            return False
        keep = self._settings
        await self._expire_doors(now)  # first: whatever else fails or takes long, who is out is out
        await self._destroy_hidden(Millis(now - keep.hidden_hours * HOUR_MS))
        await held.end_due(self._store)
        await holding.open_missing(self._store, self._keys)
        await held.forget(self._store, now - keep.hidden_hours * HOUR_MS, now - ROWS_DAYS * DAY_MS)
        await self._expire(("log",), Millis(now - LOG_DAYS * DAY_MS))
        await self._expire(("group", "inbox"), Millis(now - keep.keep_group_days * DAY_MS))
        await self._expire(("desk",), Millis(now - keep.keep_case_days * DAY_MS))
        await self._expire_one_to_ones(Millis(now - keep.keep_one_to_one_days * DAY_MS))
        await self._drop_rows(now)
        await self._expire_cases(Millis(now - keep.keep_case_days * DAY_MS))
        await self._expire_audit(now)
        await erasure.finish_due(self._store, self._keys, hidden_hours=keep.hidden_hours)
        if self._sweeps % ORPHANS_EVERY == 0:
            await self.sweep_keys()
            await erasure.truncate(self._store)
        self._sweeps += 1
        for expire in self._also:  # last: what fails there holds up nothing here
            await self._expire_also(expire, now)
        return True

    async def sweep_keys(self) -> None:
        """Destroy the keys of cases that have closed, and of cases and people that were never kept: the transaction
        they were made for failed. Those are seen absent twice first, because a key is made before its row."""
        alive = await self._keys.owners("case")
        async with self._store.reading() as tx:
            found = {row.id: row.state for row in await tx.execute(sa.select(cases.c.id, cases.c.state))}
            known = set((await tx.execute(sa.select(people.c.id))).scalars())
        for case in sorted(one for one in alive if found.get(one) == "closed"):
            await self._keys.destroy(case, "case")
        absent = {(one, "case") for one in alive if one not in found}
        absent |= {(one, "person") for one in await self._keys.owners("said") if one not in known}
        for owner, kind in sorted(absent & self._suspects):
            await (self._keys.destroy(owner, "case") if kind == "case" else self._keys.destroy(owner, "said", "own"))
        self._suspects = absent - self._suspects

    async def _destroy_hidden(self, until: Millis) -> None:
        """Destroy the words that were retracted, edited or removed."""
        due = sa.select(hidden.c.room, hidden.c.seq).where(hidden.c.at <= until, ~hidden.c.destroyed).limit(BATCH)
        while True:
            async with self._store.transaction() as tx:
                found = [(row.room, row.seq) for row in await tx.execute(due)]
                if not found:
                    return
                these = paired(tx.is_postgresql, found)
                await tx.execute(sa.update(entries).where(_among(tx, entries)).values(body=None), these)
                await tx.execute(sa.update(hidden).where(_among(tx, hidden)).values(destroyed=True), these)

    async def _expire(self, kinds: tuple[str, ...], until: Millis) -> None:
        """Move the beginning of each room of these kinds past what is older, and destroy the words before it."""
        room = (entries.c.room + 0).label("room")  # or SQLite walks the whole table, room by room, to group it
        newest = sa.select(room, sa.func.max(entries.c.seq).label("seq")).join(
            rooms, rooms.c.id == entries.c.room
        ).where(
            rooms.c.kind.in_(kinds), entries.c.at < until, entries.c.seq >= rooms.c.first_seq
        ).group_by(room)  # fmt: skip
        async with self._store.reading() as tx:
            due = [(row.room, row.seq) for row in await tx.execute(newest)]
        for room, seq in due:
            await self._begin_after(room, seq)

    async def _expire_one_to_ones(self, until: Millis) -> None:
        """Empty the one-to-ones that ended long enough ago."""
        ended = sa.select(rooms.c.id, rooms.c.last_seq).where(
            rooms.c.kind == "one_to_one", rooms.c.closed_at < until, rooms.c.first_seq <= rooms.c.last_seq
        )
        async with self._store.reading() as tx:
            due = [(row.id, row.last_seq) for row in await tx.execute(ended)]
        for room, seq in due:
            await self._begin_after(room, seq)

    async def _begin_after(self, room: int, seq: int) -> None:
        async with self._store.transaction() as tx:
            await tx.lock(rooms, [room])
            begun = sa.update(rooms).where(rooms.c.id == room, rooms.c.first_seq <= seq)
            await tx.execute(begun.values(first_seq=seq + 1))
            emptied = sa.update(entries).where(
                entries.c.room == room, entries.c.seq <= seq, entries.c.body.is_not(None)
            )
            await tx.execute(emptied.values(body=None))

    async def _drop_rows(self, now: Millis) -> None:
        """Delete rows whose words have expired 30 days ago, and by then their say_ids may be forgotten."""
        keep = self._settings
        ended = rooms.c.kind == "one_to_one"
        since = sa.case((ended, rooms.c.closed_at), else_=entries.c.at)
        until = sa.case(
            (ended, _before(now, keep.keep_one_to_one_days + ROWS_DAYS)),
            (rooms.c.kind == "desk", _before(now, keep.keep_case_days + ROWS_DAYS)),
            (rooms.c.kind == "log", _before(now, LOG_DAYS)),
            else_=_before(now, keep.keep_group_days + ROWS_DAYS),
        )
        # `+ 0`: or SQLite walks through all entries and looks each one's room up, not the few before each beginning
        due = sa.select(entries.c.room, entries.c.seq).join(rooms, entries.c.room == rooms.c.id + 0).where(
            sa.or_(rooms.c.kind == "log", entries.c.at < now - ROWS_DAYS * DAY_MS), entries.c.seq < rooms.c.first_seq,
            since < until,
        ).limit(BATCH)  # fmt: skip
        while True:
            async with self._store.transaction() as tx:
                found = [(row.room, row.seq) for row in await tx.execute(due)]
                if not found:
                    return
                for table in (hidden, entries):
                    await tx.execute(sa.delete(table).where(_among(tx, table)), paired(tx.is_postgresql, found))

    async def _expire_also(self, expire: Expire, now: Millis) -> None:
        while True:
            async with self._store.transaction() as tx:
                if not await expire(tx, self._settings, now):
                    return

    async def _expire_cases(self, until: Millis) -> None:
        async with self._store.reading() as tx:
            wanted = sa.select(cases.c.id).where(cases.c.created_at < until)
            due = [CaseId(one) for one in (await tx.execute(wanted)).scalars()]
        for case in due:
            async with self._store.transaction() as tx:
                await tx.lock(cases, [case])
                for table in (evidence, escalations, reviews, thirds):
                    await tx.execute(sa.delete(table).where(table.c.case == case))
                await tx.execute(sa.delete(cases).where(cases.c.id == case))
            await self._keys.destroy(case, "case")

    async def _expire_audit(self, now: Millis) -> None:
        keep = self._settings
        async with self._store.transaction() as tx:
            old = sa.update(audit_table).where(audit_table.c.at < now - keep.keep_case_days * DAY_MS)
            await tx.execute(old.where(audit_table.c.body.is_not(None)).values(body=None))
            await audit.forget(tx, self._keys.derive("audit"), Millis(now - keep.keep_audit_days * DAY_MS))
            anchor = await audit.anchor(tx, self._keys.derive("audit"))
        if self._sweeps % ORPHANS_EVERY == 0:
            logger.info("audit anchor %s", anchor)

    async def _expire_doors(self, now: Millis) -> None:
        """End bans, slow modes and sessions that are over; delete links that open nothing, tries that count no more,
        old acts, old debriefs.

        A socket outlives its session by SWEEP_S, the sweep itself and one beat of the hub, at the most.
        """
        await bans.end_due(self._store)
        await quieting.end_due(self._store)
        async with self._store.reading() as tx:
            due = await sessions.expired(tx, now)
        for person in due:
            async with self._store.transaction() as tx:
                await sessions.end_expired(tx, person, now)
        async with self._store.transaction() as tx:
            await passphrases.forget_tries(tx, now)
            await debriefs.forget_old(tx, now)
            await tx.execute(sa.delete(links).where(links.c.expires_at < now - DAY_MS))
            old = now - self._settings.keep_case_days * DAY_MS
            await tx.execute(sa.delete(mutes).where(mutes.c.until < old))
            ended = sa.or_(
                acts.c.until < old,
                acts.c.undone_at < old,
                acts.c.kind.in_(["warned", "removed", "cleared", "declined"]),
            )
            appealed = sa.exists().where(cases.c.act == acts.c.id)  # who made it stays recused from the appeal
            await tx.execute(sa.delete(acts).where(acts.c.made_at < old, ended, ~appealed))


def _before(now: Millis, days: int) -> "sa.ColumnElement[int]":
    return sa.literal(now - days * DAY_MS, sa.BigInteger)


def _among(tx: Transaction, table: sa.Table) -> "sa.ColumnElement[bool]":
    """One of those named by `paired`: as a table, because SQLite looks for none of a list of pairs by its index."""
    these = pairs(tx.is_postgresql)
    return sa.tuple_(table.c.room, table.c.seq).in_(sa.select(these.c.room, these.c.after))
