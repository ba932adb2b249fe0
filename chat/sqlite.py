"""SQLite's engines, over aiosqlite, which gives each connection a thread.

What reads is short, nearly always, and never waits for who writes (WAL): it is read at once, on the loop, because the
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

LOOP_MS = 2.0
"""So long a reading may hold the loop."""
LOOK = 1000
"""After so many steps of SQLite's machine, some ten microseconds, it is asked whether that time is over."""


def writer(path: Path) -> AsyncEngine:
    """Return an engine with one connection to the file at `path`, to write over."""
    return _engine(path, "BEGIN IMMEDIATE", 1)


def reader(path: Path, size: int) -> AsyncEngine:
    """Return an engine with so many connections to the file at `path`, to read over."""
    return _engine(path, "BEGIN", size)


def _engine(path: Path, begin: str, size: int) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}", module=_Driver(aiosqlite, sqlite3), poolclass=AsyncAdaptedQueuePool,
        pool_size=size, max_overflow=0, hide_parameters=True,
    )  # fmt: skip

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connected(connection: "_Connection", _: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: we say when, and how
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine.sync_engine, "invalidate")
    def given_up(connection: "_Connection", _: object, error: BaseException | None) -> None:
        """A task that is cancelled in the middle of a statement gives its connection up, and with it the lock."""
        if error is not None:
            connection.rollback()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begun(connection: sa.Connection) -> None:
        cast(_Connection, connection.connection.dbapi_connection).begin = begin

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

    async def _execute_async(self, operation: str, parameters: Any) -> None:
        await self._go(sqlite3.Cursor.execute, operation, parameters or ())

    async def _executemany_async(self, operation: str, seq_of_parameters: Any) -> None:
        await self._go(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _go(self, execute: "_Execute", operation: str, parameters: Any) -> None:
        connection = cast(_Connection, self._adapt_connection)
        async with connection._execute_mutex:
            cursor, self._rows = await connection.run(execute, operation, parameters)
        self._cursor = cast(Any, cursor)


_Execute = Callable[[sqlite3.Cursor, str, Any], object]
_Found = tuple[sqlite3.Cursor, deque[Any]]


class _Connection(adapted.AsyncAdapt_aiosqlite_connection):
    """A connection. `begin`: what the next statement has to begin with; told by the engine."""

    __slots__ = ("_begun", "_is_away", "_turn", "begin")

    _cursor_cls = _Cursor  # type: ignore[assignment]  # it is given a connection of ours, and no other

    def __init__(self, driver: "_Driver", connection: Any) -> None:
        super().__init__(driver, connection)
        self.begin = self._begun = ""
        self._is_away = False
        self._turn = 0.0

    async def run(self, execute: _Execute, operation: str, parameters: Any) -> _Found:
        """Run a statement, as the first of a transaction or not."""
        if self.begin == "BEGIN" or (self._begun == "BEGIN" and time.perf_counter() - self._turn > LOOP_MS / 1000):
            await asyncio.sleep(0)
            self._turn = time.perf_counter()
        begin, self.begin = self.begin, ""
        self._begun = self._begun or begin
        if self._begun == "BEGIN" and not self._is_away:
            try:
                return self._at_once(begin, execute, operation, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
            begin = ""
        self._is_away = True  # and for good, if this is cancelled: the thread is at it still
        found: _Found = await self._connection._execute(
            _run, self._connection._conn, begin, execute, operation, parameters
        )
        self._is_away = False
        return found

    def _at_once(self, begin: str, execute: _Execute, operation: str, parameters: Any) -> _Found:
        until = time.perf_counter() + LOOP_MS / 1000
        connection: sqlite3.Connection = self._connection._conn
        connection.set_progress_handler(lambda: time.perf_counter() > until, LOOK)
        try:
            return _run(connection, begin, execute, operation, parameters)
        finally:
            connection.set_progress_handler(None, 0)

    def commit(self) -> None:
        if begun := self._end():
            if begun == "BEGIN" and not self._is_away:
                self._connection._conn.commit()
            else:
                super().commit()

    def rollback(self) -> None:
        if begun := self._end():
            if begun == "BEGIN" and not self._is_away:
                self._connection._conn.rollback()
            else:
                super().rollback()

    def _end(self) -> str:
        """Return how the transaction began that there is to end, if any: the pool rolls back whatever comes back."""
        begun, self.begin, self._begun = self._begun, "", ""
        return begun


def _run(connection: sqlite3.Connection, begin: str, execute: _Execute, operation: str, parameters: Any) -> _Found:
    """Run a statement, and fetch all its rows."""
    with closing(connection.cursor()) as cursor:
        if begin:
            cursor.execute(begin)
        execute(cursor, operation, parameters)
        return cursor, deque(cursor.fetchall() if cursor.description else ())


class _Driver(adapted.AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite, as SQLAlchemy wants it."""

    def connect(self, *arguments: Any, **named: Any) -> _Connection:
        return _Connection(self, super().connect(*arguments, **named)._connection)
