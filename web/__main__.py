"""python -m web: pages and sockets, one port, any number of processes.

The only file that builds objects and passes them on.
"""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette

from chat import claims, clock, erasure, house_rules, retention, rooms
from chat.admission import Admission
from chat.alerts import Alerts
from chat.bus import Bus, Going
from chat.bus_local import LocalBus
from chat.bus_redis import RedisBus
from chat.commands import Commands
from chat.group import Driver, GroupCommit
from chat.group_postgres import PostgresDriver
from chat.group_sqlite import SqliteDriver
from chat.headers import CappedHttp
from chat.holding import Holding
from chat.hub import Hub
from chat.journal import Journal
from chat.keys import Keys
from chat.migrate import UnknownRevision, migrate
from chat.presence import Presence
from chat.seal import Keyring
from chat.settings import SettingError, Settings
from chat.socket import Reception, Socket
from chat.store import Store
from matcher import changes, ended, pairs, safety, topics
from matcher.tokens import Tokens
from web import first, verdict
from web.account import FORGET
from web.app import make_app

DRAIN_S = 4
"""Ctrl-C stops everything within 5 s: connections are told to come back, then they are dropped."""
BACKLOG = 4096
GOODBYE_S = 0.05
"""For the bus to say that this process goes, so its people are not shown as here."""


def main() -> None:
    """Read the settings, build, serve."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("alembic", "uvicorn.error", "websockets.server"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    parser = argparse.ArgumentParser(prog="python -m web", description="Hearthside: pages and sockets.")
    parser.add_argument("--host", help="address to listen on (HEARTHSIDE_HOST)")
    parser.add_argument("--port", help="port to listen on (HEARTHSIDE_PORT, PORT)")
    parser.add_argument("--confirm-clock", action="store_true", help="the database's clock is right after a jump: let "
                        "expiry go on, and end")  # fmt: skip
    parser.add_argument("--invite-organiser", action="store_true", help="print a link for a new organiser (works once, "
                        "for a day), and end: when nobody who is one can come in any more")  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="audit")
    of_audit = commands.add_parser("audit", help="what the audit proves")
    of_audit.add_argument("what", choices=["verify", "anchor"], help="verify: find the first row that is altered, "
                          "missing or too many (exit status 1); anchor: print a line to keep elsewhere")  # fmt: skip
    of_audit.add_argument("--anchors", type=Path, help="a file that holds anchors, such as a log of the server")
    asked = parser.parse_args()
    environment = dict(os.environ)
    if asked.host:
        environment["HEARTHSIDE_HOST"] = asked.host
    if asked.port:
        environment["HEARTHSIDE_PORT"] = asked.port
    try:
        settings = Settings.from_environment(environment)
        keyring = Keyring.load(Path(settings.key_file))
    except (SettingError, ValueError) as error:
        sys.exit(f"hearthside: {error}")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if asked.confirm_clock:
                runner.run(confirm(settings))
            elif asked.invite_organiser:
                runner.run(invite(settings))
            elif asked.command == "audit":
                sys.exit(runner.run(judge(settings, keyring, asked.what, asked.anchors)))
            else:
                runner.run(serve(settings, keyring))
    except UnknownRevision as error:
        sys.exit(f"hearthside: {error}")
    except OSError as error:
        sys.exit(f"hearthside: the database or the key store cannot be reached ({type(error).__name__}).")


async def confirm(settings: Settings) -> None:
    """Take the database's clock, as it is now, for right, in every process."""
    store = Store.open(settings.database)
    try:
        async with store.transaction() as tx:
            await clock.confirm_clock(tx)
    finally:
        await store.close()
    say("the database's clock is confirmed; expiry goes on")


async def invite(settings: Settings) -> None:
    """Print a link for an organiser; a server may be running beside."""
    await migrate(settings.database, "chat")
    store = Store.open(settings.database)
    try:
        await first.invite_organiser(store, settings)
    finally:
        await store.close()


async def judge(settings: Settings, keyring: Keyring, what: str, anchors: Path | None) -> int:
    """Tell what the audit proves, or an anchor; return the exit status: 1 where the audit is broken."""
    store, keys = Store.open(settings.database), await Keys.open(settings.keys, keyring)
    try:
        if what == "anchor":
            print(await verdict.anchor(store, keys))
            return 0
        found = await verdict.verify(store, keys, anchors)
    finally:
        await keys.close()
        await store.close()
    for line in verdict.told(found):
        say(line)
    return 0 if found.broken is None else 1


