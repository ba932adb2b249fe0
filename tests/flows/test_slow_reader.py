"""A reader that has stopped costs a bounded amount of memory, and nobody else anything."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chat.feed import FLUSH_BYTES
from chat.ids import PersonId, RoomId, Seq
from chat.outbox import HIGH_WATER_BYTES, STUCK_S, Outbox
from chat.protocol import Entry, Join
from tests.client import Client
from tests.live import Live, live
from tests.place import Place, open_place
from tests.words import words

OTHERS = 39
LONG = "and so on " * 350
"""What makes a room busy: entries of 3.5 KB."""
ASKED = 600
TURN_BYTES = 2 * FLUSH_BYTES
"""What one turn of the loop may add to a transport that was just under its mark."""


@pytest.fixture
async def one_place(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A place on SQLite alone: what a reader costs is not the database's doing."""
    async with open_place(sqlite_url, tmp_path) as place:
        yield place


async def in_a_room(
    stack: AsyncExitStack, here: Live, place: Place, others: int
) -> tuple[RoomId, Client, list[Client]]:
    """Fill a room; the first in it buffers little and can stop reading."""
    people = [await place.person() for _ in range(others + 1)]
    room = await place.room(*people, capacity=100)
    slow = await stack.enter_async_context(here.client(people[0], buffers_little=True))
    clients = [await stack.enter_async_context(here.client(person)) for person in people[1:]]
    for client in (slow, *clients):
        await client.join(room)
    return room, slow, clients


async def talk(room: RoomId, others: list[Client], count: int) -> float:
    """Say long things; return how long the others waited for one to be there, at the median, in seconds."""
    waits = []
    for n in range(count):
        before, speaker = time.monotonic(), others[n % len(others)]
        said = await speaker.say(room, words(LONG))
        assert isinstance(said, Entry)
        for client in others:
            await client.until(lambda client=client, seq=said.seq: client.entries[room][-1].seq >= seq)
        waits.append(time.monotonic() - before)
    return statistics.median(waits)


def outboxes(here: Live, client: Client) -> Iterator[Outbox]:
    """The server's end of a client's connections."""
    yield from here.hub.people.get(PersonId(client.me), ())


async def test_one_of_forty_who_stops_reading_slows_nobody_and_is_caught_up_later(one_place: Place) -> None:
    async with live(one_place, says="100000") as here, AsyncExitStack() as stack:
        room, slow, others = await in_a_room(stack, here, one_place, OTHERS)
        usual_s = await talk(room, others, 20)
        slow.reading.clear()
        with_a_stopped_one_s = await talk(room, others, 60)
        (outbox,) = outboxes(here, slow)
        assert outbox.paused, "the room was busy enough to fill what may wait"
        assert outbox.wire.waiting_bytes() <= HIGH_WATER_BYTES + TURN_BYTES
        assert with_a_stopped_one_s < 3 * usual_s + 0.05
        assert all(len(client.texts(room)) == 80 for client in others)
        slow.reading.set()
        await slow.until(lambda: len(slow.texts(room)) == 80)
        assert slow.texts(room) == others[0].texts(room)
        await others[0].say(room, words())
        await slow.until(lambda: len(slow.texts(room)) == 81)


async def test_a_burst_adds_no_more_than_its_turn_to_what_waits_for_a_stopped_reader(one_place: Place) -> None:
    async with live(one_place) as here, AsyncExitStack() as stack:
        room, slow, (other,) = await in_a_room(stack, here, one_place, 1)
        slow.reading.clear()
        last = Seq(0)
        for _ in range(300):
            last = await one_place.say(room, PersonId(other.me), words(LONG))
        (outbox,) = outboxes(here, slow)
        most = 0
        here.hub.look({room: last})
        async with asyncio.timeout(20):
            while len(other.texts(room)) < 300:
                most = max(most, outbox.wire.waiting_bytes())
                await asyncio.sleep(0)
        assert HIGH_WATER_BYTES < most <= HIGH_WATER_BYTES + TURN_BYTES
        slow.reading.set()
        await slow.until(lambda: len(slow.texts(room)) == 300)
        assert slow.texts(room) == other.texts(room)


async def test_one_who_asks_and_does_not_read_costs_no_more_than_one_who_only_does_not_read(one_place: Place) -> None:
    async with live(one_place) as here, AsyncExitStack() as stack:
        room, slow, _ = await in_a_room(stack, here, one_place, OTHERS)
        (outbox,) = outboxes(here, slow)
        slow.reading.clear()
        asking = asyncio.gather(*(slow.send(Join(room=room)) for _ in range(ASKED)))
        most = 0
        for _ in range(200):
            most = max(most, outbox.wire.waiting_bytes())
            await asyncio.sleep(0.01)
        assert HIGH_WATER_BYTES < most <= HIGH_WATER_BYTES + TURN_BYTES
        slow.reading.set()
        refs = await asking
        await slow.answer(refs[-1])


async def test_one_who_never_reads_again_is_dropped_in_ten_seconds_and_comes_back_whole(one_place: Place) -> None:
    async with live(one_place, says="100000") as here, AsyncExitStack() as stack:
        room, slow, others = await in_a_room(stack, here, one_place, 2)
        first = (await one_place.read(room))[-1].seq
        slow.reading.clear()
        await talk(room, others, 80)
        (outbox,) = outboxes(here, slow)
        assert outbox.paused
        await asyncio.sleep(STUCK_S - 3)
        assert any(outboxes(here, slow)), "a short sleep is forgiven"
        await asyncio.sleep(3 + 2)
        assert not any(outboxes(here, slow))
        held = slow.entries[room][-1].seq if slow.entries[room] else first
        again = await stack.enter_async_context(here.client(PersonId(slow.me)))
        await again.join(room, after=held)
        newest = others[0].entries[room][-1].seq
        await again.until(lambda: bool(again.entries[room]) and again.entries[room][-1].seq == newest)
        assert again.entries[room][0].seq == held + 1
