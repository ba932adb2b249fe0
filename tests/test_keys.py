"""The key store: a key that was destroyed is gone everywhere within the time that is promised, and on every page."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from chat.keys import CACHE_S, LOOK_S, KeyDestroyed, Keys
from chat.seal import KEY_BYTES, Keyring, SealBroken

CACHED_S = 0.5
PROMISED_S = 60.0
"""An erased account leaves no readable text after so long; see the table of promises."""
OWNER = 7
PLACE = b"somewhere"


@asynccontextmanager
async def opened(url: str, folder: Path, cache_s: float = CACHED_S) -> AsyncIterator[Keys]:
    """Open the key store as one more process would."""
    keys = await Keys.open(url, Keyring.load(folder / "master.keys"), cache_s=cache_s)
    try:
        yield keys
    finally:
        await keys.close()


@pytest.mark.parametrize("waits", [True, False], ids=["asked for", "at hand"])
async def test_a_key_that_another_process_destroyed_is_forgotten_here_in_its_time_though_it_is_in_use(
    empty_url: str, tmp_path: Path, waits: bool
) -> None:
    assert CACHE_S < PROMISED_S
    async with opened(empty_url, tmp_path) as here, opened(empty_url, tmp_path) as there:
        await there.make(OWNER, "said", "own")
        await here.get(OWNER, "said")
        await there.destroy(OWNER, "said")
        destroyed = time.monotonic()
        with pytest.raises(KeyDestroyed):
            while time.monotonic() < destroyed + 5:
                if waits:
                    await here.get(OWNER, "said")
                elif here.at_hand(OWNER, "said") is None:
                    raise KeyDestroyed
                await asyncio.sleep(0.01)
        assert time.monotonic() - destroyed < CACHED_S + 0.4
        assert here.cached(OWNER, "said") is None and here.at_hand(OWNER, "said") is None
        assert await here.many([OWNER], "said") == {}
        assert await here.owners("own") == {OWNER}, "nothing else died"


async def test_a_key_read_from_a_file_of_this_machine_is_kept_until_somebody_writes_there(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with opened(sqlite_url, tmp_path, 0.1) as here, opened(sqlite_url, tmp_path) as there:
        await there.make(OWNER, "said")
        assert here.at_hand(OWNER, "said") is not None
        await asyncio.sleep(LOOK_S + 0.1)
        assert here.cached(OWNER, "said") is not None
        await there.make(8, "said")
        await asyncio.sleep(LOOK_S + 0.1)
        assert here.cached(OWNER, "said") is None
        await here.get(OWNER, "said")  # over the engine: who knows what was written while it was read
        await asyncio.sleep(0.2)
        assert here.cached(OWNER, "said") is None


async def test_a_key_destroyed_here_is_forgotten_at_once_and_destroying_it_again_is_harmless(
    empty_url: str, tmp_path: Path
) -> None:
    async with opened(empty_url, tmp_path, CACHE_S) as keys:
        await keys.make(OWNER, "said")
        await keys.get(OWNER, "said")
        for _ in range(2):
            await keys.destroy(OWNER, "said", "own")
            assert keys.cached(OWNER, "said") is None and keys.at_hand(OWNER, "said") is None
            with pytest.raises(KeyDestroyed):
                await keys.get(OWNER, "said")


async def test_a_destroyed_key_is_on_no_page_of_a_sqlite_store(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(sqlite_url, tmp_path) as keys:
        for owner in range(1, 40):
            await keys.make(owner, "said")
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
            [(wrapped,)] = connection.execute("select wrapped from data_keys where owner = 20")
        assert wrapped in everything(tmp_path)
        await keys.destroy(20, "said")
        assert wrapped not in everything(tmp_path)
        assert len(await keys.owners("said")) == 38


def everything(folder: Path) -> bytes:
    """The bytes of all files in a folder."""
    return b"".join(one.read_bytes() for one in folder.iterdir() if one.is_file())


async def test_a_destroyed_key_is_on_no_page_of_a_postgresql_store(postgresql_url: str, tmp_path: Path) -> None:
    async with opened(postgresql_url, tmp_path) as keys:
        for owner in range(1, 40):
            await keys.make(owner, "said")
        connection = await asyncpg.connect(postgresql_url)
        try:
            wrapped = await connection.fetchval("select wrapped from data_keys where owner = 20")
            assert wrapped in await pages(connection)
            await keys.destroy(20, "said")
            assert wrapped not in await pages(connection)
        finally:
            await connection.close()
        assert len(await keys.owners("said")) == 38


async def pages(connection: "asyncpg.Connection[asyncpg.Record]") -> bytes:
    """The bytes of every file of a database, as they are on the disk."""
    await connection.execute("checkpoint")
    folder = await connection.fetchval("select 'base/' || oid from pg_database where datname = current_database()")
    files = await connection.fetch(
        "select pg_read_binary_file($1 || '/' || name, 0, 1000000000, true) from pg_ls_dir($1) as name", folder
    )
    return b"".join(row[0] or b"" for row in files)


async def test_a_wrapped_key_opens_for_its_own_owner_and_purpose_only(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(sqlite_url, tmp_path) as keys:
        await keys.make(OWNER, "said", "own")
        await keys.make(8, "said")
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
            [(theirs,)] = connection.execute("select wrapped from data_keys where owner = 8")
            connection.execute("update data_keys set wrapped = ? where purpose = 'said' and owner = 7", (theirs,))
        with pytest.raises(SealBroken):
            await keys.get(OWNER, "said")
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
            [(own,)] = connection.execute("select wrapped from data_keys where owner = 7 and purpose = 'own'")
            connection.execute("update data_keys set wrapped = ? where purpose = 'said' and owner = 7", (own,))
        with pytest.raises(SealBroken):
            await keys.get(OWNER, "said")


async def test_a_new_master_key_wraps_from_now_on_and_what_the_old_one_wrapped_opens_still(
    empty_url: str, tmp_path: Path
) -> None:
    async with opened(empty_url, tmp_path) as keys:
        await keys.make(1, "said")
        sealed = (await keys.get(1, "said")).seal("text", PLACE)
    with (tmp_path / "master.keys").open("a") as file:
        file.write(f"2 {'ab' * KEY_BYTES}\n")
    async with opened(empty_url, tmp_path) as keys:
        await keys.make(2, "said")
        assert (await keys.get(1, "said")).open(sealed, PLACE) == "text"
        sealed = (await keys.get(2, "said")).seal("text", PLACE)
    (tmp_path / "master.keys").write_text(f"2 {'ab' * KEY_BYTES}\n")
    async with opened(empty_url, tmp_path) as keys:
        assert (await keys.get(2, "said")).open(sealed, PLACE) == "text"
        with pytest.raises(SealBroken):
            await keys.get(1, "said")


async def test_who_cannot_wait_for_a_key_does_not_wait_for_somebody_who_writes(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(sqlite_url, tmp_path) as keys, opened(sqlite_url, tmp_path) as others:
        await others.make(OWNER, "said")
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as writing:
            writing.execute("begin exclusive")
            before = time.monotonic()
            assert keys.at_hand(OWNER, "said") is None
            assert time.monotonic() - before < 0.2
            writing.execute("rollback")
        assert keys.at_hand(OWNER, "said") is not None
        assert keys.cached(OWNER, "said") is not None


async def test_two_processes_that_start_at_once_share_one_table_and_one_master_key(
    empty_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    rings = await asyncio.gather(*(asyncio.to_thread(Keyring.load, folder / "master.keys") for _ in range(8)))
    assert len({ring.derive("test") for ring in rings}) == 1
    stores = await asyncio.gather(*(Keys.open(empty_url, ring) for ring in rings))
    try:
        await stores[0].make(OWNER, "said")
        for one in stores:
            assert await one.owners("said", [OWNER, 8]) == {OWNER}
        with pytest.raises(sa.exc.IntegrityError):
            await stores[1].make(OWNER, "said")
    finally:
        for one in stores:
            await one.close()


async def test_a_connection_to_the_key_store_that_was_lost_is_made_again(postgresql_url: str, tmp_path: Path) -> None:
    async with opened(postgresql_url, tmp_path) as keys:
        await keys.make(OWNER, "said")
        connection = await asyncpg.connect(postgresql_url)
        try:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        finally:
            await connection.close()
        await keys.get(OWNER, "said")
