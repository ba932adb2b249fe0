"""Erasure: a person asks to be forgotten, and no copy of anything opens any more.

The order is the point: the journal's line is on the disk first, then the row in the database changes, then the key
dies. Whatever is cut short is finished at the next start, over a restored backup too, before a port opens.

What is only theirs dies at once, an appeal of theirs too. What they said to others dies `hidden_hours` later, so that
who was hurt can still report it; evidence that was frozen lives until its case closes.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing

import sqlalchemy as sa

from chat import rooms, sessions
from chat.ids import CaseId, Millis, PersonId
from chat.journal import Journal
from chat.keys import Keys
from chat.refusals import NotAMember
from chat.store import Store, Transaction
from chat.tables import blocks, cases, channels, debriefs, entries, evidence, held, links, people, roles, shifts, thirds
from chat.tables import rooms as rooms_table

logger = logging.getLogger(__name__)

HOUR_MS = 3_600_000
CHECKPOINT_S = 0.2
"""Readings take milliseconds; who writes waits meanwhile, so it is tried often rather than long."""
CHECKPOINT_TRIES = 10

Forget = Callable[[Transaction, PersonId], Awaitable[None]]
"""What another package forgets of a person, in a transaction of its own; repeating is harmless."""


async def erase(store: Store, keys: Keys, journal: Journal, person: PersonId, also: Sequence[Forget] = ()) -> None:
    """Erase an account. When this returns, nothing of theirs opens but what they said to others (see `finish_due`).

    Repeating is harmless. When it fails after the journal's line, the next start finishes it.

    Raises:
        NotAMember: no such person.
    """
    async with store.reading() as tx:
        if (await tx.execute(sa.select(people.c.id).where(people.c.id == person))).first() is None:
            raise NotAMember
        at = await tx.now()
    await journal.append("erased", person, at)
    await _erase(store, keys, person, at, also)
    await truncate(store)


async def finish_due(store: Store, keys: Keys, *, hidden_hours: int) -> int:
    """Destroy the `said` keys, and then the bodies, of who was erased `hidden_hours` ago; return how many people."""
    async with store.reading() as tx:
        due = sa.select(people.c.id).where(
            people.c.state == "erased", people.c.erased_at <= await tx.now() - hidden_hours * HOUR_MS
        )
        asked = list((await tx.execute(due)).scalars())
    found = sorted(await keys.owners("said", asked))
    for person in found:
        async with store.transaction() as tx:
            emptied = sa.update(entries).where(entries.c.author == person, entries.c.say_id.is_not(None))
            await tx.execute(emptied.values(body=None, mac=None))
        await keys.destroy(person, "said")
    if found:
        await truncate(store)
    return len(found)


async def replay(store: Store, keys: Keys, journal: Journal, *, hidden_hours: int, also: Sequence[Forget] = ()) -> int:
    """Do again whatever the journal says was done: at every start, after migrations and before a port opens.

    Returns how many people and cases had to be erased again (0 but after a crash or a restore).
    """
    again = 0
    lines = journal.read()
    erased = {PersonId(one.id): one.at for one in reversed(lines) if one.what == "erased"}
    closed = {CaseId(one.id) for one in lines if one.what == "closed"}
    async with store.reading() as tx:
        standing = set((await tx.execute(sa.select(people.c.id).where(people.c.state != "erased"))).scalars())
        open_cases = set((await tx.execute(sa.select(cases.c.id).where(cases.c.state != "closed"))).scalars())
    for person in sorted(await keys.owners("own", erased) | (standing & set(erased))):
        await _erase(store, keys, PersonId(person), erased[PersonId(person)], also)
        again += 1
    for case in sorted(await keys.owners("case", closed) | (open_cases & closed)):
        async with store.transaction() as tx:
            await tx.execute(sa.delete(evidence).where(evidence.c.case == case))
            ended = sa.update(cases).where(cases.c.id == case, cases.c.state != "closed")
            await tx.execute(ended.values(state="closed", closed_at=await tx.now()))
        await keys.destroy(case, "case")
        again += 1
    await finish_due(store, keys, hidden_hours=hidden_hours)
    said = await keys.owners("said", erased)
    async with store.reading() as tx:
        known = set((await tx.execute(sa.select(people.c.id).where(people.c.id.in_(sorted(said))))).scalars())
    for person in sorted(said - known):  # the database of the backup is older than the person
        await keys.destroy(person, "said")
    if again:
        logger.warning("erased again what a crash or a backup had left: %d people and cases", again)
        await truncate(store)
    return again


async def truncate(store: Store) -> bool:
    """Make SQLite write its log back into the file and cut it to nothing: what was overwritten is in no file now.

    Returns False when readers were in the way every time: the hourly sweep tries again.
    """
    if store.gate is None:
        return True
    path = store.url.removeprefix("sqlite:///")

    def checkpoint() -> bool:
        with closing(sqlite3.connect(path, timeout=CHECKPOINT_S, isolation_level=None)) as connection:
            busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return busy == 0

    for _ in range(CHECKPOINT_TRIES):
        async with store.gate():
            if await asyncio.to_thread(checkpoint):
                return True
        await asyncio.sleep(CHECKPOINT_S)
    logger.info("the write-ahead log is in use and was not truncated")
    return False


async def _erase(store: Store, keys: Keys, person: PersonId, at: Millis, also: Sequence[Forget]) -> None:
    async with store.transaction() as tx:
        row = (await tx.lock(people, [person])).get(person)
        if row is not None and row.state != "erased":
            await _forget(tx, person, at)
    try:
        for forget in also if row is not None else ():
            async with store.transaction() as tx:
                await forget(tx, person)
    finally:  # whatever could not be forgotten opens no more
        async with store.reading() as tx:
            theirs = sa.select(cases.c.id).where(cases.c.subject == person, cases.c.kind == "appeal")
            appeals = list((await tx.execute(theirs)).scalars())
        for case in await keys.owners("case", appeals):
            await keys.destroy(case, "case")
        await keys.destroy(person, "own")  # last: as long as it is there, the next start does all this again


async def _forget(tx: Transaction, person: PersonId, at: Millis) -> None:
    await rooms.leave_all(tx, person, "erased")
    await sessions.end_all(tx, person)
    theirs = (
        roles.c.person, links.c.person, blocks.c.person, blocks.c.blocked, shifts.c.person, channels.c.person,
        debriefs.c.person, held.c.author, thirds.c.person,
    )  # fmt: skip
    for column in theirs:
        await tx.execute(sa.delete(column.table).where(column == person))
    await tx.execute(
        sa.update(people)
        .where(people.c.id == person)
        .values(state="erased", erased_at=at, nickname=None, skeleton=None, recovery=None, passphrase=None)
    )
    appeals = sa.and_(cases.c.subject == person, cases.c.kind == "appeal", cases.c.state != "closed")
    await tx.execute(sa.delete(evidence).where(evidence.c.case.in_(sa.select(cases.c.id).where(appeals))))
    await tx.execute(sa.update(cases).where(appeals).values(state="closed", closed_at=at))
    inbox = sa.select(people.c.inbox).where(people.c.id == person).scalar_subquery()
    await tx.execute(sa.update(rooms_table).where(rooms_table.c.id == inbox).values(state="closed", closed_at=at))
