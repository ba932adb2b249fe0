"""What every bus promises: it reaches every other process, never waits, never raises, and comes back by itself."""

import asyncio
import contextlib
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis import Redis

from chat.bus import HINT_TIMEOUT_S, WAITING_MESSAGES, Bus, Going, Here, Hints, Message, Writing
from chat.bus_local import LOOK_S, LocalBus
from chat.bus_redis import RedisBus
from tests import servers
from tests.chaos import Chaos

PATIENCE_S = 10.0
MESSAGES: tuple[Message, ...] = (
    Hints(1, [(7, 3), (2**53 - 1, 2**53 - 1)]), Here(1, {7: [1, 2], 8: []}), Writing(1, 7, 2), Going(1),
)  # fmt: skip

MakeBus = Callable[[], Bus]


@pytest.fixture(params=["local", "redis"])
def make_bus(request: pytest.FixtureRequest) -> MakeBus:
    """Make the bus of one more process of the same server; a new kind of bus adds a line here and no test."""
    database = f"sqlite:///{secrets.token_hex(8)}"
    if request.param == "local":
        return lambda: LocalBus(database)
    url = request.getfixturevalue("redis_server").url
    return lambda: RedisBus(url, database)


class Process:
    """One process on a bus: what it has received."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.received: list[Message] = []
        self._news = asyncio.Event()

    def receive(self, message: Message) -> None:
        """Take what the bus brings."""
        self.received.append(message)
        self._news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until a condition holds of what was received."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def processes(make_bus: MakeBus, count: int) -> AsyncIterator[list[Process]]:
    """Run so many processes, and begin when each of them reaches each other one."""
    made = [Process(make_bus()) for _ in range(count)]
    running = [asyncio.ensure_future(one.bus.run(one.receive)) for one in made]
    try:
        await acquaint(made)
        yield made
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def acquaint(made: list[Process]) -> None:
    """Wait until each reaches each other one, and forget what was sent for that."""
    async with asyncio.timeout(PATIENCE_S):
        while not all(
            Going(9000 + number) in other.received
            for number, one in enumerate(made)
            for other in made
            if other is not one
        ):
            for number, one in enumerate(made):
                one.bus.publish(Going(9000 + number))
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    for one in made:
        one.received.clear()


async def test_every_kind_of_message_reaches_every_other_process(make_bus: MakeBus) -> None:
    async with processes(make_bus, 3) as (a, b, c):
        for message in MESSAGES:
            a.bus.publish(message)
        for other in (b, c):
            await other.until(lambda other=other: other.received == list(MESSAGES))  # type: ignore[misc]


async def test_a_process_that_starts_later_is_reached_too(make_bus: MakeBus) -> None:
    async with processes(make_bus, 2) as (a, b), processes(make_bus, 1) as (late,):
        await acquaint([a, b, late])


async def test_publishing_before_the_bus_runs_and_after_it_ended_raises_nothing(make_bus: MakeBus) -> None:
    bus = make_bus()
    bus.publish(MESSAGES[0])
    running = asyncio.ensure_future(bus.run(lambda _: None))
    await asyncio.sleep(0.05)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    bus.publish(MESSAGES[0])


async def test_a_flood_is_dropped_where_it_must_be_and_what_comes_after_it_arrives(make_bus: MakeBus) -> None:
    async with processes(make_bus, 2) as (a, b):
        flood = 20 * WAITING_MESSAGES
        for seq in range(flood):
            a.bus.publish(Hints(1, [(7, seq)]))
        await asyncio.sleep(0.3)
        a.bus.publish(Going(1))
        await b.until(lambda: Going(1) in b.received)
        assert len(b.received) < flood


async def test_servers_of_other_databases_hear_nothing(make_bus: MakeBus, redis_server: servers.Redis) -> None:
    async with processes(make_bus, 2) as (a, b):
        others: list[MakeBus] = [
            lambda: LocalBus("sqlite:///another"), lambda: RedisBus(redis_server.url, "sqlite:///another"),
        ]  # fmt: skip
        for make in others:
            async with processes(make, 2) as (stranger, _):
                a.bus.publish(Going(5))
                await b.until(lambda: Going(5) in b.received)
                assert Going(5) not in stranger.received
                b.received.clear()


# The local bus


def folder_of(bus: LocalBus) -> Path:
    return bus._folder


async def test_a_killed_process_is_swept_away_and_the_others_are_reached() -> None:
    database = secrets.token_hex(8)
    async with processes(lambda: LocalBus(database), 2) as (a, b):
        assert isinstance(a.bus, LocalBus)
        dead = folder_of(a.bus) / "0-dead"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.bind(str(dead))
        async with asyncio.timeout(LOOK_S + PATIENCE_S):
            while dead.exists():
                a.bus.publish(Going(1))
                await asyncio.sleep(0.05)
        assert Going(1) in b.received


async def test_a_process_that_is_stopped_costs_nobody_else_a_message() -> None:
    database = secrets.token_hex(8)
    async with processes(lambda: LocalBus(database), 2) as (a, b):
        assert isinstance(a.bus, LocalBus)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stopped:
            stopped.bind(str(folder_of(a.bus) / "0-stopped"))
            await asyncio.sleep(LOOK_S)
            for seq in range(200):
                a.bus.publish(Hints(1, [(7, seq)]))
                await b.until(lambda seq=seq: len(b.received) == seq + 1)  # type: ignore[misc]


async def test_noise_in_the_folder_is_ignored() -> None:
    database = secrets.token_hex(8)
    async with processes(lambda: LocalBus(database), 2) as (a, b):
        assert isinstance(b.bus, LocalBus)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as noisy:
            for noise in (b"", b"\x00", b"\xc1", b'{"t":"h"}', secrets.token_bytes(4000), b"\x93\xa1h\x01\xc0"):
                noisy.sendto(noise, str(b.bus._mine))
        a.bus.publish(Going(1))
        await b.until(lambda: b.received == [Going(1)])


async def test_a_folder_that_was_swept_away_stops_no_one_who_publishes() -> None:
    bus = LocalBus(f"sqlite:///{secrets.token_hex(8)}")
    async with processes(lambda: bus, 1) as (one,):
        shutil.rmtree(folder_of(bus))
        one.bus.publish(MESSAGES[0])


def test_a_folder_that_others_may_open_is_not_used() -> None:
    database = secrets.token_hex(8)
    folder = folder_of(LocalBus(database))
    folder.chmod(0o755)
    try:
        with pytest.raises(PermissionError, match="belongs to somebody else"):
            LocalBus(database)
    finally:
        folder.rmdir()


# Redis, which may be killed, frozen and started again


@pytest.fixture
def redis_port() -> int:
    return servers.free_port()


@contextlib.contextmanager
def redis_at(port: int) -> Iterator[servers.Redis]:
    with servers.redis_server(port) as redis:
        yield redis


async def test_after_redis_was_killed_and_started_again_hints_flow_again(redis_port: int) -> None:
    url = f"redis://127.0.0.1:{redis_port}/0"
    async with contextlib.AsyncExitStack() as stack:
        with redis_at(redis_port) as redis:
            a, b = await stack.enter_async_context(processes(lambda: RedisBus(url, "one"), 2))
            redis.child.kill()
            for seq in range(50):
                a.bus.publish(Hints(1, [(7, seq)]))
                await asyncio.sleep(0.01)
        with redis_at(redis_port):
            await acquaint([a, b])


async def test_a_bus_that_starts_without_redis_finds_it_when_it_comes(redis_port: int) -> None:
    url = f"redis://127.0.0.1:{redis_port}/0"
    made = [Process(RedisBus(url, "one")) for _ in range(2)]
    running = [asyncio.ensure_future(one.bus.run(one.receive)) for one in made]
    try:
        await asyncio.sleep(0.7)
        with redis_at(redis_port):
            await acquaint(made)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def test_a_frozen_redis_holds_nobody_up_and_is_used_again_when_it_thaws(redis_server: servers.Redis) -> None:
    async with processes(lambda: RedisBus(redis_server.url, "one"), 2) as (a, b):
        redis_server.child.freeze()
        try:
            longest = 0.0
            for seq in range(300):
                before = time.monotonic()
                a.bus.publish(Hints(1, [(7, seq)]))
                longest = max(longest, time.monotonic() - before)
                await asyncio.sleep(0.005)
            assert longest < HINT_TIMEOUT_S, "publish itself never waits"
            assert isinstance(a.bus, RedisBus)
            assert len(a.bus._waiting) <= WAITING_MESSAGES
        finally:
            redis_server.child.thaw()
        await acquaint([a, b])


@pytest.mark.parametrize("how", ["stranded", "frozen"])
async def test_a_subscription_that_brings_nothing_any_more_is_found_out_and_made_again(
    redis_server: servers.Redis, how: str
) -> None:
    network, quiet_s = Chaos("127.0.0.1", redis_server.port), 0.3
    async with network.listening() as port:
        url = f"redis://127.0.0.1:{port}/0"
        async with processes(lambda: RedisBus(url, "one", quiet_s=quiet_s), 2) as (a, b):
            if how == "stranded":
                network.strand()
            else:
                with redis_server.being("frozen"):
                    await asyncio.sleep(3 * quiet_s)
            await acquaint([a, b])


async def test_a_subscription_in_which_nobody_talks_stands(redis_server: servers.Redis) -> None:
    network, quiet_s = Chaos("127.0.0.1", redis_server.port), 0.5  # a busy machine answers within that
    async with network.listening() as port:
        url = f"redis://127.0.0.1:{port}/0"
        async with processes(lambda: RedisBus(url, "one", quiet_s=quiet_s), 2) as (a, b):
            made = network.connected
            await asyncio.sleep(5 * quiet_s)
            a.bus.publish(Going(1))
            await b.until(lambda: b.received == [Going(1)])
            assert network.connected == made


async def test_noise_on_the_channel_is_ignored(redis_server: servers.Redis) -> None:
    async with processes(lambda: RedisBus(redis_server.url, "one"), 2) as (a, b):
        assert isinstance(a.bus, RedisBus)
        with Redis.from_url(redis_server.url) as client:
            for noise in (b"", b"\x00", b"\xc1", b'{"t":"h"}', secrets.token_bytes(4000)):
                assert client.publish(a.bus._channel, noise) == 2
        a.bus.publish(Going(1))
        await b.until(lambda: b.received == [Going(1)])
