"""The towns that flows run in, each with Redis well, frozen and dead; and a house with a browser before it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import browser, servers
from tests.browser import House
from tests.chromium import open_browser
from tests.town import Town, open_town


@pytest.fixture(scope="module")
def town_at_scale(postgresql: servers.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two `web` processes on PostgreSQL and Redis, for all tests of a file."""
    folder = tmp_path_factory.mktemp("town")
    with postgresql.database() as url, servers.redis_server() as redis, open_town(url, folder, redis) as one:
        yield one


@pytest.fixture(scope="module", params=["sqlite", *servers.REDIS_STATES])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two `web` processes; a test that kills one starts it again.

    Once on SQLite, and three times on PostgreSQL: the processes started with Redis well, then it was frozen, or killed.
    """
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("town")
        with open_town(f"sqlite:///{folder / 'hearthside.db'}", folder, None) as one:
            yield one
        return
    at_scale: Town = request.getfixturevalue("town_at_scale")
    assert at_scale.redis is not None
    with at_scale.redis.being(request.param):
        yield at_scale


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A server with the demo's rooms and people and nobody who matches, for all tests of a file."""
    with browser.open_house(matching=False) as one:
        yield one


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of a file, and no longer: while it is driven, no other loop runs in this thread."""
    expect.set_options(timeout=browser.WAIT_MS)
    with open_browser() as one:
        yield one
