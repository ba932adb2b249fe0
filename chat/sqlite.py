"""SQLite's engines, over aiosqlite, which gives each connection a thread.

What reads is short, nearly always, and does not wait for who writes (WAL): it is read at once, on the loop, because the
way to a thread and back costs more than most statements do. A statement that has not ended after LOOP_MS is begun again
in the thread; before each reading, and when one has held the loop that long, everybody else has a turn.

What writes goes to the thread always, each statement made, executed, fetched and closed in one go (SQLAlchemy's own
cursor goes there for each of the four), and the first of a transaction begins it.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import aiosqlite as adapted
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import EMPTY_DICT

BUSY_TIMEOUT_MS = 5000
LOG_PAGES = 2000
"""A commit that finds SQLite's write-ahead log longer (8 MB) writes it back, so what many groups changed is written
once. With SQLite's own 1,000 a busy server kept a tenth fewer says a second, and nobody waited less."""

PRAGMAS = (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON",
           "foreign_keys=ON", f"wal_autocheckpoint={LOG_PAGES}")  # fmt: skip
"""FULL: with NORMAL, 170 of 170 acknowledged rows were lost in simulated power cuts; with FULL none."""

READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"

LOOP_MS = 2.0
"""So long a statement may hold the loop, and so may a reading before others have a turn. What SQLite does in one step
of its machine (a whole `count(*)`) is not cut short; nor is waiting for a lock (while the log of a process that was
killed is recovered)."""
STEPS = 50
"""So many steps of that machine, some ten rows, go by between two looks at the clock: each may have to wait for the
GIL."""


def writer(path: Path) -> AsyncEngine:
    """Return an engine with one connection to the file at `path`, to write over."""
    return _engine(path, WRITE, 1)


def reader(path: Path, size: int, *, loop_ms: float = LOOP_MS, steps: int = STEPS) -> AsyncEngine:
    """Return an engine with so many connections to the file at `path`, to read over and nothing else."""
    return _engine(path, READ, size, loop_ms, steps)


def _engine(path: Path, begin: str, size: int, loop_ms: float = LOOP_MS, steps: int = STEPS) -> AsyncEngine:
    driver = _Driver(loop_ms, steps)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}", module=driver, poolclass=AsyncAdaptedQueuePool,
        pool_size=size, max_overflow=0, hide_parameters=True,
    )  # fmt: skip

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connected(connection: "_Connection", _: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: we say when, and how
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, f"query_only={int(begin == READ)}"):
            cursor.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine.sync_engine, "invalidate")
    def given_up(connection: "_Connection", _: object, error: BaseException | None) -> None:
        """A task that is cancelled in the middle of a statement gives its connection up. What it began is undone first:
        closing does not, while the thread is at it still."""
        if error is not None:
            connection.rollback()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begun(connection: sa.Connection) -> None:
        cast(_Connection, connection.connection.dbapi_connection).begin(begin)

    return engine


class _Cursor(adapted.AsyncAdapt_aiosqlite_cursor):
    """One statement and its rows. `_cursor` is sqlite3's own, closed by then; what it found out can still be asked."""

    __slots__ = ()

    _awaitable_cursor_close = False

    def __init__(self, connection: "_Connection") -> None:
        self._adapt_connection = connection
        self._connection = connection._connection
        self._soft_closed_memoized = EMPTY_DICT
        self._rows = deque()

    def close(self) -> None:
        self._rows.clear()

    async def _execute_async(self, operation: str, parameters: object) -> None:
        await self._go(sqlite3.Cursor.execute, operation, parameters or ())

    async def _executemany_async(self, operation: str, seq_of_parameters: object) -> None:
        await self._go(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _go(self, execute: "_Execute", operation: str, parameters: object) -> None:
        connection = cast(_Connection, self._adapt_connection)
        async with connection._execute_mutex:
            cursor, self._rows = await connection.run(execute, operation, parameters)
        self._cursor = cast(Any, cursor)


_Execute = Callable[[sqlite3.Cursor, str, Any], object]  # execute or executemany
_Found = tuple[sqlite3.Cursor, deque[Any]]


class _Connection(adapted.AsyncAdapt_aiosqlite_connection):
    """A connection, which begins a transaction with the first of its statements."""

    __slots__ = ("_begin", "_in_thread", "_loop_s", "_steps", "_turn_at_s")

    _cursor_cls = _Cursor  # type: ignore[assignment]  # it is given a connection of ours, and no other

    def __init__(self, driver: "_Driver", connection: Any) -> None:
        super().__init__(driver, connection)
        self._begin = ""
        self._in_thread = True
        self._turn_at_s = 0.0
        self._loop_s, self._steps = driver.loop_ms / 1000, driver.steps

    def begin(self, how: str) -> None:
        """Let a transaction begin: READ or WRITE."""
        self._begin, self._in_thread, self._turn_at_s = how, how != READ, 0.0

    async def run(self, execute: _Execute, operation: str, parameters: object) -> _Found:
        """Run a statement. A reading that had one in the thread goes on there, and ends there: after what a cancelled
        task left running, and because the thread lets go of what it did last (words, maybe) only when it is given
        something else to do."""
        if not self._in_thread:
            if time.perf_counter() - self._turn_at_s > self._loop_s:
                await asyncio.sleep(0)
                self._turn_at_s = time.perf_counter()
            try:
                return self._at_once(execute, operation, parameters)
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                    raise
        self._in_thread = True
        found: _Found = await self._connection._execute(
            _run, self._connection._conn, self._begin, execute, operation, parameters
        )
        return found

    def _at_once(self, execute: _Execute, operation: str, parameters: object) -> _Found:
        until = time.perf_counter() + self._loop_s
        connection: sqlite3.Connection = self._connection._conn
        connection.set_progress_handler(lambda: time.perf_counter() > until, self._steps)
        try:
            return _run(connection, self._begin, execute, operation, parameters)
        finally:
            connection.set_progress_handler(None, 0)

    def commit(self) -> None:
        if not self._begin:
            return
        if self._in_thread:
            super().commit()
        else:
            self._connection._conn.commit()
        self._begin, self._in_thread = "", True

    def rollback(self) -> None:
        """Undo what has begun; the pool asks for it whenever a connection comes back, also after a commit."""
        begun, in_thread = self._begin, self._in_thread
        self._begin, self._in_thread = "", True
        if begun and in_thread:
            if begun == READ and self._connection._connection is not None:
                self._connection._conn.interrupt()  # what nobody waits for any more
            super().rollback()
        elif begun and self._connection._connection is not None:
            self._connection._conn.rollback()


def _run(connection: sqlite3.Connection, begin: str, execute: _Execute, operation: str, parameters: object) -> _Found:
    """Run a statement, and fetch all its rows."""
    with closing(connection.cursor()) as cursor:
        if begin and not connection.in_transaction:  # asked, not remembered: a BEGIN can be cut short, too
            cursor.execute(begin)
        execute(cursor, operation, parameters)
        return cursor, deque(cursor.fetchall() if cursor.description else ())


class _Driver(adapted.AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite, as SQLAlchemy wants it, and how long its connections may hold the loop."""

    def __init__(self, loop_ms: float, steps: int) -> None:
        super().__init__(aiosqlite, sqlite3)
        self.loop_ms, self.steps = loop_ms, steps

    def connect(self, *arguments: Any, **named: Any) -> _Connection:
        return _Connection(self, super().connect(*arguments, **named)._connection)
