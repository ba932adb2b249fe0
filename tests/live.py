"""One process of the hub, in this one: a real server on a real port, with a bus and a beat the test chooses."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from chat import sessions
from chat.admission import Admission
from chat.bus import Bus
from chat.commands import Commands
from chat.group import Driver, GroupCommit
from chat.group_postgres import PostgresDriver
from chat.group_sqlite import SqliteDriver
from chat.headers import CappedHttp
from chat.holding import Holding
from chat.hub import Hub
from chat.ids import PersonId
from chat.journal import Journal
from chat.keys import Keys
from chat.presence import Presence
from chat.seal import Keyring
from chat.settings import Settings
from chat.socket import Reception, Socket
from chat.store import Store
from tests.client import Client, connected
from tests.place import Place

NEVER_S = 3600.0
ORIGIN = "http://hearthside.test"


@dataclass(frozen=True)
class Live:
    """A running process: its port, its hub, and the place it serves."""

    place: Place
    port: int
    hub: Hub
    store: Store

    @asynccontextmanager
    async def client(
        self, person: PersonId, *, kind: sessions.Kind = "cookie", buffers_little: bool = False
    ) -> AsyncIterator[Client]:
        """Connect a person with a fresh token (see `client.connected`)."""
        async with self.place.store.transaction() as tx:
            token = await sessions.open(tx, person, kind)
        origin = ORIGIN if kind == "cookie" else None
        async with connected(self.port, token, origin=origin, buffers_little=buffers_little) as client:
            yield client


@asynccontextmanager
async def live(
    place: Place, *, bus: Bus | None = None, beat_s: float = 2.0, http: type[CappedHttp] = CappedHttp,
    ws: type[Socket] = Socket, **limits: str,
) -> AsyncIterator[Live]:  # fmt: skip
    """Serve the place's database from a store of its own, as another process would.

    `http`, `ws`: what uvicorn is given at its seams. `limits`: settings by name, as in the environment; handshakes are
    not limited unless it says so.
    """
    chosen = {"handshakes_per_minute": "100000", "origin": ORIGIN} | limits
    environment = {f"HEARTHSIDE_{name.upper()}": value for name, value in chosen.items()}
    settings = Settings.from_environment(environment | {"HEARTHSIDE_VAR": str(place.folder)})
    store = Store.open(place.store.url)
    keyring = Keyring.load(place.folder / "master.keys")
    keys = await Keys.open(f"sqlite:///{place.folder / 'keys.db'}", keyring)
    hub = Hub(store, keys, Presence(secrets.randbits(40)), bus.publish if bus else lambda _: None)
    store.listen(hub.announce)
    driver: Driver
    if store.gate is None:
        driver = PostgresDriver(store.url, settings.says, settings.says_s, settings.zone)
    else:
        path = Path(store.url.removeprefix("sqlite:///"))
        driver = SqliteDriver(path, store.gate, settings.says, settings.says_s, settings.zone)
    holding = Holding(store, keys, settings)
    group = GroupCommit(driver, hub.deliver, store.announce, holding.take)
    commands = Commands(store, keys, Journal(Path(settings.erasures)), hub, group, settings)
    reception = Reception(hub, commands, Admission(store, settings), settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(hub.run(beat_s=beat_s)), tasks.create_task(commands.run())]
            running.append(tasks.create_task(holding.run()))
            if bus is not None:
                running.append(tasks.create_task(bus.run(hub.receive)))
            writing = tasks.create_task(group.run())
            yield {"reception": reception}
            group.end()
            await writing
            for task in running:
                task.cancel()

    config = uvicorn.Config(
        Starlette(lifespan=lifespan), port=0, http=http, ws=ws, lifespan="on", log_config=None,
        access_log=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]  # the test's own signals stay the test's
    serving = asyncio.ensure_future(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
                assert not serving.done(), "the server did not start"
        port: int = server.servers[0].sockets[0].getsockname()[1]
        yield Live(place, port, hub, store)
    finally:
        server.should_exit = True
        await serving
        await driver.close()
        await keys.close()
        await store.close()


@contextmanager
def _no_signals() -> Iterator[None]:
    yield
