"""The reader brings what the timeline holds to whoever is behind, in every room they follow."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from chat.feed import Feed
from chat.ids import RoomId, Seq
from chat.outbox import Follower, Outbox, Turn
from chat.reader import BEAT_ROOMS, Reader
from chat.store import Store
from tests.place import Place
from tests.test_feed import Screen
from tests.words import words


def follow(feeds: dict[RoomId, Feed], outbox: Outbox, room: RoomId, last: int) -> Follower:
    """Follow a room from its beginning, which is behind its end."""
    feed = feeds[room] = Feed(room)
    feed.start(last)
    follower = outbox.follows[room] = feed.followers[outbox] = Follower(0, 1, silent=False)
    return follower


async def test_a_room_followed_while_another_one_is_caught_up_is_caught_up_too(place: Place) -> None:
    a = await place.person()
    rooms = [await place.room(a), await place.room(a)]
    for room in rooms:
        await place.say(room, a, words())
    feeds: dict[RoomId, Feed] = {}
    reader = Reader(place.store, place.keys, feeds, lambda _: None, lambda *_: None, lambda *_: None)
    screen = Screen()
    outbox = Outbox(screen, Turn(), a, 1)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(reader.run(3600))
        await asyncio.sleep(0)
        first = follow(feeds, outbox, rooms[0], 2)
        reader.catch_up(outbox)
        await asyncio.sleep(0)  # it has begun, and has looked which rooms there are
        second = follow(feeds, outbox, rooms[1], 2)
        reader.catch_up(outbox)
        async with asyncio.timeout(5):
            while (first.cursor, second.cursor) != (2, 2):  # noqa: ASYNC110  (a cursor tells nobody that it moves)
                await asyncio.sleep(0.01)
        running.cancel()
    assert [entry["seq"] for entry in screen.entries()] == [1, 2, 1, 2]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite nothing holds a reading up
async def test_a_catching_up_that_the_database_cut_short_is_taken_up_again_by_the_beat(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    await place.say(room, a, words())
    feeds: dict[RoomId, Feed] = {}
    reader = Reader(place.store, place.keys, feeds, lambda _: None, lambda *_: None, lambda *_: None)
    screen = Screen()
    outbox = Outbox(screen, Turn(), a, 1)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
        running = tasks.create_task(reader.run(3600))
        await asyncio.sleep(0)
        follower = follow(feeds, outbox, room, 2)
        async with place.store.transaction() as tx:
            await tx.execute(sa.text("lock table entries in access exclusive mode"))
            reader.catch_up(outbox)
            while outbox in reader._behind:  # noqa: ASYNC110  (until the lock could not be had in time)
                await asyncio.sleep(0.05)
            assert follower.cursor == 0
        await reader._beat()
        while follower.cursor != 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        running.cancel()
    assert [entry["seq"] for entry in screen.entries()] == [1, 2]


@contextmanager
def asked(store: Store) -> Iterator[list[str]]:
    """What is asked of the database for as long as the block lasts, but for where transactions begin."""
    found: list[str] = []

    def hear(_: object, __: object, statement: str, *rest: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    engine = store._reader.sync_engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(("followed", "statements"), [(50, 1), (2 * BEAT_ROOMS + 1, 3)])
async def test_a_beat_is_one_statement_for_as_many_rooms_as_go_into_one(
    place: Place, followed: int, statements: int
) -> None:
    grown = [await place.room(await place.person()) for _ in range(3)]
    feeds = {room: Feed(room) for room in (*grown, *map(RoomId, range(1, followed - 2)))}
    for feed in feeds.values():
        feed.start(0)
    heard: dict[RoomId, Seq] = {}
    reader = Reader(place.store, place.keys, feeds, heard.update, lambda *_: None, lambda *_: None)
    with asked(place.store) as found:
        await reader._beat()
    assert heard == dict.fromkeys(grown, 1)
    assert len(found) == statements, f"{len(found)} statements for {len(feeds)} rooms"
