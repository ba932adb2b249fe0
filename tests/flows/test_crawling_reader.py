"""A reader of one byte a second holds nobody up and is dropped, and by the same tick who is silent is asked."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

from chat import sessions
from chat.hub import ASK_TICKS, TICK_S
from chat.ids import PersonId
from chat.outbox import STUCK_S
from chat.socket import SILENT_S, Socket
from tests.flows.test_slow_reader import LONG, outboxes, talk
from tests.live import Live, live
from tests.place import Place, open_place
from tests.raw import PING, TEXT, frame, raw, request, upgrade
from tests.words import words

LATE_S = 3.0
"""What a busy machine may add."""


class Crawler:
    """A connection of which next to nothing is read, with next to no room for what is not."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)

    async def come_in(self, port: int, token: str, room: int) -> None:
        """Shake hands and join a room."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", port))
        await loop.sock_sendall(self._socket, request(upgrade(token)))
        await self._until(b'"t":"welcome"')
        await loop.sock_sendall(self._socket, frame(TEXT, b'{"t":"join","ref":1,"room":%d}' % room))
        await self._until(b'"t":"joined"')

    async def _until(self, told: bytes) -> None:
        seen = b""
        async with asyncio.timeout(5):
            while told not in seen:
                seen += await asyncio.get_running_loop().sock_recv(self._socket, 512)

    async def crawl(self) -> None:
        """Read a byte a second, for as long as there is one."""
        while True:
            await asyncio.get_running_loop().sock_recv(self._socket, 1)
            await asyncio.sleep(1)

    def close(self) -> None:
        self._socket.close()


async def test_a_reader_of_a_byte_a_second_slows_nobody_and_is_dropped_and_who_is_silent_is_asked(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        open_place(sqlite_url, tmp_path) as place,
        live(place, says="100000") as here,
        AsyncExitStack() as stack,
    ):
        people = [await place.person() for _ in range(4)]
        room = await place.room(*people)
        others = [await stack.enter_async_context(here.client(person)) for person in people[:2]]
        for client in others:
            await client.join(room)
        usual_s = await talk(room, others, 20)
        crawler, quiet = Crawler(), await stack.enter_async_context(raw(here.port))
        stack.callback(crawler.close)
        await quiet.come_in(await token_of(place, people[3]))
        silent_for(here, people[3], SILENT_S)
        began = time.monotonic()
        await crawler.come_in(here.port, await token_of(place, people[2]), room)
        async with asyncio.TaskGroup() as tasks:
            crawling = tasks.create_task(crawler.crawl())
            asked = tasks.create_task(quiet.next())
            assert await talk(room, others, 80) < 3 * usual_s + 0.05
            (outbox,) = (one for one in here.hub.people[people[2]])
            async with asyncio.timeout(5):
                while not outbox.paused:
                    await others[0].say(room, words(LONG))
            paused = time.monotonic()
            async with asyncio.timeout(STUCK_S + TICK_S + LATE_S):
                while people[2] in here.hub.people:
                    await talk(room, others, 1)
                    await asyncio.sleep(0.2)
            assert time.monotonic() - paused > STUCK_S - 1, "a short sleep is forgiven"
            assert await asked == (PING, b"")
            assert time.monotonic() - began < ASK_TICKS * TICK_S + STUCK_S + LATE_S
            crawling.cancel()
        assert others[0].texts(room) == others[1].texts(room)
        assert list(outboxes(here, others[0]))


async def token_of(place: Place, person: PersonId) -> str:
    async with place.store.transaction() as tx:
        return await sessions.open(tx, person, "bearer")


def silent_for(here: Live, person: PersonId, seconds: float) -> None:
    """Let somebody's connection have said nothing for so long."""
    (outbox,) = here.hub.people[person]
    assert isinstance(outbox.wire, Socket)
    outbox.wire._heard -= seconds