async def serve(settings: Settings, keyring: Keyring) -> None:
    """Bring the database up to date and serve until a signal ends it.

    The erasure journal is replayed before a port opens: what a restored backup brings back is erased again.
    """
    say("bringing the database up to date")
    await migrate(settings.database, "chat")
    await migrate(settings.database, "matcher")
    store = Store.open(settings.database)
    keys = await Keys.open(settings.keys, keyring)
    journal = Journal(Path(settings.erasures))
    try:
        async with store.transaction() as tx:
            await rooms.seed(tx)
            await house_rules.seed(tx)
            await changes.seed(tx)
            await pairs.seed(tx, Tokens(keys.derive("tokens")))
            await topics.seed(tx)
        await erasure.replay(store, keys, journal, hidden_hours=settings.hidden_hours, also=FORGET)
        await first.start(store, keys, settings)
        app = make_app(
            settings=settings, store=store, keys=keys, journal=journal,
            lifespan=partial(live, settings, store, keys, journal),
        )  # fmt: skip
        config = uvicorn.Config(
            app, host=settings.host, port=settings.port, http=CappedHttp, ws=Socket, lifespan="on", log_config=None,
            access_log=False, server_header=False, proxy_headers=False, backlog=BACKLOG,
            timeout_graceful_shutdown=DRAIN_S,
        )  # fmt: skip
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, _drained)
        await Server(config, sorted(settings.origins)).serve()
    finally:
        await keys.close()
        await store.close()


class Server(uvicorn.Server):
    """Says that it is ready once it listens, not before: whoever opens the address at once is answered."""

    def __init__(self, config: uvicorn.Config, addresses: list[str]) -> None:
        super().__init__(config)
        self._addresses = addresses

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        say(f"ready: {' or '.join(self._addresses)}")


@asynccontextmanager
async def live(
    settings: Settings, store: Store, keys: Keys, journal: Journal, app: Starlette
) -> AsyncIterator[dict[str, object]]:
    """Everything that runs beside the pages: the hub, the bus, the group commit, retention."""
    process = secrets.randbits(48)
    bus: Bus = RedisBus(settings.redis, settings.database) if settings.redis else LocalBus(settings.database)
    hub = Hub(store, keys, Presence(process), bus.publish)
    store.listen(hub.announce)
    driver: Driver
    if store.gate is None:
        driver = PostgresDriver(settings.database, settings.says, settings.says_s, settings.zone)
    else:
        path = Path(settings.database.removeprefix("sqlite:///"))
        driver = SqliteDriver(path, store.gate, settings.says, settings.says_s, settings.zone)
    holding = Holding(store, keys, settings)
    group = GroupCommit(driver, hub.deliver, store.announce, holding.take)
    alerts = Alerts(store, keys, settings.acknowledge_s)
    store.listen(alerts.hear)
    commands = Commands(store, keys, journal, hub, group, settings)
    settle = partial(safety.settle, key=keys.derive("noise"))
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(bus.run(hub.receive)), tasks.create_task(hub.run()),
            tasks.create_task(commands.run()), tasks.create_task(holding.run()),
            tasks.create_task(alerts.run()),
            tasks.create_task(claims.run(store, keys, partial(hub.following, rooms.DESK))),
            tasks.create_task(retention.run(store, keys, settings, [settle, ended.expire])),
        ]  # fmt: skip
        writing = tasks.create_task(group.run())
        hub.heap.begin()
        reception = Reception(hub, commands, Admission(store, settings), settings)
        yield {"reception": reception, "people_here": hub.people_here, "everybody_here": hub.everybody_here}
        group.end()
        await writing
        bus.publish(Going(process))
        await asyncio.sleep(GOODBYE_S)
        for task in running:
            task.cancel()
    await driver.close()


def _drained(_: int, __: object) -> None:
    """uvicorn drains at a signal and raises it once more when it is done: then there is nothing left to do."""


def say(line: str) -> None:
    """Tell the person who started the server."""
    print(f"hearthside: {line}", flush=True)


if __name__ == "__main__":
    main()
