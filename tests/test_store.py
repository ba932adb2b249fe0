"""The store: a database that is away, or busy, is a refusal and never a bug."""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from chat.group_postgres import PostgresDriver
from chat.group_sqlite import SqliteDriver
from chat.refusals import Unavailable
from chat.sqlite import BUSY_TIMEOUT_MS
from chat.store import IDLE_TIMEOUT_MS, LOCK_TIMEOUT_MS, POOL, Store
from chat.tables import meta, rooms
from tests import servers
from tests.place import Place
from tests.test_group import driver_of, speaking

LASTING = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1,
           "busy_timeout": BUSY_TIMEOUT_MS}  # fmt: skip
"""Written ahead, synced before a commit ends (2 is FULL), and what is deleted overwritten."""
KEYS = {"journal_mode": "delete", "synchronous": 2, "secure_delete": 1, "busy_timeout": 5000}
"""No log beside the keys: one that was destroyed must leave no copy in any file."""
BOUNDED = {"lock_timeout": LOCK_TIMEOUT_MS, "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer, who waits at the gate
async def test_a_row_that_a_hung_process_holds_refuses_and_is_no_bug(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    room = await place.room()
    hung = Store.open(place.store.url)
    try:
        async with asyncio.timeout(20), hung.transaction() as held:
            await held.lock(rooms, [room])
            with pytest.raises(Unavailable):
                async with place.store.transaction() as tx:
                    await tx.lock(rooms, [room])
        assert caplog.messages == ["database: Error 55P03"]
    finally:
        await hung.close()


async def test_a_database_that_is_going_down_refuses_and_is_no_bug() -> None:
    with servers.postgresql_cluster() as cluster, cluster.database() as url:
        held, fresh = Store.open(url), Store.open(url)
        try:
            async with held.reading() as tx:
                await tx.execute(sa.text("select 1"))
                cluster.child.process.send_signal(signal.SIGTERM)  # smart: who is in stays, nobody else is let in
                await asyncio.to_thread(cluster.child.wait_until, lambda: "smart shutdown" in cluster.child.said())
                with pytest.raises(Unavailable):
                    async with asyncio.timeout(20), fresh.reading() as other:
                        await other.execute(sa.text("select 1"))
        finally:
            await held.close()
            await fresh.close()
            cluster.child.kill()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_connection_to_sqlite_syncs_what_it_commits_and_overwrites_what_it_deletes(place: Place) -> None:
    async with AsyncExitStack() as all_of_them:
        pool = [await all_of_them.enter_async_context(place.store.reading()) for _ in range(POOL)]
        for tx in (*pool, await all_of_them.enter_async_context(place.store.transaction())):
            told = {name: (await tx.execute(sa.text(f"pragma {name}"))).scalar_one() for name in LASTING}
            assert told == LASTING
    async with place.keys._engine.connect() as connection:
        told = {name: (await connection.execute(sa.text(f"pragma {name}"))).scalar_one() for name in KEYS}
        assert told == KEYS
    a, driver, gate = await place.person(), driver_of(place), place.store.gate
    async with speaking(place, driver=driver) as speakers:
        await speakers.say(await place.room(a), a)
        assert isinstance(driver, SqliteDriver) and gate is not None
        its = driver._connection
        assert its is not None
        assert await gate.run(lambda: {one: its.execute(f"pragma {one}").fetchone()[0] for one in LASTING}) == LASTING


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_no_connection_to_postgresql_waits_or_holds_for_ever_or_commits_what_is_not_synced(place: Place) -> None:
    shown = f"select name, setting from pg_settings where name in {(*BOUNDED, 'synchronous_commit')}"
    async with AsyncExitStack() as all_of_them:
        pool = [await all_of_them.enter_async_context(place.store.reading()) for _ in range(POOL)]
        for tx in (*pool, await all_of_them.enter_async_context(place.store.transaction())):
            require_bounded({row.name: row.setting for row in await tx.execute(sa.text(shown))})
    a, driver = await place.person(), driver_of(place)
    async with speaking(place, driver=driver) as speakers:
        await speakers.say(await place.room(a), a)
        assert isinstance(driver, PostgresDriver) and driver._connection is not None
        require_bounded({row["name"]: row["setting"] for row in await driver._connection.fetch(shown)})


def require_bounded(told: dict[str, str]) -> None:
    assert told.pop("synchronous_commit") != "off"
    assert told == {name: str(ms) for name, ms in BOUNDED.items()}


async def test_a_transaction_that_is_cancelled_at_any_line_keeps_nobody_waiting(place: Place) -> None:
    given_up = []
    for turns in range(60):

        async def write() -> None:
            async with place.store.transaction() as tx:
                await tx.execute(sa.update(meta).values(value=meta.c.value))
                await tx.now()

        cancelled = asyncio.ensure_future(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        given_up.append(cancelled)  # and with it its traceback, and in that the statement
        await write()
    assert any(one.cancelled() for one in given_up)
