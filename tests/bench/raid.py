"""raid: 200 raiders against 20 people who go on talking, and a moderator who closes the doors.

The real `python -m web` on SQLite, limits a person as they are; only those an address has are lifted by settings,
because all of them come from one here. First people alone talk for some seconds, then the raiders come, and some
seconds later the moderator guards the room. Told are the raiders' messages that people's sockets received after the
moderator was told `done` (`seen_after`), those committed after the doors were closed (`accepted_after`), those that can
still be read in the room (`left_visible`), and the people's acknowledgements in the time after `done` by those of the
time before the raid (`ack_p99_ratio`), also of the time between (`ack_p99_raid_ms`, `ack_p99_closing_ms`).
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

from chat import people, sessions
from chat.ids import PersonId, RoomId
from chat.keys import Keys
from chat.protocol import AnyFrame, Done
from chat.seal import Keyring
from chat.staff_commands import Guard
from chat.store import Store
from chat.tables import acts, entries, hidden, memberships
from chat.tables import people as people_table
from tests import servers
from tests.bench.crowd import One, gather
from tests.bench.line import MARK, Line, framed
from tests.bench.load import at
from tests.bench.raiders import FIRST, Raid
from tests.bench.stage import SAY, BenchFailed, Server, our_plans
from tests.client import Client, connected

LONG_AGO_MS = 30 * 86_400_000
PER_S = 20
"""What the people say together in a second."""
PATIENCE_S = 60.0


class Talk:
    """The people: each on a line of their own, whose clock runs from when a say was due."""

    mark = MARK.encode()
    is_timed = True
    deliveries = 0

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.acks: list[tuple[float, float]] = []
        self.seen: dict[int, float] = {}
        self.missing = 0
        self._due: dict[int, tuple[float, Line]] = {}
        self._number = self._ready = 0
        self._why = ""

    async def open(self, port: int, crowd: list[One]) -> None:
        """Let everybody come."""
        for plan in our_plans(crowd):
            _, line = await asyncio.get_running_loop().create_connection(
                lambda plan=plan: Line(self, plan),
                "127.0.0.1",
                port,  # type: ignore[misc]
            )
            line.is_sender = True
            self.lines.append(line)
        async with asyncio.timeout(PATIENCE_S):
            while self._ready < len(crowd):  # noqa: ASYNC110  (counted, not told)
                await asyncio.sleep(0.01)

    async def run(self) -> None:
        """Talk until cancelled; one after another."""
        due = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            line = self.lines[self._number % len(self.lines)]
            self._number += 1
            self._due[self._number] = (due, line)
            body = f"{MARK}{self._number:09} I hear you, take your time"
            message = SAY.replace("{room}", str(line.room)).replace("{body}", body)
            line.transport.write(framed(message.replace("{say_id}", f"talk-{self._number:09}").encode()))
            due += 1 / PER_S

    def p99_ms(self, begin: float, end: float) -> float:
        """Return how long the slowest hundredth waited for what was due in a time; fails where something was lost."""
        if self._why or any(begin <= due < end for due, _ in self._due.values()):
            raise BenchFailed(self._why or "a say was not acknowledged")
        return at(sorted(took for due, took in self.acks if begin <= due < end), 0.99)

    # What lines tell

    def ready(self) -> None:
        self._ready += 1

    def ended(self) -> None: ...

    def failed(self, why: str) -> None:
        self._why = self._why or why

    def refuse(self, line: Line) -> None:
        self._why = "a say was refused"

    def deliver(self, line: Line, number: int) -> None:
        """A numbered say has come to a line."""
        now = time.monotonic()
        if number >= FIRST:
            self.seen[number] = now
        elif number in self._due and self._due[number][1] is line:
            self.acks.append((self._due[number][0], now - self._due.pop(number)[0]))


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench raid")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--raiders", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="before the raid, and after the doors are closed")
    parser.add_argument("--raid", type=float, default=15.0, help="seconds until the moderator closes them")
    asked = parser.parse_args(argv)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # for the people, and the raiders who inherit it; the server has the first
    try:
        with tempfile.TemporaryDirectory(prefix="hearthside-bench-") as folder:
            return asyncio.run(_drill(Path(folder), asked.people, asked.raiders, asked.seconds, asked.raid, cores[0]))
    finally:
        os.sched_setaffinity(0, cores)


async def _drill(folder: Path, count: int, raiders: int, seconds: float, raid_s: float, core: int) -> dict[str, float]:
    url = f"sqlite:///{folder / 'hearthside.db'}"
    crowd = await gather(url, folder, [count, raiders])
    talkers, raiding = crowd[:count], [PersonId(one.person) for one in crowd[count:]]
    store, room = Store.open(url), RoomId(talkers[0].room)
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    moderator = await people.make(store, keys, "Zilpzalp", "en", roles=("moderator",))
    async with store.transaction() as tx:
        old = [one.person for one in talkers]
        came = sa.update(people_table).where(people_table.c.id.in_(old))
        await tx.execute(came.values(created_at=people_table.c.created_at - LONG_AGO_MS))
        stays = sa.update(memberships).where(memberships.c.room == room, memberships.c.person.in_(old))
        await tx.execute(stays.values(since_at=memberships.c.since_at - LONG_AGO_MS))
        opened = {one: await sessions.open(tx, one) for one in sorted([moderator, *raiding])}
    port = servers.free_port()
    env = {"HEARTHSIDE_DATABASE": url, "HEARTHSIDE_VAR": str(folder), "HEARTHSIDE_PORT": str(port),
           "HEARTHSIDE_ORIGIN": f"http://127.0.0.1:{port}", "HEARTHSIDE_HANDSHAKES_PER_MINUTE": "1000000"}  # fmt: skip
    talk = Talk()
    try:
        async with AsyncExitStack() as stack:
            web = servers.serving("web", sys.executable, "-m", "web", port=port, env=env)
            Server(await stack.enter_async_context(web), port).move(core)
            console = await stack.enter_async_context(
                connected(port, opened[moderator], origin=env["HEARTHSIDE_ORIGIN"])
            )
            await talk.open(port, talkers)
            talking = asyncio.ensure_future(talk.run())
            stack.callback(talking.cancel)
            await asyncio.sleep(1)
            begin = time.monotonic()
            await asyncio.sleep(seconds)
            came = time.monotonic()
            stack.enter_context(_raiding(Raid(port, room, [opened[one] for one in raiding])))
            await asyncio.sleep(raid_s)
            switched = time.monotonic()
            act = await _guard(console, room)
            done = time.monotonic()
            await asyncio.sleep(seconds)
            end = time.monotonic()
            await asyncio.sleep(1)  # what was due last is acknowledged by now
            talking.cancel()
            made = {
                "seen_before": float(sum(when < switched for when in talk.seen.values())),
                "seen_after": float(sum(when > done for when in talk.seen.values())),
                "ack_p99_before_ms": talk.p99_ms(begin, came), "ack_p99_raid_ms": talk.p99_ms(came, switched),
                "ack_p99_closing_ms": talk.p99_ms(switched, done), "ack_p99_after_ms": talk.p99_ms(done, end),
                "closing_s": done - switched,
            }  # fmt: skip
        made["ack_p99_ratio"] = made["ack_p99_after_ms"] / made["ack_p99_before_ms"]
        return made | await _kept(store, room, raiding, act)
    finally:
        await keys.close()
        await store.close()


async def _guard(console: Client, room: RoomId) -> int:
    ref, found = await console.send(Guard(room=room, rule="flooding", reason="A raid.")), list[AnyFrame]()

    def answered() -> bool:
        found.extend([one] if (one := console.answered(ref)) else [])
        return bool(found)

    await console.until(answered, PATIENCE_S)
    [answer] = found
    if not isinstance(answer, Done):
        raise BenchFailed("the doors were not closed")
    return answer.act


@contextmanager
def _raiding(raid: Raid) -> Iterator[None]:
    """Let raiders raid for the time of the block."""
    command = [sys.executable, "-m", "tests.bench.raiders"]
    with subprocess.Popen(command, cwd=servers.ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(msgspec.json.encode(raid) + b"\n")
            process.stdin.flush()
            yield
            if process.poll() is not None:
                raise BenchFailed("the raiders gave up")
        finally:
            process.kill()


async def _kept(store: Store, room: RoomId, raiding: list[PersonId], act: int) -> dict[str, float]:
    """Return what the timeline says of the raiders' words, and of the people's."""
    said = sa.and_(entries.c.room == room, entries.c.kind == "said")
    theirs = sa.and_(said, entries.c.author.in_(raiding))
    covered = sa.exists().where(hidden.c.room == entries.c.room, hidden.c.seq == entries.c.seq)
    last = sa.select(acts.c.seq).where(acts.c.id == act).scalar_subquery()
    async with store.reading() as tx:

        async def many(*where: "sa.ColumnElement[bool]") -> float:
            return float((await tx.execute(sa.select(sa.func.count()).select_from(entries).where(*where))).scalar_one())

        return {
            "raid_messages": await many(theirs), "accepted_after": await many(theirs, entries.c.seq > last),
            "left_visible": await many(theirs, sa.not_(covered)),
            "people_hidden": await many(said, entries.c.author.not_in(raiding), covered),
        }  # fmt: skip
