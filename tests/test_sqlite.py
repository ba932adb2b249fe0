"""SQLite's engines: what is read in no time is read at once, and nothing that takes longer holds the loop."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from chat import sqlite
from chat.refusals import Unavailable
from chat.store import POOL, Store

MANY = 1_000_000
LONG = sa.text(
    f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {MANY}) select count(*) from n"
)
COUNT = sa.text("select count(*) from kept")


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    opened = Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def kept(store: Store) -> Store:
    """A store with a table to write into."""
    async with store.transaction() as tx:
        await tx.execute(sa.text("create table kept (n integer)"))
    return store


async def test_what_is_read_in_no_time_is_read_at_once_after_everybody_else_had_a_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOOP_MS", 60_000)  # no time, however busy the machine
    loop, meanwhile = asyncio.get_running_loop(), list[int]()
    for n in range(3):
        loop.call_soon(meanwhile.append, n)
        async with store.reading() as tx:
            assert (await tx.execute(sa.text("select 1"))).scalar_one() == 1
            assert meanwhile == [n], "who reads again and again holds nobody up"
            loop.call_soon(meanwhile.append, n)
            assert (await tx.execute(sa.text("select 2"))).scalar_one() == 2
            assert meanwhile == [n]
        await asyncio.sleep(0)
        meanwhile.clear()


async def test_a_reading_sees_one_moment_also_when_all_it_asks_is_cut_short(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOOP_MS", -1)
    monkeypatch.setattr(sqlite, "LOOK", 1)
    async with kept.reading() as tx:
        for _ in range(3):
            assert (await tx.execute(COUNT)).scalar_one() == 0
            async with kept.transaction() as other:
                await other.execute(sa.text("insert into kept values (1)"))
    async with kept.reading() as tx:
        assert (await tx.execute(COUNT)).scalar_one() == 3


async def test_who_only_reads_cannot_write(kept: Store) -> None:
    with pytest.raises(Unavailable):
        async with kept.reading() as tx:
            await tx.execute(sa.text("insert into kept values (1)"))
    async with kept.reading() as tx:
        assert (await tx.execute(COUNT)).scalar_one() == 0


async def test_a_commit_that_fails_keeps_nothing_and_holds_nobody_up(kept: Store) -> None:
    async with kept.transaction() as tx:
        await tx.execute(sa.text("create table part (n integer references whole deferrable initially deferred)"))
        await tx.execute(sa.text("create table whole (n integer primary key)"))
    with pytest.raises(sa.exc.IntegrityError):
        async with kept.transaction() as tx:
            await tx.execute(sa.text("insert into kept values (1)"))
            await tx.execute(sa.text("insert into part values (1)"))
    async with asyncio.timeout(5), kept.transaction() as tx:
        assert (await tx.execute(COUNT)).scalar_one() == 0


async def test_what_takes_long_to_read_leaves_the_loop_to_others(store: Store) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    async with store.reading() as tx:
        ticks = 0
        assert (await tx.execute(LONG)).scalar_one() == MANY
        assert ticks > 3, "nobody else had a turn"
        assert (await tx.execute(sa.text("select 1"))).scalar_one() == 1, "and then the next"
    for _ in range(2 * POOL):
        reading = asyncio.ensure_future(_read(store))
        await asyncio.sleep(0.01)
        reading.cancel()
        await asyncio.wait([reading])
    async with asyncio.timeout(5), store.reading() as tx:
        assert (await tx.execute(sa.text("select 1"))).scalar_one() == 1, "given up, and no connection lost"
    ticking.cancel()


async def test_what_a_task_wrote_that_was_cancelled_is_undone_and_the_next_can_write(kept: Store) -> None:
    for _ in range(5):
        writing = asyncio.ensure_future(_write(kept))
        await asyncio.sleep(0.01)
        writing.cancel()
        await asyncio.wait([writing])
    async with asyncio.timeout(5), kept.transaction() as tx:
        assert (await tx.execute(COUNT)).scalar_one() == 0
    async with kept.transaction() as tx:
        await tx.execute(sa.text("insert into kept values (:n)"), [{"n": 1}, {"n": 2}])
    async with kept.reading() as tx:
        assert list((await tx.execute(sa.text("select n from kept order by n"))).scalars()) == [1, 2]


async def _read(store: Store) -> None:
    async with store.reading() as tx:
        await tx.execute(LONG)


async def _write(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.execute(sa.text("insert into kept values (0)"))
        await tx.execute(LONG)
