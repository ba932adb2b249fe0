"""python -m matcher: one matching process; any number may run. The only file here that builds objects.

`python -m matcher signals` is a process too: it reads what is said and raises what a person should see. With another
command (TOOLS) it is a tool, which reads no settings.

Pages and rooms do not wait for it, and it does not wait for its model: while that loads, offers end and go on.
"""

import asyncio
import contextlib
import importlib
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path

from chat import house_rules, rooms
from chat.bus import Bus, Hints, Message
from chat.bus_local import LocalBus
from chat.bus_redis import RedisBus
from chat.ids import RoomId, Seq
from chat.keys import Keys
from chat.migrate import UnknownRevision, migrate
from chat.seal import Keyring
from chat.settings import SettingError, Settings
from chat.store import Store
from matcher import changes, loading, metrics, pairs, topics
from matcher.encoding import Encoding
from matcher.matching import Matching
from matcher.tokens import Tokens
from matcher.watching import Watching

NO_MODEL_S = 60.0
"""After a model could not be loaded it is tried again so much later; until then facets decide."""

TOOLS = {"evaluate": "matcher.evaluate", "simulate": "matcher.simulate", "signals evaluate": "matcher.appraise"}
"""Imported when they are named: what they alone need costs 60 MB and a second and a half, which no process need pay."""

logger = logging.getLogger("matcher")


def main() -> None:
    """Run the command that is named; without one, or for `signals`, read the settings, build, run until a signal."""
    process = {"": serve, "signals": watch}.get(" ".join(sys.argv[1:]))
    if process is None:
        for name, module in TOOLS.items():
            words = name.split()
            if sys.argv[1 : 1 + len(words)] == words:
                importlib.import_module(module).main(sys.argv[1 + len(words) :])
                return
        sys.exit(f"python -m matcher [signals | {' | '.join(TOOLS)}]")
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("sentence_transformers", "transformers", "httpx", "huggingface_hub", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        settings = Settings.from_environment()
        keyring = Keyring.load(Path(settings.key_file))
    except (SettingError, ValueError) as error:
        sys.exit(f"hearthside: {error}")
    try:
        asyncio.run(process(settings, keyring))
    except (UnknownRevision, SettingError) as error:
        sys.exit(f"hearthside: {error}")
    except OSError as error:
        sys.exit(f"hearthside: the database or the key store cannot be reached ({type(error).__name__}).")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a model that is still loading in its thread holds no one up; everything else is closed


async def serve(settings: Settings, keyring: Keyring) -> None:
    """Bring the database up to date, load the model, match, until SIGTERM or SIGINT."""
    async with opened(settings, keyring) as (store, keys, bus):
        await _match(settings, store, keys, bus)


async def watch(settings: Settings, keyring: Keyring) -> None:
    """Bring the database up to date, look at what is said, until SIGTERM or SIGINT."""
    async with opened(settings, keyring) as (store, keys, bus):
        watching, process = Watching(store, keys), secrets.randbits(48)

        def hear(message: Message) -> None:
            if isinstance(message, Hints):
                watching.hint([RoomId(room) for room, _ in message.rooms])

        store.listen(lambda touched: bus.publish(Hints(process, list(touched.items()))))
        say("signals: reading what is said")
        await until_ended([bus.run(hear), watching.run()])


@contextlib.asynccontextmanager
async def opened(settings: Settings, keyring: Keyring) -> AsyncIterator[tuple[Store, Keys, Bus]]:
    """Open what every process here stands on, for the time of the block."""
    await migrate(settings.database, "chat")
    await migrate(settings.database, "matcher")
    store = Store.open(settings.database)
    keys = await Keys.open(settings.keys, keyring)
    bus: Bus = RedisBus(settings.redis, settings.database) if settings.redis else LocalBus(settings.database)
    try:
        async with store.transaction() as tx:
            await rooms.seed(tx)
            await house_rules.seed(tx)
            await changes.seed(tx)
            await pairs.seed(tx, Tokens(keys.derive("tokens")))
            await topics.seed(tx)
        yield store, keys, bus
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await keys.close()
                await store.close()


async def until_ended(work: Sequence[Coroutine[None, None, None]]) -> None:
    """Do this work until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one) for one in work]
        await ended.wait()
        for task in running:
            task.cancel()


async def _match(settings: Settings, store: Store, keys: Keys, bus: Bus) -> None:
    process, wake = secrets.randbits(48), asyncio.Event()

    def hint(touched: dict[RoomId, Seq]) -> None:
        bus.publish(Hints(process, list(touched.items())))
        if changes.CHANGES in touched:
            wake.set()

    def hear(message: Message) -> None:
        if isinstance(message, Hints) and any(room == changes.CHANGES for room, _ in message.rooms):
            wake.set()

    store.listen(hint)
    matching = Matching(store, keys, offer_s=settings.offer_s, lease_s=settings.lease_s, hours=settings.service)
    figures = metrics.Metrics()
    with metrics.serving(figures, settings.metrics):
        await until_ended([
            bus.run(hear), matching.run(wake), _load(matching.encoding, settings.model),
            *([figures.run(store, matching)] if settings.metrics else []),
        ])  # fmt: skip


async def _load(encoding: Encoding, model: str) -> None:
    """Load the model, telling what is waited for; without one go on with facets, and try again now and then."""
    say(f"loading the model ({model or 'the bundled one'}); it takes some seconds, requests wait a little for it")
    while True:
        try:
            made = await loading.load(model)
        except Exception as error:
            logger.warning("the model cannot be loaded (%s); facets alone decide until it can", type(error).__name__)
            await asyncio.sleep(NO_MODEL_S)
        else:
            encoding.use(made)
            say("ready: matching by words and facets")
            return


def say(line: str) -> None:
    """Tell the person who started the server."""
    print(f"hearthside: {line}", flush=True)


if __name__ == "__main__":
    main()
