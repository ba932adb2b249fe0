"""Hints and the beat cover for each other between processes, so each is tested alone, and then both at their worst.

Everyone sees each entry once and in order: `client.Client` fails at the first entry that is not the next one.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from chat import sessions
from chat.bus import Bus, Message, Receiver
from chat.bus_local import LocalBus
from chat.bus_redis import RedisBus
from chat.ids import PersonId, RoomId
from chat.protocol import Refused, Typing
from tests import servers
from tests.client import Client
from tests.live import NEVER_S, Live, live
from tests.place import Place
from tests.words import words

MakeBus = Callable[[], Bus]
EACH_SAYS = 20


class BadBus:
    """Loses three in ten messages, repeats three in ten, and lets them overtake each other."""

    def __init__(self, bus: Bus, seed: int) -> None:
        self._bus = bus
        self._random = random.Random(seed)

    def publish(self, message: Message) -> None:
        """Send it never, once or twice, some time in the next 50 ms."""
        for _ in range(self._random.choices((0, 1, 2), (3, 4, 3))[0]):
            asyncio.get_running_loop().call_later(self._random.random() * 0.05, self._bus.publish, message)

    async def run(self, receive: Receiver) -> None:
        """Carry what is left."""
        await self._bus.run(receive)


@pytest.fixture
def make_bus(place: Place, redis_server: servers.Redis) -> MakeBus:
    """Make the bus of one more process: Redis beside PostgreSQL, the local one beside SQLite, as they are run."""
    name = secrets.token_hex(8)
    if place.store.is_postgresql:
        return lambda: RedisBus(redis_server.url, name)
    return lambda: LocalBus(name)


@asynccontextmanager
async def two_processes(
    place: Place, first: Bus | None, second: Bus | None, *, beat_s: float
) -> AsyncIterator[tuple[Live, Live]]:
    """Run two processes on one database."""
    async with (
        live(place, bus=first, beat_s=beat_s, says="10000") as here,
        live(place, bus=second, beat_s=beat_s, says="10000") as there,
    ):
        yield here, there


async def acquaint(here: Client, there: Client, room: RoomId) -> None:
    """Talk until what is said here is heard there, and the other way round: then hints flow."""
    for speaker, hearer in ((here, there), (there, here)):
        async with asyncio.timeout(10):
            while True:
                text = words("hello")
                await speaker.say(room, text)
                try:
                    await hearer.until(lambda hearer=hearer, text=text: text in hearer.texts(room), 0.3)
                    break
                except TimeoutError:
                    continue


async def everybody_talks(here: Live, there: Live, place: Place, *, hints: bool) -> None:
    """Two people on each process say things at once; all four see all of it, once and in one order."""
    people = [await place.person() for _ in range(4)]
    room = await place.room(*people)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(process.client(person))
            for process, person in zip((here, here, there, there), people, strict=True)
        ]
        for client in clients:
            await client.join(room)
        if hints:
            await acquaint(clients[0], clients[2], room)

        async def talk(client: Client) -> None:
            for n in range(EACH_SAYS):
                await client.say(room, words(str(n)))
                await asyncio.sleep(0.005)

        await asyncio.gather(*(talk(client) for client in clients))
        last = (await place.read(room))[-1].seq
        for client in clients:
            await client.until(lambda client=client: client.entries[room][-1].seq == last)
        assert len({tuple(client.texts(room)[-4 * EACH_SAYS :]) for client in clients}) == 1


async def test_with_hints_alone_everyone_sees_each_entry_once_and_in_order(place: Place, make_bus: MakeBus) -> None:
    async with two_processes(place, make_bus(), make_bus(), beat_s=NEVER_S) as (here, there):
        await everybody_talks(here, there, place, hints=True)


async def test_with_the_beat_alone_everyone_sees_each_entry_once_and_in_order(place: Place) -> None:
    async with two_processes(place, None, None, beat_s=0.3) as (here, there):
        await everybody_talks(here, there, place, hints=False)


async def test_with_hints_lost_repeated_and_overtaking_and_a_slow_beat_everyone_sees_the_same(
    place: Place, make_bus: MakeBus
) -> None:
    first, second = BadBus(make_bus(), 1), BadBus(make_bus(), 2)
    async with two_processes(place, first, second, beat_s=1.0) as (here, there):
        await everybody_talks(here, there, place, hints=False)


async def test_a_hint_that_runs_ahead_of_its_entries_brings_all_of_them(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(b) as two:
        await two.join(room)
        said = [words(str(n)) for n in range(5)]
        seqs = [await place.say(room, a, text) for text in said]
        here.hub.look({room: seqs[4]})
        here.hub.look({room: seqs[1]})
        here.hub.look({room: seqs[4]})
        await two.until(lambda: two.texts(room) == said)


async def test_who_comes_back_to_many_rooms_at_once_is_caught_up_in_all_of_them(place: Place) -> None:
    a, b = await place.person(), await place.person()
    rooms = [await place.room(a, b) for _ in range(8)]
    for room in rooms:
        for n in range(3):
            await place.say(room, a, words(str(n)))
    async with live(place, beat_s=NEVER_S) as here, here.client(b) as two:
        await asyncio.gather(*(two.join(room, after=2) for room in rooms))
        for room in rooms:
            await two.until(lambda room=room: len(two.texts(room)) == 3)


async def test_signing_out_on_one_process_closes_the_sockets_on_the_other(place: Place, make_bus: MakeBus) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with (
        two_processes(place, make_bus(), make_bus(), beat_s=NEVER_S) as (here, there),
        here.client(a) as one, there.client(a) as two, there.client(b) as other, here.client(b) as mine,
    ):  # fmt: skip
        await mine.join(room)
        await other.join(room)
        await acquaint(mine, other, room)
        await sign_out(here, a)
        assert (await one.closed(), await two.closed()) == (1008, 1008)
        assert (mine.close_code, other.close_code) == (None, None)


async def sign_out(process: Live, person: PersonId) -> None:
    """End every session of a person, in this process."""
    async with process.store.transaction() as tx:
        await sessions.end_all(tx, person)


async def test_one_is_seen_writing_on_every_process_and_never_by_oneself(place: Place, make_bus: MakeBus) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with (
        two_processes(place, make_bus(), make_bus(), beat_s=NEVER_S) as (here, there),
        here.client(a) as one, here.client(b) as near, there.client(b) as far, there.client(a) as myself,
    ):  # fmt: skip
        for client in (one, near, far, myself):
            await client.join(room)
        await acquaint(one, far, room)
        await one.send(Typing(room=room))
        for client in (near, far):
            await client.until(lambda client=client: writers(client, room) == [a])
        refused = await one.ask(Typing(room=room))
        assert isinstance(refused, Refused) and refused.code == "too_fast"
        await acquaint(one, far, room)
        assert [writers(client, room) for client in (one, near, far, myself)] == [[], [a], [a], []]


def writers(client: Client, room: RoomId) -> list[int]:
    """Who was seen writing."""
    return [one.person for one in client.signals if one.kind == "typing" and one.room == room]


async def test_who_comes_and_goes_on_one_process_is_seen_on_the_other(place: Place, make_bus: MakeBus) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with two_processes(place, make_bus(), make_bus(), beat_s=NEVER_S) as (here, there), here.client(a) as one:
        await one.join(room)
        async with there.client(b) as two:
            await two.join(room)
            await one.until(lambda: present(one, room) == {a, b})
            await two.until(lambda: present(two, room) == {a, b})
        await one.until(lambda: present(one, room) == {a})


def present(client: Client, room: RoomId) -> set[int]:
    """Who is here, as last told."""
    told = [set(one.people) for one in client.signals if one.kind == "presence" and one.room == room]
    return told[-1] if told else set()
