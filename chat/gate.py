"""The gate: one writer at a time, over all tasks and processes that share a SQLite file.

The one idea is a turnstile: who wants to write takes `turn`, then `write`, then gives `turn` back. While one writes,
the next already holds the turn, so the writer that has just ended cannot overtake it: processes alternate. (SQLite's
own busy timeout polls with growing sleeps: the second process waited 1,400 ms at p99.)
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Gate:
    """Exclusive right to write to the SQLite file at `path`; also the one thread that does it."""

    def __init__(self, path: Path) -> None:
        self._turn = os.open(f"{path}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._write = os.open(f"{path}.write", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._here = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "sqlite-writer")

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Hold the gate across awaits."""
        async with self._here:
            taking = asyncio.get_running_loop().run_in_executor(self._thread, self._take)
            try:
                await asyncio.shield(taking)
                yield
            finally:
                if taking.done():
                    self._give()
                else:  # cancelled while another process wrote: the thread still takes it, and must give it back
                    taking.add_done_callback(lambda _: self._give())

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the writer's thread, holding the gate, in one hop."""

        def held() -> T:
            self._take()
            try:
                return work()
            finally:
                self._give()

        async with self._here:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, held))

    def close(self) -> None:
        """Wait for the thread and give the files back."""
        self._thread.shutdown()
        os.close(self._turn)
        os.close(self._write)

    def _take(self) -> None:
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._write, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _give(self) -> None:
        fcntl.flock(self._write, fcntl.LOCK_UN)
