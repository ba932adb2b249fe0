"""The outbox of one connection: frames on their way to one person's screen.

The one idea: nothing waits for a reader. What one turn of the loop brings is joined and written once; a reader whose
transport is over its high-water mark is passed over, and caught up from the timeline when it drains; one that makes no
progress for STUCK_S is aborted (closing would wait for a flush that never comes).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from chat.codec import encode
from chat.ids import PersonId, RoomId
from chat.protocol import AnyFrame

HIGH_WATER_BYTES = 64 * 1024
LOW_WATER_BYTES = 16 * 1024
SEND_BUFFER_BYTES = 32 * 1024
"""Asked of the kernel, which doubles it: what a reader that has stopped may cost there."""
STUCK_S = 10.0
PROGRESS_BYTES = 1024
"""Less than this drained in STUCK_S is no progress: even the worst phone network carries 100 bytes a second."""


class Wire(Protocol):
    """The transport under a connection, and how it ends."""

    def write(self, data: bytes) -> None: ...
    def waiting_bytes(self) -> int: ...
    def close(self, code: int, reason: str) -> None: ...
    def ask(self) -> None: ...
    def abort(self) -> None: ...


def nowhere(data: bytes) -> None:
    """What a wire writes to before its handshake and after its close."""


def text_frame(message: bytes) -> bytes:
    """Return one unmasked WebSocket text frame (RFC 6455, 5.2); made once, written to many."""
    size = len(message)
    if size < 126:
        return bytes((TEXT, size)) + message
    if size < 1 << 16:
        return bytes((TEXT, 126)) + size.to_bytes(2) + message
    return bytes((TEXT, 127)) + size.to_bytes(8) + message


TEXT = 0x81
"""The first byte of a text message in one frame."""

GONE = 2**63
"""The cursor of who follows no more: nothing comes after it, also in a flush that has begun."""


class Step:
    """The connections in one room that have all been sent the same: one cursor serves them, and a flush has nothing to
    do for each but to write."""

    __slots__ = ("cursor", "outboxes")

    def __init__(self) -> None:
        self.cursor = 0
        self.outboxes: dict[Outbox, Follower] = {}


class Follower:
    """One connection's place in one room. `silent`: the hub watches for it, the client did not ask."""

    __slots__ = ("_cursor", "_step", "from_seq", "silent")

    def __init__(self, cursor: int, from_seq: int, silent: bool) -> None:
        self._cursor = cursor
        self._step: Step | None = None
        self.from_seq = from_seq
        self.silent = silent

    @property
    def cursor(self) -> int:
        """The last seq it was sent."""
        return self._cursor if self._step is None else self._step.cursor

    @cursor.setter
    def cursor(self, seq: int) -> None:
        assert self._step is None, "who is in step has no cursor of their own"
        self._cursor = seq

    def fall_in(self, step: Step, outbox: "Outbox") -> None:
        """From here on it is sent what the others in step are sent."""
        self._step = step
        step.outboxes[outbox] = self

    def fall_out(self, outbox: "Outbox") -> None:
        """From here on its cursor is its own again. Repeating is harmless."""
        if self._step is not None:
            del self._step.outboxes[outbox]
            self._cursor, self._step = self._step.cursor, None


class Turn:
    """Collects the outboxes that have something to write, and writes each once at the end of this turn of the loop."""

    __slots__ = ("_outboxes",)

    def __init__(self) -> None:
        self._outboxes: list[Outbox] = []

    def add(self, outbox: "Outbox") -> None:
        """Write this outbox when the turn ends."""
        if not self._outboxes:
            asyncio.get_running_loop().call_soon(self.end)
        self._outboxes.append(outbox)

    def end(self) -> None:
        """Write what waits, now."""
        outboxes, self._outboxes = self._outboxes, []
        for outbox in outboxes:
            outbox.flush()


class Outbox:
    """One connection's way out, and what it follows. `waiting`: what this turn has brought it so far."""

    __slots__ = (
        "_at", "_bytes", "_turn", "follows", "is_program", "on_drained", "paused", "person", "session",
        "typed_at", "waiting", "wire", "write",
    )  # fmt: skip

    def __init__(self, wire: Wire, turn: Turn, person: PersonId, session: int, is_program: bool = False) -> None:
        self.wire = wire
        self.write = wire.write  # at hand, because fan-out to a thousand pays for every step; `nowhere` once closed
        self.person = person
        self.session = session
        self.is_program = is_program
        self.follows: dict[RoomId, Follower] = {}
        self.paused = False
        self.typed_at = 0.0
        self.on_drained: Callable[[Outbox], None] | None = None
        self._turn = turn
        self.waiting: bytes | list[bytes] | None = None  # a list only when one turn brings several
        self._at = 0.0
        self._bytes = 0

    def send(self, frame: AnyFrame) -> None:
        """Send a frame at the end of this turn."""
        self.put(text_frame(encode(frame)))

    def put(self, frame: bytes) -> None:
        """Send bytes that are a WebSocket frame already."""
        waiting = self.waiting
        if waiting is None:
            self.waiting = frame
            self._turn.add(self)
        elif isinstance(waiting, list):
            waiting.append(frame)
        else:
            self.waiting = [waiting, frame]

    def flush(self) -> None:
        """Write what waits, as one buffer."""
        waiting = self.waiting
        if waiting is not None:
            self.waiting = None
            self.write(waiting if isinstance(waiting, bytes) else b"".join(waiting))

    def pause(self, now: float) -> None:
        """The transport is over its high-water mark: lagging from here on, and in step with nobody."""
        for follower in self.follows.values():
            follower.fall_out(self)
        self.paused, self._at, self._bytes = True, now, self.wire.waiting_bytes()

    def resume(self) -> None:
        """The transport has drained."""
        self.paused = False
        if self.on_drained is not None:
            self.on_drained(self)

    def is_stuck(self, now: float) -> bool:
        """Whether a lagging reader has made no progress for STUCK_S; asked about once a second."""
        waiting = self.wire.waiting_bytes()
        if self._bytes - waiting >= PROGRESS_BYTES:
            self._at, self._bytes = now, waiting
        return self.paused and now - self._at > STUCK_S
