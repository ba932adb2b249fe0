"""A `web` process that is stopped in its tracks while it holds a room: the room is free again within seconds."""

import asyncio
import secrets
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat.ids import RoomId
from chat.protocol import Entry, Refused, Say
from chat.store import IDLE_TIMEOUT_MS, LOCK_TIMEOUT_MS
from chat.tables import rooms as rooms_table
from tests.client import Client
from tests.live import live
from tests.place import Place
from tests.town import open_town
from tests.words import words

pytestmark = pytest.mark.timeout(180)
FREE_AGAIN_S = (IDLE_TIMEOUT_MS + LOCK_TIMEOUT_MS) / 1000 + 4
"""What it may take: the stopped one's time, a wait for the lock that had begun before, and a busy machine."""


async def until_one_is_idle_in_transaction(place: Place) -> None:
    """Wait until PostgreSQL has done all it was asked in a transaction, and hears no more."""
    idle = sa.text(
        "select count(*) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
        " and query like '%from rooms%for no key update%'"
    )
    async with asyncio.timeout(5):
        while True:
            async with place.store.reading() as tx:
                if (await tx.execute(idle)).scalar_one():
                    return
            await asyncio.sleep(0.01)


async def say_until_kept(client: Client, room: RoomId, text: str) -> Entry:
    """Say the same again, as a page does, for as long as the database is told to be away."""
    say_id = secrets.token_urlsafe(9)
    async with asyncio.timeout(30):
        while True:
            answer = await client.say(room, text, say_id)
            if isinstance(answer, Entry):
                return answer
            assert isinstance(answer, Refused) and answer.code == "unavailable", answer


async def test_a_process_that_is_stopped_while_it_holds_a_room_does_not_keep_it(
    postgresql_url: str, tmp_path: Path
) -> None:
    with open_town(postgresql_url, tmp_path, None, 1) as town:
        async with town.place() as place, live(place) as here:
            a, b = await place.person(), await place.person()
            room = await place.room(a, b)
            mine, theirs = words(), words()
            async with town.client(place, a, 0) as stopped, here.client(b) as other:
                await stopped.join(room)
                await other.join(room)
                async with place.store.transaction() as tx:
                    await tx.lock(rooms_table, [room])
                    await stopped.send(Say(room=room, say_id="stopped-say", text=theirs))
                    await place.until_one_waits()  # its author is locked, and it asks for the room
                    town.webs[0].freeze()
                try:
                    await until_one_is_idle_in_transaction(place)  # it has got the room, and does not know
                    before = time.monotonic()
                    kept = await say_until_kept(other, room, mine)
                    assert 1 < time.monotonic() - before < FREE_AGAIN_S
                finally:
                    town.webs[0].thaw()
                await stopped.until(lambda: sorted(stopped.texts(room)) == sorted([mine, theirs]))
                await other.until(lambda: sorted(other.texts(room)) == sorted([mine, theirs]))
                assert kept.seq == 3, "nothing of the stopped one was kept before it went on"
                assert [entry.seq for entry in await place.read(room)] == [1, 2, 3, 4]
