"""Group commit: whoever hears of an entry, its author first, hears of what is kept."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import sqlalchemy as sa

from chat.group import GroupCommit
from chat.group_sqlite import SqliteDriver
from chat.tables import entries
from tests.place import Place
from tests.test_group import PATIENCE_S, Speakers, code, driver_of, none_holds

Arrived = Callable[[], Awaitable[None]]
"""Returns when a group has done all but its commit."""
HOLD = (
    "create function hold() returns trigger language plpgsql as"
    " 'begin perform pg_advisory_xact_lock(1); return null; end'",
    "create constraint trigger hold after insert on entries deferrable initially deferred"
    " for each row execute function hold()",
)
"""A deferred constraint is looked at when its transaction ends: the commit itself waits for the lock."""


@asynccontextmanager
async def postgresql_holds(place: Place) -> AsyncIterator[Arrived]:
    """A gate: no group is committed before the end of the block."""
    async with place.store.transaction() as tx:
        for statement in HOLD:
            await tx.execute(sa.text(statement))
    async with place.store.transaction() as tx:
        await tx.execute(sa.text("select pg_advisory_xact_lock(1)"))
        yield place.until_one_waits


@asynccontextmanager
async def sqlite_holds(driver: SqliteDriver) -> AsyncIterator[Arrived]:
    """A gate: no group is committed before the end of the block. The driver has its connection already."""
    stands, may_go = threading.Event(), threading.Event()

    def hold(statement: str) -> None:
        if statement == "commit":
            stands.set()
            may_go.wait(PATIENCE_S)

    async def arrived() -> None:
        assert await asyncio.to_thread(stands.wait, PATIENCE_S)

    assert driver._connection is not None
    driver._connection.set_trace_callback(hold)  # SQLite calls it in the writer's thread before a statement runs
    try:
        yield arrived
    finally:
        may_go.set()


async def test_nobody_is_told_of_an_entry_whose_commit_has_not_ended(place: Place) -> None:
    a, driver = await place.person(), driver_of(place)
    room = await place.room(a)
    told: list[str] = []
    group = GroupCommit(driver, lambda _: told.append("the room"), lambda _: told.append("other processes"), none_holds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run())
        speakers = Speakers(place, group)
        await speakers.say(room, a)
        told.clear()
        holds: AbstractAsyncContextManager[Arrived]
        holds = sqlite_holds(driver) if isinstance(driver, SqliteDriver) else postgresql_holds(place)
        async with holds as arrived:
            saying = tasks.create_task(speakers.say(room, a))
            await arrived()
            await asyncio.sleep(0.05)
            assert not saying.done() and not told
            assert len(await place.rows(entries, entries.c.kind == "said")) == 1
        assert code(await saying) == "said"
        assert told == ["the room", "other processes"]
        assert len(await place.rows(entries, entries.c.kind == "said")) == 2
        group.end()
    await driver.close()
