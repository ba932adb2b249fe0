"""signals: from an entry's commit to its case on a connected console, how many entries a second, and what is found.

The lag: people alone in rooms say something 50 times a second together, through `python -m web`; now and then it is a
cry or a threat. Timed from the author's own entry coming back to the case's entry on a moderator's socket. Entries a
second: a backlog that one process works off, with its words opened and every lexical detector run.

What is found, where files are given: the shipped rules at a share of false alarms, a plain list of words on the same
texts (`_list`), and words and rules learned by cross-validation (`_learned`). Contact details are made up (see
`disguises`) and laid into ordinary texts; those as they are have to stay quiet.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import msgspec
import numpy as np
import sqlalchemy as sa

from chat import people, rooms, sessions, timeline
from chat.ids import PersonId, RoomId
from chat.keys import Keys
from chat.migrate import migrate
from chat.protocol import Entry
from chat.seal import Keyring
from chat.store import Store
from chat.tables import cases, entries
from chat.tables import rooms as rooms_table
from matcher.appraise import KINDS, by_list, by_rules, read
from matcher.learned import by_words
from matcher.recall import recall_at
from matcher.watching import Watching
from tests import servers
from tests.bench.crowd import One, gather
from tests.bench.disguises import ORDINARY, disguised
from tests.bench.stage import LIFTED, BenchFailed
from tests.client import Client, connected

CRIES = ("i want to kill myself tonight", "i will kill you")
PER_S = 50
SHARE = 20
"""Of so many says one is a cry."""
PATIENCE_S = 20.0


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench signals")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--backlog", type=int, default=5000)
    parser.add_argument("--crisis", type=Path, help="one JSON object a line: text, label")
    parser.add_argument("--crisis-labels", default="Ideation,Behavior,Attempt")
    parser.add_argument("--hate", type=Path, help="one JSON object a line: text, label")
    parser.add_argument("--hate-labels", default="hate")
    parser.add_argument("--ordinary", type=Path, help="one JSON object a line: text, with no contact details in it")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args(argv)
    ordinary = _ordinary(asked.ordinary)
    made: dict[str, float] = {}
    with _empty(asked.database) as (folder, url):
        made |= asyncio.run(_lag(folder, url, asked.people, asked.seconds, ordinary))
    with _empty(asked.database) as (folder, url):
        made["entries_per_s"] = asyncio.run(_backlog(folder, url, asked.backlog, ordinary))
    made |= _found("contact", "contacts", 0.01, *_contacts(ordinary), learned=False)
    if asked.crisis:
        made |= _found("crisis", "crisis", 0.02, *read(asked.crisis, "text", "label", asked.crisis_labels.split(",")))
    if asked.hate:
        made |= _found("hate", "hate", 0.05, *read(asked.hate, "text", "label", asked.hate_labels.split(",")))
    return made


@contextmanager
def _empty(database: str) -> Iterator[tuple[Path, str]]:
    """Make an empty database, and a folder for what stands beside it; what is committed is kept with fsync."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthside-bench-")))
        if database == "sqlite":
            yield folder, f"sqlite:///{folder / 'hearthside.db'}"
        else:
            yield folder, stack.enter_context(stack.enter_context(servers.postgresql_cluster(durable=True)).database())


def _ordinary(path: Path | None) -> list[str]:
    if path is None:
        return [f"{one} {other}" for one in ORDINARY for other in ORDINARY if one != other]
    texts = [str(one["text"]) for one in msgspec.json.Decoder(dict[str, object]).decode_lines(path.read_bytes())]
    random.Random(1).shuffle(texts)
    return texts[:3000]


