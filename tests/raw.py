"""A hostile client: bytes as one likes on a TCP connection, and what comes back, taken apart."""

import asyncio
import base64
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chat.protocol import SUBPROTOCOL

PATIENCE_S = 10.0
TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0

Headers = list[tuple[str, str]]


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0, length: int | None = None
) -> bytes:
    """Return a WebSocket frame (RFC 6455, 5.2). `length`: what it claims to hold, if not the truth."""
    claimed = len(payload) if length is None else length
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = masked << 7
    if claimed < 126:
        head += bytes([bit | claimed])
    elif claimed < 1 << 16:
        head += bytes([bit | 126]) + claimed.to_bytes(2)
    else:
        head += bytes([bit | 127]) + claimed.to_bytes(8)
    if not masked:
        return head + payload
    mask = secrets.token_bytes(4)
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


def upgrade(token: str) -> Headers:
    """Return the headers of a good handshake, to be spoiled."""
    return [
        ("Host", "127.0.0.1"), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", base64.b64encode(secrets.token_bytes(16)).decode()),
        ("Sec-WebSocket-Protocol", SUBPROTOCOL), ("Authorization", f"Bearer {token}"),
    ]  # fmt: skip


def request(headers: Headers, line: str = "GET /socket HTTP/1.1", end: str = "\r\n") -> bytes:
    """Return a request."""
    return (end.join([line, *(f"{name}: {value}" for name, value in headers)]) + end + end).encode("latin-1")


class Raw:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send, if the other side still takes it."""
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def more(self, patience_s: float = PATIENCE_S) -> bytes:
        """Return what comes next; nothing once the other side has closed or reset."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(patience_s):
                return await self._reader.read(65536)
        return b""

    async def status(self, data: bytes) -> int:
        """Send a request and return the status of the answer; 0 when the connection is ended without one."""
        await self.send(data)
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = await self._reader.readline()
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def come_in(self, token: str) -> None:
        """Shake hands and take the welcome."""
        await self.send(request(upgrade(token)))
        async with asyncio.timeout(PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head.split(b"\r\n")[0]
        opcode, payload = await self.next()
        assert opcode == TEXT and b'"t":"welcome"' in payload

    async def next(self) -> tuple[int, bytes]:
        """Return the next frame's opcode and payload.

        Raises:
            IncompleteReadError, ConnectionError: the connection ended.
        """
        async with asyncio.timeout(PATIENCE_S):
            first, second = await self._reader.readexactly(2)
            assert first & 0xF0 == 0x80 and second < 128, "the server sends whole, unmasked frames"
            length = second
            if second > 125:
                length = int.from_bytes(await self._reader.readexactly(2 if second == 126 else 8))
            return first & 0x0F, await self._reader.readexactly(length)

    async def next_text(self) -> bytes:
        """Return the next message, passing over everything else, and over signals, which come when they come."""
        while True:
            opcode, payload = await self.next()
            if opcode == TEXT and b'"t":"signal"' not in payload:
                return payload
            assert opcode != CLOSE, f"closed with {int.from_bytes(payload[:2])}"

    async def close_code(self) -> int:
        """Pass over what comes until the close frame, and return its code; 1006 when there is none."""
        try:
            while True:
                opcode, payload = await self.next()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2]) if payload else 1005
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    """Open a connection; it is reset at the end, whatever was going on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
