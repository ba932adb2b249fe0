"""Migrations: at start, bring the database to the newest revision of a package.

The one idea: each package has a chain of its own (its folder `migrations/versions`) with a version table of its own, so
either can move without the other. Everything pending is one transaction under one lock: of several processes that start
together one migrates and the others wait, and a revision that fails leaves the database as it was.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from chat.gate import Gate

LOCK = 0x6865617274687369
"""The PostgreSQL advisory lock under which a database is migrated: "hearthsi" in ASCII, so no other program's."""
WAIT_S = 60.0
"""A process that finds another one migrating waits for so long."""


class UnknownRevision(Exception):
    """The database is newer than this program; the text is a sentence for the person who runs the server."""


async def migrate(url: str, package: str) -> None:
    """Run what is pending of a package's chain; a second run does nothing.

    Args:
        url: `sqlite:///PATH` (made when it is not there) or `postgresql://…`.
        package: whose chain; `chat` first, as the others' tables refer to its own.

    Raises:
        UnknownRevision: a newer program has been here.
    """
    engine = _engine(url)
    gate = None if url.startswith("postgresql://") else Gate(_path(url))
    try:
        async with gate() if gate else nullcontext(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            await connection.run_sync(_upgrade, package)
    finally:
        await engine.dispose()
        if gate:
            gate.close()


def versions(package: str) -> ScriptDirectory:
    """Return a package's chain of revisions."""
    config = Config()
    folder = Path(__file__).parent.parent / package / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: sa.Connection, package: str) -> None:
    chain = versions(package)

    def pending(heads: Any, _: Any) -> Any:
        return chain._upgrade_revs("head", heads)  # what `alembic upgrade head` runs

    with EnvironmentContext(Config(), chain, fn=pending) as environment:
        environment.configure(connection=connection, version_table=f"{package}_version")
        try:
            environment.run_migrations()
        except CommandError as error:
            raise UnknownRevision(
                f"The database was used by a newer Hearthside than this one ({package}: {error}). Start the newer one."
            ) from error


def _engine(url: str) -> AsyncEngine:
    if url.startswith("postgresql://"):
        return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{_path(url)}", poolclass=NullPool,
        connect_args={"timeout": WAIT_S, "isolation_level": None},
    )  # fmt: skip

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # under the gate: SQLite waits for nobody when it goes over

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # before the version is read: two processes may start at once

    return engine


def _path(url: str) -> Path:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
