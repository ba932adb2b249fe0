"""The heap: what a connection is made of is no garbage as long as it lasts, and the collector need not look.

Python's collector walks through everything that is young or has grown by a quarter: with 15,000 connections that took
half a second, in which nobody heard anything, every few seconds of busy talk. What is frozen is not walked through
again; it is freed when its last reference goes, so a closed connection must not be held by a cycle (a test says so).
"""

import gc

NEW_CONNECTIONS = 250
"""Connections between two freezes: to look through what they brought takes some 5 ms of the loop, once."""
THAW_EVERY = 40
"""Freezes between two looks at everything (10,000 connections): what was in use at a freeze and ended in a cycle."""
YOUNG_OBJECTS = 10_000
"""Python's own 700 is too few: a say on its way is some thirty objects, a busy server has a thousand says on their way,
and they were looked through again and again. 10,000 take under a millisecond."""


class Heap:
    """Counts what has come to stay."""

    def __init__(self) -> None:
        self._new = 0
        self._freezes = 0

    def begin(self) -> None:
        """What start-up made stays; from here on the collector looks less often."""
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
        self._settle()

    def grow(self) -> None:
        """One more connection has come to stay."""
        self._new += 1
        if self._new >= NEW_CONNECTIONS:
            self._settle()

    def _settle(self) -> None:
        self._new = 0
        self._freezes += 1
        if self._freezes % THAW_EVERY == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()


def let_go(*failures: BaseException | None) -> None:
    """Take from what failed the frames it went through: they hold it, and all that was at hand there."""
    for failure in failures:
        while failure is not None:
            failure.__traceback__ = None
            failure = failure.__context__
