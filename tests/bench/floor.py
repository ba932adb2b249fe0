"""The floor: `python -m tests.bench.floor PORT`, a bare loop that writes what it is sent to everybody.

No WebSocket library, no rooms, no JSON, no database: what is left is the cost of one write a member under uvloop.
"""

import asyncio
import sys
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
members: set[asyncio.Transport] = set()


class Bare(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        members.add(self.transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self.transport.write(ANSWER)
            return
        start = 8 if data[1] == 0xFE else 6  # the load masks with zeros, so the words are there as they are
        message = data[start:]
        length = bytes((len(message),)) if len(message) < 126 else b"\x7e" + len(message).to_bytes(2)
        frame = b"\x81" + length + message
        for member in members:
            member.write(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        members.discard(self.transport)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
