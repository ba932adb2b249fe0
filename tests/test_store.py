"""The store: a database that is away, or busy, is a refusal and never a bug."""

import asyncio
import signal

import pytest
import sqlalchemy as sa

from chat.refusals import Unavailable
from chat.store import Store
from chat.tables import rooms
from tests import servers
from tests.place import Place


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer, who waits at the gate
async def test_a_row_that_a_hung_process_holds_refuses_and_is_no_bug(place: Place) -> None:
    room = await place.room()
    hung = Store.open(place.store.url)
    try:
        async with asyncio.timeout(20), hung.transaction() as held:
            await held.lock(rooms, [room])
            with pytest.raises(Unavailable):
                async with place.store.transaction() as tx:
                    await tx.lock(rooms, [room])
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
