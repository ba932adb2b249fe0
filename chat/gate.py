"""The gate: one writer at a time, over all tasks and processes that share a SQLite file.

The one idea is a turnstile: who wants to write takes `turn`, then `write`, then gives `turn` back. While one writes,
the next already holds the turn, so the writer that has just ended cannot overtake it: processes alternate. (SQLite's
own busy timeout polls with growing sleeps: the second process waited 1,400 ms at p99.)

Here, who writes across awaits stands in line before they wait for the gate, and a group of says does not: so it waits
for one of them at most, however many people come in at once, and they take turns.

A thread of its own takes, works and gives, in the order in which it is asked. (Through an executor, its future and a
shield the same hop cost three times as much, and every say that stands alone pays for it.)
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Gate:
    """Exclusive right to write to the SQLite file at `path`; also the one thread that does it."""

    def __init__(self, path: Path) -> None:
        self._turn = os.open(f"{path}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._write = os.open(f"{path}.write", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._line = asyncio.Lock()
        self._here = asyncio.Lock()
        self._closed = False
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=_work, args=(self._works,), name="sqlite-writer", daemon=True)
        self._thread.start()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Hold the gate across awaits."""
        async with self._line, self._here:
            try:
                await self._ask(self._take)
                yield
            finally:  # also when cancelled while another process wrote: the thread takes it still, and then gives it
                self._works.put(self._give)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the writer's thread, holding the gate, in one hop, before all who stand in line. Once asked for
        it is done, whoever waits."""

        def held() -> T:
            self._take()
            try:
                return work()
            finally:
                self._give()

        async with self._here:
            return await self._ask(held)

    def close(self) -> None:
        """Wait for the thread and give the files back."""
        self._closed = True
        self._works.put(None)
        self._thread.join()
        os.close(self._turn)
        os.close(self._write)

    async def _ask(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise RuntimeError("the gate is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._works.put(partial(_do, loop, future, work))
        try:
            return await future
        finally:
            del future  # an error holds this frame, and with it what was to be written

    def _take(self) -> None:
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._write, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _give(self) -> None:
        fcntl.flock(self._write, fcntl.LOCK_UN)


def _work(works: "SimpleQueue[Callable[[], None] | None]") -> None:
    while (work := works.get()) is not None:
        work()
        del work  # it may hold words


def _do(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", work: Callable[[], T]) -> None:
    try:
        told = partial(_tell, future, work())
    except BaseException as error:  # the asker's, whatever it is
        told = partial(_fail, future, error)
    try:
        loop.call_soon_threadsafe(told)
    except RuntimeError:  # the loop has ended: nobody waits any more
        return
    finally:
        del told, future


def _tell(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[T]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
