"""What every test may ask for: real databases, a real Redis, and logs that are searched when all is done."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests import logs, servers, statements
from tests.circle import Circle, open_circle
from tests.migrated import Reused
from tests.place import Place, open_place

hypothesis.settings.register_profile("hearthside", deadline=None)  # a busy machine is not a counterexample
hypothesis.settings.load_profile("hearthside")


def pytest_configure(config: pytest.Config) -> None:
    logs.folder()
    config.add_cleanup(logs.collect().close)
    statements.share()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a log holds what people wrote in it (once, in the process that was started first)."""
    if hasattr(session.config, "workerinput"):
        return
    found = logs.leaks(logs.folder())
    if not found:
        shutil.rmtree(logs.folder(), ignore_errors=True)
        return
    name = "no log of the run holds what people wrote"
    report = pytest.TestReport(
        f"tests/logs.py::{name}", ("tests/logs.py", 0, name), {}, "failed",
        "People's words are in the logs:\n" + "\n".join(found[:50]), "call",
    )  # fmt: skip
    session.config.hook.pytest_runtest_logreport(report=report)
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Cluster]:
    """One PostgreSQL cluster for all tests of this process."""
    with servers.postgresql_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql: servers.Cluster) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that is not there yet, in a folder of its own."""
    return f"sqlite:///{tmp_path / 'hearthside.db'}"


@pytest.fixture(scope="session")
def reused(postgresql: servers.Cluster) -> Iterator[Reused]:
    """PostgreSQL databases that are used by one test after another."""
    with ExitStack() as kept:
        yield Reused(postgresql, kept)


@pytest.fixture
def reused_url(reused: Reused) -> Iterator[str]:
    """A PostgreSQL database as it is before anything was written into it."""
    with reused.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database to bring up; a test that asks for it runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "reused_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """A database without any table, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def redis_server() -> Iterator[servers.Redis]:
    """A redis-server of the test's own, which it may freeze and kill."""
    with servers.redis_server() as redis:
        yield redis


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A place with a migrated database and its keys, once on SQLite and once on PostgreSQL."""
    async with open_place(database_url, tmp_path) as one:
        yield one


@pytest.fixture
async def circle(database_url: str, tmp_path: Path) -> AsyncIterator[Circle]:
    """A place with matching, once on SQLite and once on PostgreSQL."""
    async with open_circle(database_url, tmp_path) as one:
        yield one


@pytest.fixture
async def sqlite_circle(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Circle]:
    """A place with matching, on SQLite alone: for what does not hang on the database."""
    async with open_circle(sqlite_url, tmp_path) as one:
        yield one
