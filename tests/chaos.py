"""A bad network: a TCP proxy that delays, holds back and resets what passes through it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 4096
"""Small, so that a reset falls into the middle of frames."""


class Chaos:
    """The proxy. What is changed holds for what passes from then on.

    Attributes:
        delay_s, jitter_s: every chunk is late by delay_s and up to jitter_s more; their order stays.
        up, down: while cleared nothing passes towards the server, or from it, and nobody is told.
        connected: how many connections were made so far.
    """

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.up = asyncio.Event()
        self.down = asyncio.Event()
        self.upstream = (host, port)
        self.connected = 0
        self._stranded: list[asyncio.Event] = []
        self._random = random.Random(seed)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.calm()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen for the time of the block; gives the port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=CHUNK_BYTES)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.calm()
            self.reset(1.0)
            for one in self._stranded:
                one.set()
            await asyncio.sleep(0.05)  # each ends by itself, now that its ends are gone

    def calm(self) -> None:
        """Let everything pass again."""
        self.delay_s = self.jitter_s = 0.0
        self.up.set()
        self.down.set()

    def strand(self) -> None:
        """Let nothing pass on the connections of now, for good, and tell nobody; those made from now on are well."""
        for one in (self.up, self.down):
            one.clear()
        self._stranded += [self.up, self.down]
        self.up, self.down = asyncio.Event(), asyncio.Event()
        self.calm()

    def reset(self, share: float) -> int:
        """Reset a share of the connections, in the middle of whatever they carry; return how many."""
        chosen = [pair for pair in self._pairs if self._random.random() < share]
        for pair in chosen:
            for writer in pair:
                writer.transport.abort()
        return len(chosen)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, server = await asyncio.open_connection(*self.upstream, limit=CHUNK_BYTES)
        except OSError:
            writer.transport.abort()
            return
        self.connected += 1
        pair = (writer, server)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass(reader, server, self.up))
                tasks.create_task(self._pass(from_server, writer, self.down))
        except* OSError:
            pass
        finally:
            self._pairs.discard(pair)
            for one in pair:
                one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_open: asyncio.Event) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self.delay_s or self.jitter_s:
                await asyncio.sleep(self.delay_s + self._random.random() * self.jitter_s)
            await is_open.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
