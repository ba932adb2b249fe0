"""The intake of one connection: whether anything is read from it.

The one idea: who sends faster than they pay for, or asks faster than they are answered, or does not read what they are
sent, waits in their own network, and not in this process's memory.
"""

import asyncio
import time

LAGGING, QUEUED, FLOODING = 1, 2, 4
"""Why nothing is read: it does not read itself, its commands wait, or it has sent too much."""
MESSAGES_PER_S = 100.0
MESSAGES_BURST = 400.0
"""Frames a connection may send before reading from it pauses, until they are paid for with time. It costs a flooder
time and nobody a message."""
SOON_S = 1.0
"""Added to the time that pays, so that a flooder is not read frame by frame."""


class Intake:
    """Pauses and resumes one transport's reading."""

    __slots__ = ("_at", "_credit", "_held", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = 0
        self._credit, self._at = MESSAGES_BURST, 0.0

    def hold(self, why: int) -> None:
        """Read nothing until every reason is gone."""
        self._held |= why
        self._transport.pause_reading()

    def go_on(self, why: int) -> None:
        """This reason is gone."""
        self._held &= ~why
        if not self._held and not self._transport.is_closing():
            self._transport.resume_reading()

    def spend(self) -> None:
        """A frame has come."""
        self._earn()
        self._credit -= 1
        if self._credit < 0 and not self._held & FLOODING:
            self.hold(FLOODING)
            self._wait()

    def _earn(self) -> None:
        now = time.monotonic()
        self._credit = min(MESSAGES_BURST, self._credit + (now - self._at) * MESSAGES_PER_S)
        self._at = now

    def _wait(self) -> None:
        self._earn()
        if self._credit >= 0:
            self.go_on(FLOODING)
        elif not self._transport.is_closing():
            asyncio.get_running_loop().call_later(SOON_S - self._credit / MESSAGES_PER_S, self._wait)
