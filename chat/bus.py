"""The bus: hints between processes. Lossy by contract: it may lose, repeat, delay and reorder, and nobody notices.

The one idea: a hint says only "look" (room, last seq); the timeline is the truth, and the hub's slow beat finds what no
hint told. So publishing never waits, is never on the way to an acknowledgement, and drops when it must. Signals
(presence, typing) travel beside the hints, because they may be lost as well.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec import Struct

HINT_TIMEOUT_S = 0.25
"""A frozen Redis may hold the sending task this long and no more (the client alone waits 5 s)."""
WAITING_MESSAGES = 1000
"""What waits to be sent while Redis is away; beyond it the oldest is dropped: the beat repairs hints."""


class Hints(Struct, frozen=True, array_like=True, tag="h"):
    """These rooms have grown to these last seqs."""

    process: int
    rooms: list[tuple[int, int]]


class Here(Struct, frozen=True, array_like=True, tag="p"):
    """Who is connected to `process`, by room. A part of its rooms, or news of some: each room stands for itself."""

    process: int
    rooms: dict[int, list[int]]


class Writing(Struct, frozen=True, array_like=True, tag="w"):
    """A person is typing in a room."""

    process: int
    room: int
    person: int


class Going(Struct, frozen=True, array_like=True, tag="g"):
    """`process` ends; forget who was connected to it."""

    process: int


Message = Hints | Here | Writing | Going
Receiver = Callable[[Message], None]

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Message).decode


class Bus(Protocol):
    """Carries messages to every other process of this server."""

    def publish(self, message: Message) -> None:
        """Send to all others, or drop; never waits, never raises."""

    async def run(self, receive: Receiver) -> None:
        """Carry messages, in and out, until cancelled; comes back by itself when the medium does."""
