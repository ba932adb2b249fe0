"""The servers the tests start are real, are the test's own, and can be frozen."""

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy.ext.asyncio import create_async_engine

from tests import servers


async def test_a_database_of_each_kind_takes_and_gives_back_a_row(database_url: str) -> None:
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    url = sa.make_url(database_url)
    engine = create_async_engine(url.set(drivername=drivers[url.drivername]))
    async with engine.begin() as connection:
        await connection.execute(sa.text("create table kept (n integer)"))
        await connection.execute(sa.text("insert into kept values (7)"))
        assert (await connection.execute(sa.text("select n from kept"))).scalar_one() == 7
    await engine.dispose()


async def test_a_frozen_redis_keeps_its_socket_open_and_answers_nothing(redis_server: servers.Redis) -> None:
    client = Redis.from_url(redis_server.url, socket_timeout=0.3, retry=None)
    assert await client.ping()
    redis_server.child.freeze()
    with pytest.raises(RedisTimeout):
        await client.ping()
    redis_server.child.thaw()
    assert await client.ping()
    await client.aclose()


def test_a_child_that_ends_at_once_is_told_with_its_log() -> None:
    with servers.child("short", "true") as one, pytest.raises(servers.NotStarted, match=r"short ended; see .*short"):
        one.wait_until(lambda: False)
