"""A town: the real processes of one server, as a machine runs them, two `web` and any number of `matcher`.

On SQLite they find each other through the local bus, on PostgreSQL through Redis. Tests make people straight in the
database and meet them over sockets and pages; a process may be killed and started again on its port.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chat import sessions
from chat.ids import PersonId
from chat.reader import BEAT_S
from tests import servers
from tests.client import Client, connected
from tests.pages import Browser
from tests.place import Place, open_place

START_S = 60.0
"""A process imports for some seconds, and longer where other tests run beside it."""
ENDS_S = 5.0
"""What is promised to whoever stops a process."""
TOLD_S = BEAT_S + 3.0
"""How long one process may take to show what another has committed: hints may be lost, the beat may not; reading and
showing take a process longer where other tests run beside it."""


@dataclass
class Town:
    """The processes, and what they serve."""

    database: str
    folder: Path
    redis: servers.Redis | None
    settings: dict[str, str]
    ports: list[int] = field(default_factory=list)
    webs: list[servers.Child] = field(default_factory=list)

    def environment(self, port: int = 0) -> dict[str, str]:
        """What a process of the town is started with."""
        chosen = {
            "var": str(self.folder), "database": self.database, "says": "100000", "sockets": "500",
            "handshakes_per_minute": "100000", "sign_ups_per_day": "100000",
        } | self.settings  # fmt: skip
        chosen |= {"port": str(port)} if port else {}
        chosen |= {"redis": self.redis.url} if self.redis else {}
        return {f"HEARTHSIDE_{name.upper()}": value for name, value in chosen.items()}

    @property
    def is_hinted(self) -> bool:
        """Whether the processes hear of each other: hints, and who is here; otherwise the beat does all the work."""
        return self.redis is None or self.redis.state == "well"

    async def start_again(self, number: int) -> None:
        """Start a `web` process again on its port, and wait until it listens; the loop stays free."""
        self.begin(number)  # here and not in a thread: the child would die with it
        await asyncio.to_thread(self.await_start, number)

    @asynccontextmanager
    async def losing(self, number: int) -> AsyncIterator[None]:
        """Let a `web` process end in the block; after it, it runs again."""
        try:
            yield
        finally:
            if not self.webs[number].is_alive:
                await self.start_again(number)

    def begin(self, number: int) -> None:
        """Start a `web` process and do not wait for it."""
        port = self.ports[number]
        one = servers.start(f"web-{number}", sys.executable, "-m", "web", env=self.environment(port))
        self.webs[number : number + 1] = [one]

    def await_start(self, number: int) -> None:
        """Wait until a `web` process listens."""
        self.webs[number].wait_until(lambda: servers.is_listening(self.ports[number]), START_S)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Open the town's database in the test's own process."""
        async with open_place(self.database, self.folder) as place:
            yield place

    @asynccontextmanager
    async def client(
        self, place: Place, person: PersonId, number: int, port: int = 0, *, buffers_little: bool = False
    ) -> AsyncIterator[Client]:
        """Connect somebody to a `web` process, or by another way to it (see `client.connected`)."""
        async with place.store.transaction() as tx:
            token = await sessions.open(tx, person)
        origin = f"http://127.0.0.1:{self.ports[number]}"
        port = port or self.ports[number]
        async with connected(port, token, origin=origin, buffers_little=buffers_little) as client:
            yield client

    @asynccontextmanager
    async def browser(self, place: Place, person: PersonId, number: int) -> AsyncIterator[Browser]:
        """Open a browser in which somebody is signed in."""
        async with Browser(f"http://127.0.0.1:{self.ports[number]}") as browser:
            async with place.store.transaction() as tx:
                browser.cookies.set("hearthside", await sessions.open(tx, person), domain="127.0.0.1")
            yield browser

    @contextmanager
    def matchers(self, count: int) -> Iterator[list[servers.Child]]:
        """Run `matcher` processes for the time of the block, which begins when they match by words."""
        with ExitStack() as stack:
            started = [servers.start("matcher", sys.executable, "-m", "matcher", env=self.environment())
                       for _ in range(count)]  # fmt: skip
            for one in started:
                stack.callback(one.stop)
            for one in started:
                one.wait_until(partial(_matches, one), START_S)
            yield started


@contextmanager
def open_town(
    database: str, folder: Path, redis: servers.Redis | None, webs: int = 2, **settings: str
) -> Iterator[Town]:
    """Run so many `web` processes on an empty database, for the time of the block."""
    town = Town(database, folder, redis, settings)
    town.ports = [servers.free_port() for _ in range(webs)]
    with ExitStack() as stack:
        stack.callback(lambda: [one.stop() for one in town.webs])
        for number in range(webs):
            town.begin(number)
        for number in range(webs):
            town.await_start(number)
        yield town


def _matches(one: servers.Child) -> bool:
    return "ready: matching by words" in one.said()
