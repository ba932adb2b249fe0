"""A crowd on a bad network, while a process is killed: everything they saw and did, to be judged.

Everyone keeps at it as the page does: what was not acknowledged is sent again under its say_id, and who comes back asks
for what comes after the last entry held, on whichever process.
"""

import asyncio
import random
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from websockets.exceptions import WebSocketException

from chat import sessions, timeline
from chat.ids import PersonId, RoomId
from chat.protocol import Entry, Expired, Refused
from tests.chaos import Chaos
from tests.client import Client, Jumped, connected
from tests.history import History, Kept, Say, Seen, Stay
from tests.place import Place
from tests.town import Town
from tests.words import CANARY

ROOM_PEOPLE = 12
GIVE_UP_S = 3.0
"""How long one waits for a connection, or for an acknowledgement, before trying again."""
SETTLE_S = 60.0
"""How long all may take at the end to have everything, on a good network; the machine may be busy with other tests."""
GONE = (OSError, TimeoutError, WebSocketException, AssertionError)


@dataclass
class Walker:
    """One person, with what they know of their room."""

    person: PersonId
    room: RoomId
    token: str
    cursor: int
    random: random.Random
    session: int = 0
    joined_at: int = 0

    def __post_init__(self) -> None:
        self.joined_at = self.cursor
        self.says: list[Say] = []
        self.seen: list[Seen] = []
        self.jumped = 0

    async def walk(self, ports: list[int], ends_at: float) -> None:
        """Come, talk, be thrown out, come back, until the time is over."""
        while time.monotonic() < ends_at:
            await self._once(self.random.choice(ports), ends_at, None)
            await asyncio.sleep(self.random.random() * 0.3)

    async def settle(self, port: int, last: int) -> None:
        """Come back on a good network, say again what was not acknowledged, and stay until all is there."""
        async with asyncio.timeout(SETTLE_S):
            while self.cursor < last or any(one.acked_at is None for one in self.says):
                await self._once(port, 0.0, last)

    async def _once(self, port: int, ends_at: float, last: int | None) -> None:
        client: Client | None = None
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(GIVE_UP_S):
                    client = await stack.enter_async_context(connected(port, self.token))
                    self.session += 1
                    answer = await client.join(self.room, after=self.cursor)
                    assert not isinstance(answer, Expired)
                for index, one in enumerate(self.says):
                    if one.acked_at is None:
                        await self._say(client, index)
                while time.monotonic() < ends_at and client.close_code is None:
                    await asyncio.sleep(self.random.random() * 1.2)
                    self.says.append(Say(self.room, self.person, secrets.token_urlsafe(12), time.monotonic()))
                    await self._say(client, len(self.says) - 1)
                if last is not None:
                    await client.until(lambda: self.cursor + len(client.entries[self.room]) >= last, GIVE_UP_S)
        except Jumped:
            self.jumped += 1
        except GONE:
            pass
        finally:
            if client is not None:
                self._take(client.entries[self.room])

    async def _say(self, client: Client, index: int) -> None:
        one = self.says[index]
        async with asyncio.timeout(GIVE_UP_S):
            answer = await client.say(self.room, f"{CANARY} {one.say_id}", one.say_id)
        if isinstance(answer, Refused):
            assert answer.code == "unavailable", answer.code
            return
        again = (answer.seq,) if one.acked_at is not None else ()
        now, seq = one.acked_at or time.monotonic(), one.seq or answer.seq
        self.says[index] = replace(one, acked_at=now, seq=seq, again=(*one.again, *again))

    def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            seen = Seen(self.room, self.person, self.session, entry.seq, entry.author, entry.say_id)
            self.seen.append(seen)
            self.cursor = entry.seq


async def run(town: Town, place: Place, *, clients: int, seconds: float, seed: int = 1) -> History:
    """Run the crowd on two `web` processes, and return what there is to judge. One process is killed and comes back."""
    chosen = random.Random(seed)
    walkers = await _crowd(place, clients, chosen)
    async with AsyncExitStack() as stack:
        networks = [Chaos("127.0.0.1", port, seed + port) for port in town.ports]
        ports = [await stack.enter_async_context(one.listening()) for one in networks]
        ends_at = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for walker in walkers:
                tasks.create_task(walker.walk(ports, ends_at))
            tasks.create_task(_trouble(networks, ends_at, chosen))
            tasks.create_task(_kill(town, seconds / 3))
    history = History()
    for walker in walkers:  # one after another, so that what some say again reaches those who have settled
        await walker.settle(chosen.choice(town.ports), 0)
    lasts = {room: (await _all(place, room))[-1].seq for room in {one.room for one in walkers}}
    async with asyncio.TaskGroup() as tasks:
        for walker in walkers:
            tasks.create_task(walker.settle(chosen.choice(town.ports), lasts[walker.room]))
    assert not any(one.jumped for one in walkers), "an entry came that was not the next one"
    for walker in walkers:
        history.says += walker.says
        history.seen += walker.seen
        history.stays.append(Stay(walker.room, walker.person, walker.joined_at, lasts[walker.room]))
    for room in lasts:
        history.kept += [Kept(room, one.seq, one.author, one.say_id) for one in await _all(place, room)]
    return history


async def _all(place: Place, room: RoomId) -> list[Entry]:
    return await timeline.read(place.store, place.keys, room, limit=1_000_000)


async def _crowd(place: Place, clients: int, chosen: random.Random) -> list[Walker]:
    people = [await place.person() for _ in range(clients)]
    walkers = []
    for start in range(0, clients, ROOM_PEOPLE):
        inside = people[start : start + ROOM_PEOPLE]
        room = await place.room(*inside)
        last = (await place.read(room))[-1].seq
        for person in inside:
            async with place.store.transaction() as tx:
                token = await sessions.open(tx, person, "bearer")
            walkers.append(Walker(person, room, token, last, random.Random(chosen.random())))
    return walkers


async def _trouble(networks: list[Chaos], ends_at: float, chosen: random.Random) -> None:
    while time.monotonic() < ends_at:
        network = chosen.choice(networks)
        match chosen.choice(("reset", "reset", "up", "down", "slow", "calm")):
            case "reset":
                network.reset(0.3)
            case "up":
                network.up.clear()
            case "down":
                network.down.clear()
            case "slow":
                network.delay_s, network.jitter_s = 0.02, 0.05
            case _:
                network.calm()
        await asyncio.sleep(chosen.random() * 1.5)
        if chosen.random() < 0.5:
            network.reset(0.1)
        network.up.set()
        network.down.set()
    for network in networks:
        network.calm()


async def _kill(town: Town, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await asyncio.to_thread(town.webs[1].kill)
    await asyncio.sleep(1.0)
    await town.start_again(1)
