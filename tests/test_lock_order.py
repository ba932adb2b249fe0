"""Lock order: what is done at once with people, rooms, requests, offers and cases never waits in a circle.

`Transaction.lock` asserts its order; what locks rows by writing them is found by PostgreSQL, which counts its circles.
"""

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from chat.group import GroupCommit
from chat.holding import Holding
from chat.keys import Keys
from chat.seal import Keyring
from chat.settings import Settings
from chat.store import LOCK_ORDER, SERVER_SETTINGS, Store
from chat.tables import audit_head, cases, exports
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from matcher.tables import OPEN
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.bustle import Bustle
from tests.circle import Circle
from tests.place import Place
from tests.test_group import driver_of

ACTS = 240
AT_ONCE = 6
"""Acts at once in each process."""
PATIENCE_S = 150
PATIENT_MS = 15_000
"""On a machine with much else to do, a queue for one person's row has lasted 3 s; a circle lasts for ever."""
TABLES = {
    one.name: one for one in (people_table, rooms_table, requests_table, offers_table, cases, exports, audit_head)
}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
        monkeypatch.setitem(SERVER_SETTINGS, name, str(PATIENT_MS))


@pytest.mark.timeout(PATIENCE_S + 60)
async def test_nobody_waits_in_a_circle_whatever_is_done_at_once_in_two_processes(
    patient: None, circle: Circle
) -> None:
    place, url = circle.place, circle.place.store.url
    keyring = Keyring.load(place.folder / "master.keys")
    async with AsyncExitStack() as stack:
        keys = await Keys.open(f"sqlite:///{place.folder / 'keys.db'}", keyring)
        stack.push_async_callback(keys.close)
        other = Store.open(url)
        stack.push_async_callback(other.close)
        circles = [circle, Circle(Place(other, keys, place.folder), circle.encoder)]
        drivers = [driver_of(one.place, 1000) for one in circles]
        for driver in drivers:
            stack.push_async_callback(driver.close)
        holdings = [Holding(one.place.store, keys, Settings()) for one in circles]
        groups = [
            GroupCommit(driver, lambda _: None, lambda _: None, holding.take)
            for driver, holding in zip(drivers, holdings, strict=True)
        ]
        here, there = (Bustle(one, group, seed) for one, group, seed in zip(circles, groups, (7, 8), strict=True))
        await here.come()
        for _ in range(6):
            await here.newcomer()
        there.staff, there.members, there.rooms, there.chats = here.staff, here.members, here.rooms, here.chats
        waiting = iter(range(ACTS))

        async def one_after_another(bustle: Bustle) -> None:
            for _ in waiting:
                await bustle.act()

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(group.run())
            keeping = [tasks.create_task(holding.run()) for holding in holdings]
            async with asyncio.TaskGroup() as acting:
                for bustle in [here, there] * AT_ONCE:
                    acting.create_task(one_after_another(bustle))
            for group in groups:
                group.end()
            for one in keeping:
                one.cancel()
        refused = here.refused.keys() | there.refused.keys()
        assert here.done + there.done > ACTS / 4
        assert "unavailable" not in refused, "a lock was waited for too long"
        await until_nothing_is_torn(place)


async def until_nothing_is_torn(place: Place) -> None:
    """No circle was found, no number is missing, and no request or offer is half done."""
    async with place.store.reading() as tx:
        if tx.is_postgresql:
            found = sa.text("select deadlocks from pg_stat_database where datname = current_database()")
            assert (await tx.execute(found)).scalar_one() == 0
    for row in await place.rows(rooms_table):
        seqs = [entry.seq for entry in await place.read(row.id)]
        assert seqs == list(range(row.last_seq - len(seqs) + 1, row.last_seq + 1))
    asked = {row.id: row for row in await place.rows(requests_table)}
    still = [row.person for row in asked.values() if row.state in OPEN]
    assert len(still) == len(set(still)), "one open request a person"
    standing = [row.request for row in await place.rows(offers_table, offers_table.c.ended_at.is_(None))]
    assert sorted(standing) == sorted(row.id for row in asked.values() if row.state == "offered")
    taken = [row.request for row in await place.rows(offers_table, offers_table.c.state == "accepted")]
    assert len(taken) == len(set(taken)), "whoever is erased takes their offers along"
    assert set(taken) <= {row.id for row in asked.values() if row.state == "accepted"}


async def test_what_is_locked_out_of_order_is_a_bug_that_shows_at_once(circle: Circle) -> None:
    for first, second in itertools.combinations(LOCK_ORDER, 2):
        async with circle.place.store.transaction() as tx:
            await tx.lock(TABLES[first], [3, 1])
            await tx.lock(TABLES[second], [1])
            await tx.lock(TABLES[first], [1])  # held already
            with pytest.raises(AssertionError):
                await tx.lock(TABLES[first], [4])
    async with circle.place.store.transaction() as tx:
        await tx.lock(TABLES["rooms"], [2, 5])
        with pytest.raises(AssertionError):
            await tx.lock(TABLES["rooms"], [3])
