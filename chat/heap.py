"""The heap: what a connection is made of is no garbage as long as it lasts, and the collector need not look.

Python's collector walks through everything that is young or has grown by a quarter: with 15,000 connections that took
half a second, in which nobody heard anything, every few seconds of busy talk. What is frozen is never walked through
again; it is freed when its last reference goes, so a closed connection must not be held by a cycle (a test says so).
"""

import gc

NEW_OBJECTS = 250
"""Connections between two freezes: to look through what they brought takes some 5 ms of the loop, once."""
YOUNG_OBJECTS = 10_000
"""Python looks after 700 new ones; but what a say is made of while it is on its way is some thirty, and a busy server
has a thousand on their way, which were looked through again and again. 10,000 take under a millisecond."""


class Heap:
    """Counts what has come to stay."""

    def __init__(self) -> None:
        self._new = 0
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])

    def settle(self) -> None:
        """Collect what is garbage now, and look no more at what is not."""
        self._new = 0
        gc.collect()
        gc.freeze()

    def grow(self) -> None:
        """One more connection has come to stay."""
        self._new += 1
        if self._new >= NEW_OBJECTS:
            self.settle()
