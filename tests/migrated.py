"""Databases as the newest revisions leave them.

Migrating costs more than most tests do: of each kind one database is migrated in a process. A SQLite file is copied
from what it became; a PostgreSQL database is emptied and used again, unless a test changed its tables.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg

from chat.migrate import migrate
from tests import servers

_sqlite: list[bytes] = []
"""What a fresh SQLite file became. Filled once."""
TABLES = "select relname, relnatts, relchecks from pg_class where relnamespace = 'public'::regnamespace order by 1"
OTHERS = """select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()"""
EMPTY = """do $$ declare one record; begin
    set session_replication_role = replica;  -- foreign keys are not asked
    for one in select tablename from pg_tables where schemaname = 'public' and tablename not like '%\\_version' loop
        execute format('delete from %I', one.tablename);
    end loop;
end $$"""
"""Migrating writes nothing but which revision a package is at."""


async def bring_up(url: str) -> None:
    """Bring a database to the newest revisions of both packages; one that is there already stays as it is."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite"):
        connection = await asyncpg.connect(url)
        is_there = await connection.fetchval("select to_regclass('chat_version')") is not None
        await connection.close()
        if not is_there:
            await _migrate(url)
    elif not path.exists() and _sqlite:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_sqlite[0])
    elif not path.exists():
        await _migrate(url)
        _sqlite.append(path.read_bytes())


async def _migrate(url: str) -> None:
    for package in ("chat", "matcher"):
        await migrate(url, package)


class Reused:
    """PostgreSQL databases of a cluster, migrated and empty: each is used by one test after another."""

    def __init__(self, cluster: servers.Cluster, kept: ExitStack) -> None:
        self._cluster = cluster
        self._kept = kept
        self._free: list[tuple[str, list[asyncpg.Record]]] = []

    @contextmanager
    def database(self) -> Iterator[str]:
        """Lend one for the time of the block, and give its URL."""
        if not self._free:
            url = self._kept.enter_context(self._cluster.database())
            asyncio.run(bring_up(url))
            self._free.append((url, asyncio.run(_emptied(url))))
        url, tables = self._free.pop()
        yield url
        if asyncio.run(_emptied(url)) == tables:
            self._free.append((url, tables))


async def _emptied(url: str) -> list[asyncpg.Record]:
    """Empty a database that nobody uses any more, and return which tables it has."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(OTHERS)
        await connection.execute(EMPTY)
        await connection.execute("select pg_stat_reset()")  # circles of locks are counted by database
        return list(await connection.fetch(TABLES))
    finally:
        await connection.close()
