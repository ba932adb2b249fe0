"""The heap: the collector looks at no living connection twice, and needs not free a dead one."""

import asyncio
import gc
import json
import subprocess
import sys
from collections import Counter

from websockets.server import ServerProtocol

from chat.headers import CappedHttp
from chat.heap import NEW_CONNECTIONS
from chat.outbox import Outbox
from chat.socket import Socket
from tests.live import ORIGIN, Live, live
from tests.place import Place
from tests.servers import ROOT

PARTS = (Socket, Outbox, ServerProtocol, CappedHttp)
AGES = f"""
import gc, json
from chat.heap import NEW_CONNECTIONS, Heap
heap, kept, frozen = Heap(), [], []
for _ in range(2 * NEW_CONNECTIONS):
    kept.append([[]])
    heap.grow()
    frozen.append(gc.get_freeze_count())
young = sum(one is each for each in gc.get_objects() for one in kept)
print(json.dumps([frozen[0], frozen[{NEW_CONNECTIONS} - 2], frozen[{NEW_CONNECTIONS} - 1], young]))
"""


def alive() -> dict[type, int]:
    """Count what connections are made of, dead ones in cycles included."""
    return Counter(type(one) for one in gc.get_objects() if isinstance(one, PARTS))


async def fetch(server: Live) -> None:
    """Ask for something that is not there, as a browser does, and go."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: hearthside.test\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def fail_to_upgrade(server: Live, cookie: str) -> None:
    """Come with everything but a key that is one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET /socket HTTP/1.1\r\nHost: hearthside.test\r\nOrigin: {ORIGIN}\r\nCookie: {cookie}\r\n"
    head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\n"
    writer.write(f"{head}Sec-WebSocket-Version: 13\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"400"
    writer.close()


async def test_a_connection_that_ended_is_freed_without_the_collector(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    async with live(place) as server, server.client(person) as still_here:
        await still_here.join(room)
        gc.collect()
        before = alive()
        gc.disable()
        try:
            async with server.client(person) as polite:
                await polite.join(room)
                await polite.say(room, "I am here.")
            async with server.client(person) as dropped:
                await dropped.join(room)
                dropped.connection.transport.abort()
                await dropped.closed()
            async with server.client(person) as silent:
                silent.connection.transport.write_eof()
                await silent.closed()
            await fetch(server)
            await fail_to_upgrade(server, polite.connection.request.headers["Cookie"])  # type: ignore[union-attr]
            async with asyncio.timeout(5):
                while sum(alive().values()) > sum(before.values()):  # noqa: ASYNC110  (it tells nobody)
                    await asyncio.sleep(0.05)
        finally:
            gc.enable()
        assert alive() == before


def test_what_has_come_to_stay_is_not_walked_through_again() -> None:
    made = subprocess.run([sys.executable, "-c", AGES], cwd=ROOT, capture_output=True, check=True, timeout=30)
    first, before, after, young = json.loads(made.stdout)
    assert first == before  # not a freeze a connection
    assert after >= before + 2 * NEW_CONNECTIONS
    assert young == 0
