"""A line: one WebSocket connection of the load, in as few steps as Python allows.

Frames are masked with a key of zeros, which is allowed and costs the server what any other key does.
"""

import asyncio
import re
from typing import Protocol, cast

from tests.bench.orders import Plan

MARK = "⁂"
"""In no nickname, id or frame header of ours, so counting its bytes counts deliveries."""
NUMBER = re.compile(MARK.encode() + rb"(\d{9})")


class Told(Protocol):
    """What lines tell of: the load."""

    mark: bytes
    is_timed: bool
    deliveries: int

    def ready(self) -> None: ...
    def ended(self) -> None: ...
    def failed(self, why: str) -> None: ...
    def refuse(self, line: "Line") -> None: ...
    def deliver(self, line: "Line", number: int) -> None: ...


class Line(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_load", "_plan", "_rest", "_state", "is_sender", "room", "transport")

    def __init__(self, load: Told, plan: Plan) -> None:
        self._load = load
        self._plan: Plan | None = plan
        self._rest = b""
        self._state = -1 - plan.joins  # -1 - joins: asked to upgrade; then joins that are missing, negative; 0: ready
        self.room = plan.room
        self.is_sender = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._plan is not None
        self.transport = transport = cast(asyncio.Transport, transport)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        transport.write(
            f"GET {self._plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self._plan.headers}\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.ended()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        if self._plan is not None:
            head = data.find(b"\r\n\r\n")
            if head < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._load.failed(data[:40].decode(errors="replace"))
                return
            at = head + 4
            for message in self._plan.first:
                self.transport.write(framed(message.encode()))
            self._plan = None
            self._come()
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                start = at + 4
                if end < start:
                    break
                length = data[at + 2] << 8 | data[at + 3]
            elif length == 127:
                start = at + 10
                if end < start:
                    break
                length = int.from_bytes(data[at + 2 : start])
            stop = start + length
            if stop > end:
                break
            opcode = data[at] & 15
            if opcode == 1:
                self._message(data, start, stop)
            elif opcode == 9:
                self.transport.write(framed(data[start:stop], 0x8A))
            elif opcode == 8:
                self._load.failed(f"closed with {int.from_bytes(data[start : start + 2])}")
            at = stop
        self._rest = data[at:] if at < end else b""

    def _message(self, data: bytes, start: int, stop: int) -> None:
        load = self._load
        if self._state < 0:
            if data.find(b'"t":"joined"', start, stop) >= 0:
                self._come()
            elif data.find(b'"t":"refused"', start, stop) >= 0:
                load.failed(data[start:stop].decode())
        elif self.is_sender or load.is_timed:
            if data.startswith(b'{"t":"refused"', start):
                load.refuse(self)
            for found in NUMBER.finditer(data, start, stop):
                load.deliver(self, int(found[1]))
        else:
            load.deliveries += data.count(load.mark, start, stop)

    def _come(self) -> None:
        self._state += 1
        if self._state == 0:
            self._load.ready()


def framed(message: bytes, first: int = 0x81) -> bytes:
    """Return a client's frame, masked with zeros."""
    if len(message) < 126:
        return bytes((first, 0x80 | len(message))) + b"\0\0\0\0" + message
    return bytes((first, 0xFE)) + len(message).to_bytes(2) + b"\0\0\0\0" + message
