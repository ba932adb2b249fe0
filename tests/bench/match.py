"""match: from a kept request to the offer on the peer's desk, by a `python -m matcher` with the real model.

Timed from before the request's transaction opens to the card read for the peer whose inbox the hint named, as a web
process does it. One request after another; each is withdrawn again, so that all peers stay eligible.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from chat.bus import Hints, Message
from chat.bus_local import LocalBus
from chat.ids import PersonId
from chat.keys import Keys
from chat.migrate import migrate
from chat.seal import Keyring
from chat.store import Store
from chat.tables import roles
from matcher import offers, profiles, requests
from matcher.facets import Facet, declared, may_meet
from matcher.tables import peers, profile_languages
from matcher.tables import profiles as profiles_table
from tests import servers
from tests.bench.crowd import One, gather

PATIENCE_S = 900.0
OFFER_S = 20.0
"""An offer that has not come by then counts as lost, and the bench fails."""

SUBJECTS = ("my mother", "my son", "the bottle", "my work", "the nights", "the house", "my illness", "the phone")
DOINGS = ("keeps me awake", "is gone", "takes everything", "frightens me", "is heavier every week", "makes me lonely")
ENDINGS = (
    "and nobody asks.",
    "and I pretend to be fine.",
    "since the spring.",
    "and I am ashamed.",
    "again and again.",
)


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench match")
    parser.add_argument("--peers", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--texts", type=Path, help="one JSON object a line with `text`; without it texts are generated")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), asked.peers, asked.requests, _texts(asked.texts)))


def _texts(path: Path | None) -> list[str]:
    random.seed(1)
    if path is None:
        made = [f"{random.choice(SUBJECTS)} {random.choice(DOINGS)} {random.choice(ENDINGS)}" for _ in range(20_000)]
        return [f"{one} {other}" for one, other in zip(made[::2], made[1::2], strict=True)]
    texts = [str(json.loads(line)["text"]) for line in path.read_text().splitlines() if line.strip()]
    random.shuffle(texts)
    return texts


async def _measure(folder: Path, count: int, asks: int, texts: list[str]) -> dict[str, float]:
    url = f"sqlite:///{folder / 'hearthside.db'}"
    crowd = await gather(url, folder, [count + asks])
    await migrate(url, "matcher")
    store = Store.open(url)
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    bus = LocalBus(url)
    seen: asyncio.Queue[int] = asyncio.Queue()

    def hear(message: Message) -> None:
        if isinstance(message, Hints):
            for room, _ in message.rooms:
                seen.put_nowait(room)

    listening = asyncio.create_task(bus.run(hear))
    try:
        await _settle(store, keys, crowd[:count], texts)
        env = {"HEARTHSIDE_DATABASE": url, "HEARTHSIDE_VAR": str(folder)}
        with servers.child("matcher", sys.executable, "-m", "matcher", env=env) as matcher:
            await _encoded(store, matcher)
            inboxes = {one.inbox: PersonId(one.person) for one in crowd[:count]}
            took = []
            for n, one in enumerate(crowd[count:]):
                text = texts[(count + n) % len(texts)]
                took.append(await _ask(store, keys, PersonId(one.person), text, inboxes, seen))
    finally:
        listening.cancel()
        await keys.close()
        await store.close()
    size = f"{count // 1000}k" if count % 1000 == 0 else str(count)
    return {
        f"offer_p50_ms_{size}": statistics.median(took) * 1000,
        f"offer_p95_ms_{size}": float(np.percentile(took, 95)) * 1000,
    }


async def _settle(store: Store, keys: Keys, crowd: list[One], texts: list[str]) -> None:
    """Make trained peers of people, open, with profiles and no vectors."""
    own = await keys.many([one.person for one in crowd], "own")
    rows: dict[sa.Table, list[dict[str, object]]] = {roles: [], profiles_table: [], profile_languages: [], peers: []}
    for n, one in enumerate(crowd):
        kept = profiles.compose(texts[n % len(texts)], "matching", [Facet("role", "self"), Facet("topic", "work")])
        assert may_meet(declared([Facet("role", "self")]), declared(kept.facets))
        body = profiles.seal(own[one.person], PersonId(one.person), kept).body
        profile = {"person": one.person, "body": body, "version": 1, "language": "en", "saved_at": 0}
        rows[roles].append({"person": one.person, "role": "peer", "granted_at": 0})
        rows[profiles_table].append(profile)
        rows[profile_languages].append({"person": one.person, "language": "en"})
        rows[peers].append({"person": one.person, "state": "open", "capacity": 3, "changed_at": 0})
    async with store.transaction() as tx:
        for table, made in rows.items():
            await tx.execute(table.insert(), made)


async def _encoded(store: Store, matcher: servers.Child) -> None:
    """Wait until the matcher has made every vector.

    Raises:
        NotStarted: it has ended instead.
    """
    wanted = sa.select(sa.func.count()).select_from(profiles_table).where(profiles_table.c.vector.is_(None))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with store.reading() as tx:
                if (await tx.execute(wanted)).scalar_one() == 0:
                    return
            if not matcher.is_alive:
                raise servers.NotStarted(f"the matcher ended; see {matcher.log}")
            await asyncio.sleep(0.5)


async def _ask(
    store: Store, keys: Keys, person: PersonId, text: str, inboxes: dict[int, PersonId], seen: "asyncio.Queue[int]"
) -> float:
    """Ask, wait for the offer on a desk, withdraw; return how long the offer took, in seconds."""
    key = await keys.get(person, "own")
    kept = profiles.compose(text, "matching", [Facet("role", "self")])
    while not seen.empty():
        seen.get_nowait()
    begin = time.perf_counter()
    async with store.transaction() as tx:
        sealed = profiles.seal(key, person, kept, "requests")
        await requests.ask(tx, person, sealed, language="en", languages=["en"], per_hour=10)
    async with asyncio.timeout(OFFER_S):
        while True:
            peer = inboxes.get(await seen.get())
            if peer is not None and await offers.for_peer(store, keys, peer):
                break
    took = time.perf_counter() - begin
    async with store.transaction() as tx:
        await requests.withdraw(tx, person)
    return took