def _contacts(ordinary: list[str]) -> tuple[list[str], "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    found = disguised(ordinary, 1200)
    return [*found, *ordinary], np.arange(len(found) + len(ordinary)) < len(found)


def _found(
    name: str, kind: str, at: float, texts: list[str], wanted: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    learned: bool = True,
) -> dict[str, float]:  # fmt: skip
    rules = by_rules(KINDS[kind], texts)
    told = f"{name}_recall_at_{at * 100:.0f}pct"
    made = {told: recall_at(rules, wanted, at), f"{told}_list": recall_at(by_list(KINDS[kind], texts), wanted, at)}
    if learned:
        made[f"{told}_learned"] = recall_at(by_words(texts, wanted, rules[:, np.newaxis], 0)[1], wanted, at)
    return made


async def _lag(folder: Path, url: str, count: int, seconds: float, ordinary: list[str]) -> dict[str, float]:
    crowd = await gather(url, folder, [1] * count)
    store = Store.open(url)
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    moderator = await people.make(store, keys, "Zilpzalp", "en", roles=("moderator",))
    async with store.transaction() as tx:
        desk, token = await rooms.desk(tx), await sessions.open(tx, moderator)
    port = servers.free_port()
    env = {"HEARTHSIDE_DATABASE": url, "HEARTHSIDE_VAR": str(folder), "HEARTHSIDE_PORT": str(port)} | LIFTED
    env |= {"HEARTHSIDE_ORIGIN": f"http://127.0.0.1:{port}"}
    try:
        async with servers.serving("web", sys.executable, "-m", "web", port=port, env=env):
            kept = {name: value for name, value in env.items() if name in ("HEARTHSIDE_DATABASE", "HEARTHSIDE_VAR")}
            with servers.child("signals", sys.executable, "-m", "matcher", "signals", env=kept) as process:
                await asyncio.to_thread(process.wait_until, lambda: "reading" in process.said(), 60)
                async with connected(port, token, origin=env["HEARTHSIDE_ORIGIN"]) as console:
                    await console.join(desk)
                    committed, told = await _spoken(store, port, crowd, seconds, ordinary, console, desk)
        raised = await _raised(store)
    finally:
        await keys.close()
        await store.close()
    lags = [told[case] - committed[entry] for case, entry in raised.items() if case in told and entry in committed]
    if len(lags) < len(committed) or not lags:
        raise BenchFailed(f"{len(committed)} cries, {len(lags)} cases on the console")
    return {f"signals_lag_p{p}_ms": float(np.percentile(lags, p)) * 1000 for p in (50, 95)}


async def _raised(store: Store) -> dict[int, tuple[int, int]]:
    """Return which entry each case is about, as (room, seq)."""
    async with store.reading() as tx:
        return {row.id: (row.room, row.seq) for row in await tx.execute(sa.select(cases))}


async def _spoken(
    store: Store, port: int, crowd: list[One], seconds: float, ordinary: list[str], console: Client, desk: RoomId
) -> tuple[dict[tuple[int, int], float], dict[int, float]]:
    """Let the crowd speak; return when each cry was committed, by (room, seq), and when each case was told."""
    committed: dict[tuple[int, int], float] = {}
    told: dict[int, float] = {}
    chance = random.Random(2)
    cries = [(one, cry) for one in crowd for cry in CRIES]
    chance.shuffle(cries)
    says = int(seconds * PER_S)
    due = [cries.pop() if n % SHARE == 0 and cries else (chance.choice(crowd), "") for n in range(says)]

    seen = 0

    def news() -> bool:
        return len(console.entries[desk]) > seen

    async def listening() -> None:
        nonlocal seen
        while True:
            await console.until(news, 3600)
            now = time.perf_counter()
            told.update((entry.ref, now) for entry in console.entries[desk][seen:] if entry.kind == "reported")
            seen = len(console.entries[desk])

    async def say(client: Client, room: int, cry: str) -> None:
        entry = await client.say(room, cry or chance.choice(ordinary))
        if not isinstance(entry, Entry):
            raise BenchFailed("a say was refused")
        if cry:
            committed[room, entry.seq] = time.perf_counter()

    async with asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(listening())
        async with AsyncExitStack() as stack:
            clients = {one.person: await stack.enter_async_context(connected(port, one.token)) for one in crowd}
            for one in crowd:
                await clients[one.person].join(one.room)
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as speaking:
                for n, (one, cry) in enumerate(due):
                    await asyncio.sleep(max(0.0, begin + n / PER_S - time.perf_counter()))  # as many come as should
                    speaking.create_task(say(clients[one.person], one.room, cry))
            end = time.perf_counter() + PATIENCE_S
            while time.perf_counter() < end:
                await asyncio.sleep(0.2)
                if committed.keys() <= {entry for case, entry in (await _raised(store)).items() if case in told}:
                    break
        hearing.cancel()
    return committed, told


async def _backlog(folder: Path, url: str, count: int, ordinary: list[str]) -> float:
    """Return how many entries a second one process works off; 40 rooms, half of them one-to-ones."""
    crowd = await gather(url, folder, [1] * 40)
    await migrate(url, "matcher")
    store = Store.open(url)
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    said = await keys.many([one.person for one in crowd], "said")
    rows: list[dict[str, object]] = []
    for n in range(count):
        one, seq = crowd[n % len(crowd)], n // len(crowd) + 1
        text, say_id = ordinary[n % len(ordinary)], f"backlog-{n}"
        sealed = timeline.seal(said[one.person], RoomId(one.room), PersonId(one.person), say_id, text)
        row: dict[str, object] = {"room": one.room, "seq": seq, "kind": "said", "author": one.person, "say_id": say_id}
        rows.append(row | {"body": sealed.body, "key_version": sealed.key_version, "mac": sealed.mac})
    try:
        async with store.transaction() as tx:
            now = await tx.now()
            every = [row | {"at": now - (count - n) * 20_000} for n, row in enumerate(rows)]
            for start in range(0, count, 1000):
                await tx.execute(entries.insert(), every[start : start + 1000])
            for one in crowd:
                last = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == one.room).scalar_subquery()
                grown = sa.update(rooms_table).where(rooms_table.c.id == one.room)
                kind = "one_to_one" if crowd.index(one) % 2 else "group"
                await tx.execute(grown.values(last_seq=last, kind=kind))
        watching, looked = Watching(store, keys), 0
        begin = time.perf_counter()
        while more := await watching.beat():
            looked += more
        took = time.perf_counter() - begin
    finally:
        await keys.close()
        await store.close()
    if looked != count:
        raise BenchFailed(f"{count} entries, {looked} looked at")
    return count / took
