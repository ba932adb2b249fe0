"""A migrated database is the one tables.py describes, on SQLite and on PostgreSQL, whoever starts first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chat.migrate import UnknownRevision, migrate, versions
from tests import servers
from tests.migration import PACKAGES, first_revision, path, tables

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
WRITTEN = [package for package in PACKAGES if tables(package)]

SQLITE_EXTRAS = "select 'without rowid', name from pragma_table_list where wr = 1"
POSTGRESQL_EXTRAS = """
    select 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'index', indexdef from pg_indexes where schemaname = 'public'
    union all select 'options', relname || ' ' || reloptions::text from pg_class
        where relnamespace = 'public'::regnamespace and reloptions is not null
"""


def engine_of(url: str) -> AsyncEngine:
    made = sa.make_url(url)
    return create_async_engine(made.set(drivername=DRIVERS[made.drivername]))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = engine_of(url)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


def describe(connection: sa.Connection) -> dict[str, Any]:
    """Return everything the database says about its tables, but for the version tables."""
    inspector = sa.inspect(connection)
    found: dict[str, Any] = {}
    for table in inspector.get_table_names():
        if table.endswith("_version"):
            continue
        sides: dict[str, list[Any]] = {
            "columns": [{**one, "type": str(one["type"])} for one in inspector.get_columns(table)],
            "primary key": [inspector.get_pk_constraint(table)],
            "foreign keys": inspector.get_foreign_keys(table),
            "unique": inspector.get_unique_constraints(table),
            "checks": inspector.get_check_constraints(table),
            "indexes": [
                {**one, "dialect_options": {key: str(value) for key, value in one.get("dialect_options", {}).items()}}
                for one in inspector.get_indexes(table)
            ],
        }
        for side, ones in sides.items():
            found[f"{table} {side}"] = sorted(map(str, ones))
    extras = POSTGRESQL_EXTRAS if connection.dialect.name == "postgresql" else SQLITE_EXTRAS
    lines = sorted(f"{kind} {line}" for kind, line in connection.execute(sa.text(extras)))
    found["extras"] = [line for line in lines if "_version" not in line]
    return found


@pytest.fixture
def two_databases(empty_url: str, request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """Two empty databases of one kind."""
    if empty_url.startswith("sqlite"):
        yield empty_url, f"sqlite:///{tmp_path / 'other.db'}"
        return
    cluster: servers.Cluster = request.getfixturevalue("postgresql")
    with cluster.database() as other:
        yield empty_url, other


async def test_the_migrated_schema_is_the_one_the_tables_describe(two_databases: tuple[str, str]) -> None:
    migrated, created = two_databases
    for package in WRITTEN:
        await migrate(migrated, package)
        async with connected(created) as connection:
            for table in tables(package):
                await connection.run_sync(table.create)
    async with connected(migrated) as connection:
        found = await connection.run_sync(describe)
    async with connected(created) as connection:
        described = await connection.run_sync(describe)
    assert found == described
    partial = [line for side in found.values() for line in side if "say_id" in line and "where" in line.lower()]
    assert partial, "the index that makes a say idempotent must stay partial"
    if migrated.startswith("sqlite"):
        assert "without rowid memberships" in found["extras"]
    else:
        assert any("fillfactor=60" in line for line in found["extras"])


@pytest.mark.parametrize("package", WRITTEN)
def test_the_first_revision_is_written_from_the_tables(package: str) -> None:
    assert path(package).read_text() == first_revision(package), "tables.py has changed: make migration"


async def test_migrating_again_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url, "chat")
    async with connected(empty_url) as connection:
        await connection.execute(sa.text("insert into meta (name, value) values ('kept', 'yes')"))
    await migrate(empty_url, "chat")
    async with connected(empty_url) as connection:
        assert (await connection.execute(sa.text("select value from meta where name = 'kept'"))).scalar_one() == "yes"
        head = (await connection.execute(sa.text("select version_num from chat_version"))).scalar_one()
    assert head == versions("chat").get_current_head()


async def test_of_processes_that_start_together_one_migrates_and_the_others_wait(empty_url: str) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*(migrate(empty_url, "chat") for _ in range(4)))
    async with connected(empty_url) as connection:
        assert (await connection.execute(sa.text("select count(*) from chat_version"))).scalar_one() == 1


async def test_a_database_of_a_newer_program_is_left_alone_and_said_so(empty_url: str) -> None:
    await migrate(empty_url, "chat")
    async with connected(empty_url) as connection:
        await connection.execute(sa.text("update chat_version set version_num = '9999'"))
    with pytest.raises(UnknownRevision, match="newer Hearthside"):
        await migrate(empty_url, "chat")
    async with connected(empty_url) as connection:
        assert (await connection.execute(sa.text("select version_num from chat_version"))).scalar_one() == "9999"
