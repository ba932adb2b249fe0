"""The key store: every person's data keys, wrapped, in a store of their own with shorter-lived backups.

A person has two keys: `said` for words others were meant to read (they live 72 h longer, so that a report still finds
them) and `own` for everything else (profile, requests), which dies at once. A case has one of its own. Destroying a
row here is what erasure is: no copy of the database opens without it.
"""

import contextlib
import math
import secrets
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chat.seal import KEY_BYTES, DataKey, Keyring
from chat.store import unavailable

Purpose = Literal["said", "own", "case"]

CACHE_S = 20.0
"""A key destroyed by another process is forgotten here within this time (a person is promised 60 s)."""
CACHE_KEYS = 50_000
LOCK = 0x6B657973
"""The PostgreSQL advisory lock under which the table is made: "keys" in ASCII."""
LOOK_S = 0.5
"""What was read from a file of this machine is kept until the file changes, which is looked for so often."""
NEAR_KIB = 4096
"""The keys of some 15,000 people; each connection of the engine has 2 MB of its own."""
NEAR = "select master, wrapped from data_keys where owner = ? and purpose = ?"

metadata = sa.MetaData()
data_keys = sa.Table(
    "data_keys", metadata,
    sa.Column("owner", sa.BigInteger, primary_key=True, autoincrement=False),  # a person's id, or a case's
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("master", sa.Integer, nullable=False),  # which master key wrapped it
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip


class KeyDestroyed(Exception):
    """There is no such key, or no longer."""


class Keys:
    """Data keys by (owner, purpose)."""

    def __init__(
        self, engine: AsyncEngine, keyring: Keyring, near: sqlite3.Connection | None, cache_s: float = CACHE_S
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._near = near
        self._cache_s = cache_s
        self._cache: dict[tuple[int, Purpose], tuple[float, DataKey]] = {}
        self._version = self._looked = 0.0

    @classmethod
    async def open(cls, url: str, keyring: Keyring, *, cache_s: float = CACHE_S) -> "Keys":
        """Open the key store, making its one table where it is not there."""
        near = None
        if url.startswith("postgresql://"):
            engine = create_async_engine(
                make_url(url).set(drivername="postgresql+asyncpg"), pool_pre_ping=True, hide_parameters=True,
                connect_args={"timeout": 5, "command_timeout": 20},
            )  # fmt: skip
        else:
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            engine = create_async_engine(f"sqlite+aiosqlite:///{path}", hide_parameters=True)

            @sa.event.listens_for(engine.sync_engine, "connect")
            def connected(connection: Any, _: object) -> None:
                cursor = connection.cursor()  # no WAL: a destroyed key must leave no copy in any file
                for pragma in ("busy_timeout=5000", "journal_mode=DELETE", "synchronous=FULL", "secure_delete=ON"):
                    cursor.execute(f"PRAGMA {pragma}")
                cursor.close()

        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":  # others may start as well: IF NOT EXISTS alone lets two make it
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            await connection.execute(sa.schema.CreateTable(data_keys, if_not_exists=True))
        if engine.dialect.name == "sqlite":
            near = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True, timeout=0, isolation_level=None)
            near.execute(f"pragma cache_size = -{NEAR_KIB}")
        return cls(engine, keyring, near, cache_s)

    async def make(self, owner: int, *purposes: Purpose) -> None:
        """Make keys for a new person or case. Made before the row that needs them, so no word waits for a key.

        Raises:
            sqlalchemy.exc.IntegrityError: the owner has one of them already.
        """
        rows = []
        for purpose in purposes:
            master, wrapped = self._keyring.wrap(secrets.token_bytes(KEY_BYTES), _bound(owner, purpose))
            rows.append({"owner": owner, "purpose": purpose, "master": master, "wrapped": wrapped})
        with unavailable():
            async with self._engine.begin() as connection:
                await connection.execute(data_keys.insert(), rows)

    def cached(self, owner: int, purpose: Purpose) -> DataKey | None:
        """Return the key if it is at hand, without waiting."""
        now = time.monotonic()
        if self._near is not None and now - self._looked >= LOOK_S:
            self._look(self._near, now)
        found = self._cache.get((owner, purpose))
        return found[1] if found is not None and found[0] > now else None

    def _look(self, near: sqlite3.Connection, now: float) -> None:
        """Forget every key if another connection has written to the file since the last look."""
        try:
            version: float = near.execute("pragma data_version").fetchone()[0]
        except sqlite3.OperationalError:  # somebody writes
            version = math.nan  # equal to nothing, itself included
        if version != self._version:
            self._cache.clear()
        self._version, self._looked = version, now

    def at_hand(self, owner: int, purpose: Purpose) -> DataKey | None:
        """Return the key if it can be had without waiting: cached, or in a file of this machine nobody is writing to.

        Most people speak less than once in CACHE_S: over the engine every say would cost a millisecond for its key.
        """
        found = self.cached(owner, purpose)
        if found is None and self._near is not None:
            with contextlib.suppress(sqlite3.OperationalError):  # somebody writes: who can wait asks `get`
                for master, wrapped in self._near.execute(NEAR, (owner, purpose)).fetchall():
                    found = self._unwrapped(owner, purpose, master, wrapped, math.inf)
        return found

    async def get(self, owner: int, purpose: Purpose) -> DataKey:
        """Return one key.

        Raises:
            KeyDestroyed: there is none, or no longer. Unavailable: the key store did not answer.
        """
        found = (await self.many([owner], purpose)).get(owner)
        if found is None:
            raise KeyDestroyed
        return found

    async def many(self, owners: Iterable[int], purpose: Purpose) -> dict[int, DataKey]:
        """Return the keys that (still) are, by owner."""
        found: dict[int, DataKey] = {}
        missing: list[int] = []
        for owner in set(owners):
            key = self.cached(owner, purpose)
            if key is None:
                missing.append(owner)
            else:
                found[owner] = key
        for start in range(0, len(missing), 500):
            wanted = sa.select(data_keys).where(
                data_keys.c.owner.in_(missing[start : start + 500]), data_keys.c.purpose == purpose
            )
            with unavailable():
                async with self._engine.connect() as connection:
                    rows = (await connection.execute(wanted)).all()
            for row in rows:
                until = time.monotonic() + self._cache_s
                found[row.owner] = self._unwrapped(row.owner, purpose, row.master, row.wrapped, until)
        return found

    def _unwrapped(self, owner: int, purpose: Purpose, master: int, wrapped: bytes, until: float) -> DataKey:
        key = DataKey(self._keyring.unwrap(master, wrapped, _bound(owner, purpose)), 1)
        if len(self._cache) > CACHE_KEYS:
            self._cache.clear()
        self._cache[owner, purpose] = (until, key)
        return key

    async def owners(self, purpose: Purpose, among: Iterable[int] | None = None) -> set[int]:
        """Return who has a key for this purpose: of all, or among these. Opens none of them.

        Raises:
            Unavailable: the key store did not answer.
        """
        wanted = sa.select(data_keys.c.owner).where(data_keys.c.purpose == purpose)
        with unavailable():
            return await self._owners(wanted, among)

    async def _owners(self, wanted: "sa.Select[int]", among: Iterable[int] | None) -> set[int]:
        async with self._engine.connect() as connection:
            if among is None:
                return set((await connection.execute(wanted)).scalars())
            asked = sorted(set(among))
            found: set[int] = set()
            for start in range(0, len(asked), 500):
                some = wanted.where(data_keys.c.owner.in_(asked[start : start + 500]))
                found.update((await connection.execute(some)).scalars())
            return found

    async def destroy(self, owner: int, *purposes: Purpose) -> None:
        """Destroy keys for good. Repeating is harmless."""
        for purpose in purposes:
            self._cache.pop((owner, purpose), None)
        gone = data_keys.delete().where(data_keys.c.owner == owner, data_keys.c.purpose.in_(purposes))
        with unavailable():
            async with self._engine.begin() as connection:
                await connection.execute(gone)
        if self._engine.dialect.name == "postgresql":  # a deleted row stays on its page until the table is rewritten
            with unavailable():
                async with self._engine.connect() as connection:
                    free = await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await free.execute(sa.text("VACUUM FULL data_keys"))

    def derive(self, label: str) -> bytes:
        """Return 32 bytes for one purpose of the server's own (audit, addresses, forms); see `Keyring.derive`."""
        return self._keyring.derive(label)

    async def close(self) -> None:
        """Close every connection."""
        self._cache.clear()
        if self._near is not None:
            self._near.close()
        await self._engine.dispose()


def _bound(owner: int, purpose: str) -> bytes:
    return f"{purpose}\0{owner}".encode()
