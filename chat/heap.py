"""The heap: what a connection is made of is no garbage as long as it lasts, and the collector need not look.

Python's collector walks through everything that is young or has grown by a quarter: with 15,000 connections that took
half a second, in which nobody heard anything, every few seconds of busy talk. What is frozen is never walked through
again; it is freed when its last reference goes, so a closed connection must not be held by a cycle (a test says so).
"""

import gc

NEW_OBJECTS = 250
"""Connections between two freezes: to look through what they brought takes some 5 ms of the loop, once."""


class Heap:
    """Counts what has come to stay."""

    def __init__(self) -> None:
        self._new = 0

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
