"""Databases as the newest revisions leave them.

Migrating costs more than most tests do: of each kind one database is migrated in a process, and the next are copies of
what it became.
"""

import asyncio
import subprocess
from pathlib import Path

import asyncpg

from chat.migrate import migrate
from tests import servers

_sqlite: list[bytes] = []
_postgresql: list[str] = []
"""What a fresh database became: a SQLite file, and the SQL that makes a PostgreSQL database. Filled once."""


async def bring_up(url: str) -> None:
    """Bring a database to the newest revisions of both packages; one that is there already stays as it is."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        if path.exists():
            return
        if _sqlite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_sqlite[0])
            return
        await _migrate(url)
        _sqlite.append(path.read_bytes())
        return
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("select to_regclass('chat_version')") is not None:
            return
        if _postgresql:
            await connection.execute(_postgresql[0])
            return
    finally:
        await connection.close()
    await _migrate(url)
    _postgresql.append(await asyncio.to_thread(_dumped, url))


async def _migrate(url: str) -> None:
    for package in ("chat", "matcher"):
        await migrate(url, package)


def _dumped(url: str) -> str:
    made = subprocess.run(
        [servers.postgresql_bin() / "pg_dump", "--inserts", "--no-owner", url],
        check=True, timeout=servers.START_S, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    return "\n".join(line for line in made.stdout.splitlines() if not line.startswith("\\"))  # psql's own commands
