"""The store: the one door to the database, SQLite or PostgreSQL.

The one idea: every write takes a `Transaction`, which knows which rows it has locked (in one order, always: people,
rooms, requests, offers, cases, audit) and which rooms it touched. Listeners hear of the touched rooms after the commit
and never before, so nothing is announced that might not be kept.
"""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chat import sqlite
from chat.gate import Gate
from chat.ids import Millis, RoomId, Seq
from chat.refusals import Unavailable
from chat.tables import meta

logger = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 3000
"""A row held longer than this belongs to a process that hangs; better to refuse and let the person try again."""
IDLE_TIMEOUT_MS = 5000
"""PostgreSQL ends a transaction that does nothing for so long, so a stopped process holds no room."""
POOL = 5
RETRY_AFTER_S = 2.0

LOCK_ORDER = ("people", "rooms", "requests", "offers", "cases", "exports", "audit_head")
"""Every transaction locks in this order, ids ascending, so no two wait for each other."""

Listener = Callable[[dict[RoomId, Seq]], None]


class Transaction:
    """One transaction. Only the outermost caller opens one; everyone else is handed it.

    Attributes:
        touched: rooms that got entries, with their new last seq; announced after the commit.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._locked: dict[str, set[int]] = {}
        self.touched: dict[RoomId, Seq] = {}

    @property
    def is_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    async def execute(
        self,
        statement: sa.Executable,
        parameters: "dict[str, object] | Sequence[dict[str, object]] | None" = None,
    ) -> "sa.CursorResult[Any]":
        """Run a statement. Building one costs as much as running it, so what is asked all the time is built once and
        given its values here."""
        return cast("sa.CursorResult[Any]", await self._connection.execute(statement, parameters))

    async def now(self) -> Millis:
        """Return the database's clock, as of this moment (not of the transaction's start: locks may have waited)."""
        return Millis((await self.execute(_now(self.is_postgresql))).scalar_one())

    async def lock(self, table: sa.Table, ids: Iterable[int]) -> dict[int, "sa.Row[Any]"]:
        """Lock rows by id, ascending, until the end, and return them as they are now; absent ones are left out.

        Raises:
            AssertionError: out of order (a bug: two such transactions could wait for each other).
        """
        wanted = sorted(set(ids))
        rank = LOCK_ORDER.index(table.name)
        later = [name for name in self._locked if LOCK_ORDER.index(name) > rank]
        held = self._locked.setdefault(table.name, set())
        new = [one for one in wanted if one not in held]
        assert not new or not later, f"{table.name} locked after {later}"
        assert not new or not held or new[0] > max(held), f"{table.name} locked out of ascending order"
        held.update(new)
        lock = sa.select(table).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update(key_share=True)
        return {row.id: row for row in await self.execute(lock)}

    def holds(self, table: sa.Table, id: int) -> bool:
        """Whether this transaction has locked the row."""
        return id in self._locked.get(table.name, ())


class Store:
    """The database: transactions to write in, readings to read in, and who wants to hear of commits."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, gate: Gate | None, url: str) -> None:
        self._writer = writer
        self._reader = reader
        self.gate = gate
        self.url = url
        self._listeners: list[Listener] = []

    @classmethod
    def open(cls, url: str) -> "Store":
        """Open `sqlite:///PATH` or `postgresql://…`; the tables are there already (see `migrate`)."""
        if url.startswith("postgresql://"):
            engine = create_async_engine(
                make_url(url).set(drivername="postgresql+asyncpg"),
                pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, hide_parameters=True,
                connect_args={"timeout": 5, "command_timeout": 20, "server_settings": SERVER_SETTINGS},
            )  # fmt: skip
            return cls(engine, engine, None, url)
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(sqlite.writer(path), sqlite.reader(path, POOL), Gate(path), url)

    @property
    def is_postgresql(self) -> bool:
        return self.gate is None

    def listen(self, listener: Listener) -> None:
        """Call `listener` with {room: last seq} after every commit that appended."""
        self._listeners.append(listener)

    def announce(self, touched: dict[RoomId, Seq]) -> None:
        """Tell the listeners which rooms have grown; only after their commit."""
        for listener in self._listeners:
            listener(touched)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction to write in; committed at the end, rolled back on any exception.

        Raises:
            Unavailable: the database did not answer, or a lock could not be had in time. Nothing was kept, unless it
                was the commit's own answer that did not come.
        """
        gate: AbstractAsyncContextManager[None] = self.gate() if self.gate else nullcontext()
        with unavailable():
            async with gate, self._writer.begin() as connection:
                tx = Transaction(connection)
                yield tx
        if tx.touched:
            self.announce(tx.touched)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a transaction to read in; it never waits for a writer. (On SQLite writing in it fails, as a bug.)

        Raises:
            Unavailable: the database did not answer.
        """
        with unavailable():
            async with self._reader.begin() as connection:
                yield Transaction(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()
        if self.gate:
            self.gate.close()


async def epoch(tx: Transaction) -> str:
    """Return the database's incarnation."""
    return str((await tx.execute(sa.select(incarnation(tx.is_postgresql)))).scalar_one())


def incarnation(is_postgresql: bool) -> "sa.ColumnElement[str]":
    """The database's incarnation as an expression; on PostgreSQL with its timeline, which changes when a standby takes
    over."""
    made = sa.select(meta.c.value).where(meta.c.name == "epoch").scalar_subquery()
    if not is_postgresql:
        return made
    return made + "-" + sa.func.substr(sa.func.pg_walfile_name(sa.func.pg_current_wal_lsn()), 1, 8)


UNIX_EPOCH_JULIAN = 2440587.5
"""SQLite's unixepoch('subsec') needs 3.42 and gives NULL before it; julianday() has always counted milliseconds."""


@cache
def clock(is_postgresql: bool) -> "sa.ColumnElement[int]":
    """The database's clock in milliseconds, as an expression."""
    if is_postgresql:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
    return sa.cast(sa.func.round((sa.func.julianday("now") - UNIX_EPOCH_JULIAN) * 86_400_000), sa.BigInteger)


@cache
def _now(is_postgresql: bool) -> "sa.Select[tuple[int]]":
    return sa.select(clock(is_postgresql))


@cache
def pairs(is_postgresql: bool) -> sa.Subquery:
    """Return (room, after) pairs as a table of two columns: one statement, whatever their number; see `paired`."""
    if is_postgresql:
        rooms = sa.bindparam("rooms", type_=sa.ARRAY(sa.BigInteger))
        afters = sa.bindparam("afters", type_=sa.ARRAY(sa.BigInteger))
        both = sa.func.unnest(rooms, afters).table_valued("room", "after").render_derived()
        return sa.select(both.c.room, both.c.after).subquery()
    each = sa.func.json_each(sa.bindparam("pairs", type_=sa.Text)).table_valued("value")
    room, after = each.c.value.op("->>")(0), each.c.value.op("->>")(1)
    return sa.select(room.label("room"), after.label("after")).subquery()


def paired(is_postgresql: bool, cursors: Sequence[tuple[int, int]]) -> dict[str, object]:
    """Return the parameters that `pairs` takes."""
    if is_postgresql:
        return {"rooms": [room for room, _ in cursors], "afters": [after for _, after in cursors]}
    return {"pairs": msgspec.json.encode(cursors).decode()}


SERVER_SETTINGS = {
    "application_name": "hearthside",
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
}


AWAY_STATES = ("08", "25006", "25P03", "40", "53", "55P03", "57")
"""SQLSTATEs, or how they begin, of a PostgreSQL that cannot now and may again: connection lost, a standby, left idle or
rolled back for another's sake, no resources, a lock not had, going down or starting (its manual, appendix A)."""


class unavailable:
    """Turns a database that does not answer into a refusal. The driver's text is not passed on: it may quote values."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is not None and _is_away(error):
            logger.warning("database: %s %s", type(error.__cause__ or error).__name__, _code_of(error))
            raise Unavailable(RETRY_AFTER_S) from None


def _code_of(error: BaseException) -> str:
    """Return PostgreSQL's SQLSTATE, or SQLite's name for it, or nothing: it holds nobody's words."""
    orig = getattr(error, "orig", None)
    return str(getattr(orig, "sqlstate", None) or getattr(orig, "sqlite_errorname", None) or "")


def _is_away(error: BaseException) -> bool:
    if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
        return False  # a bug of ours: somebody has written in a reading
    away = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, OSError, TimeoutError)
    if isinstance(error, away):
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", None) or "").startswith(AWAY_STATES)
