"""The bus on one machine: Unix datagram sockets in one private folder, one a process. No server needed."""

import asyncio
import contextlib
import hashlib
import os
import socket
import tempfile
import time
from pathlib import Path

import msgspec

from chat.bus import Message, Receiver, decode, encode

LOOK_S = 1.0
"""A process that has just started is found within this time; until then the beat serves it."""
BUFFER_BYTES = 1 << 20


class LocalBus:
    """Finds the other processes that use the same database by a folder named after it."""

    def __init__(self, database: str) -> None:
        name = hashlib.sha256(database.encode()).hexdigest()[:16]
        self._folder = Path(tempfile.gettempdir()) / f"hearthside-{os.getuid()}-{name}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        owner = self._folder.stat()
        if owner.st_uid != os.getuid() or owner.st_mode & 0o077:
            raise PermissionError(f"The folder {self._folder} belongs to somebody else; remove it.")
        self._mine = self._folder / f"{os.getpid()}-{time.monotonic_ns()}"
        self._socket: socket.socket | None = None
        self._others: list[str] = []
        self._looked = 0.0

    def publish(self, message: Message) -> None:
        """Send to every other socket in the folder; a full one misses it, a dead one is swept away."""
        if self._socket is None:
            return
        if time.monotonic() - self._looked > LOOK_S:
            self._looked = time.monotonic()
            self._others = []
            with contextlib.suppress(OSError):  # somebody has swept the folder away: the beat serves whoever is left
                self._others = [str(one) for one in self._folder.iterdir() if one != self._mine]
        data = encode(message)
        for path in self._others:
            try:
                self._socket.sendto(data, path)
            except (BlockingIOError, OSError) as error:
                if isinstance(error, ConnectionRefusedError):
                    with contextlib.suppress(OSError):
                        Path(path).unlink()
                self._looked = 0.0

    async def run(self, receive: Receiver) -> None:
        """Listen until cancelled."""
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        loop = asyncio.get_running_loop()
        try:
            mine.setblocking(False)
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            mine.bind(str(self._mine))
            self._socket = mine

            def readable() -> None:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        data = mine.recv(BUFFER_BYTES)
                        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                            receive(decode(data))

            loop.add_reader(mine, readable)
            await asyncio.Event().wait()
        finally:
            self._socket = None
            loop.remove_reader(mine)
            mine.close()
            self._mine.unlink(missing_ok=True)
