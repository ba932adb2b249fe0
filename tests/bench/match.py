"""match: from a kept request to the offer on the peer's desk, by a `python -m matcher` with the real model.

Timed from before the request's transaction opens to the card read for the peer whose inbox the hint named, as a web
process does it. Nobody is asked a question first: the time they take to answer is theirs. One request after another;
each is withdrawn again, so that all peers stay eligible. Once among `peers` peers and once among ten times as many,
whose vectors are made beforehand of DISTINCT texts, over and over. Beside it how long one text of 17 words takes to
encode, and the assignment (see `assignment`).
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
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
from matcher import changes, offers, pairs, profiles, requests
from matcher.encoder import Vectors
from matcher.facets import Facet
from matcher.model import Model, load
from matcher.tables import peers, profile_facets, profile_languages
from matcher.tables import profiles as profiles_table
from matcher.tables import requests as requests_table
from matcher.tokens import Tokens
from tests import servers
from tests.bench import assignment
from tests.bench.crowd import One, gather

PATIENCE_S = 900.0
DISTINCT = 2000
SENTENCE = "my mother does not know me any more and I have not slept for a week since spring"
"""17 words."""
ENCODED = 200
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
    model = load("")
    made = {f"encode_{name}_ms": value for name, value in _encode(model).items()}
    vectors = model.encode(texts[:DISTINCT], ["en"] * len(texts[:DISTINCT]))
    url = f"sqlite:///{folder / 'hearthside.db'}"
    crowd = await gather(url, folder, [10 * count + 2 * asks])
    await migrate(url, "matcher")
    store = Store.open(url)
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    tokens = Tokens(keys.derive("tokens"))
    async with store.transaction() as tx:
        await changes.seed(tx)
        await pairs.seed(tx, tokens)
    bus = LocalBus(url)
    seen: asyncio.Queue[int] = asyncio.Queue()

    def hear(message: Message) -> None:
        if isinstance(message, Hints):
            for room, _ in message.rooms:
                seen.put_nowait(room)

    listening = asyncio.create_task(bus.run(hear))
    asking, peers_of = Asking(store, keys, tokens, seen), crowd[2 * asks :]
    try:
        for begin, end in ((0, count), (count, 10 * count)):
            await _settle(asking, peers_of[begin:end], texts, vectors, model.name)
            env = {"HEARTHSIDE_DATABASE": url, "HEARTHSIDE_VAR": str(folder)}
            with servers.child("matcher", sys.executable, "-m", "matcher", env=env) as matcher:
                inboxes = {one.inbox: PersonId(one.person) for one in peers_of[:end]}
                await _ready(matcher)
                askers, crowd = crowd[:asks], crowd[asks:]
                took = []
                for n, one in enumerate(askers):
                    took.append(await asking.once(PersonId(one.person), texts[(DISTINCT + n) % len(texts)], inboxes))
            size = f"{end // 1000}k" if end % 1000 == 0 else str(end)
            made[f"offer_p50_ms_{size}"] = statistics.median(took) * 1000
            made[f"offer_p95_ms_{size}"] = float(np.percentile(took, 95)) * 1000
    finally:
        listening.cancel()
        await keys.close()
        await store.close()
    return assignment.figures([]) | made


def _encode(model: Model) -> dict[str, float]:
    took = []
    for n in range(ENCODED):
        begin = time.perf_counter()
        model.encode([f"{SENTENCE} {n}"], ["en"])
        took.append((time.perf_counter() - begin) * 1000)
    return {"p50": statistics.median(took), "p99": float(np.percentile(took, 99))}


async def _settle(asking: "Asking", crowd: list[One], texts: list[str], vectors: Vectors, model: str) -> None:
    """Make trained peers of people, open, with profiles and vectors."""
    own = await asking.keys.many([one.person for one in crowd], "own")
    rows: dict[sa.Table, list[dict[str, object]]] = {
        roles: [],
        profiles_table: [],
        profile_languages: [],
        profile_facets: [],
        peers: [],
    }
    for n, one in enumerate(crowd):
        person, which = PersonId(one.person), n % len(vectors)
        kept = profiles.compose(texts[which], "matching", [Facet("role", "self"), Facet("topic", "work")])
        sealed = profiles.seal(own[person], asking.tokens, person, kept)
        vector = profiles.seal_vector(own[person], person, vectors[which], model)
        profile = {"person": person, "body": sealed.body, "version": 1, "language": "en", "saved_at": 0}
        rows[roles].append({"person": person, "role": "peer", "granted_at": 0})
        rows[profiles_table].append(profile | {"vector": vector, "vector_of": 1, "vector_model": model})
        rows[profile_languages].append({"person": person, "language": "en"})
        rows[profile_facets] += [{"person": person, "name": name, "token": token} for name, token in sealed.facets]
        rows[peers].append({"person": person, "state": "open", "capacity": 3, "changed_at": 0})
    async with asking.store.transaction() as tx:
        for table, made in rows.items():
            await tx.execute(table.insert(), made)


async def _ready(matcher: servers.Child) -> None:
    """Wait until the matcher has loaded its model.

    Raises:
        NotStarted: it has ended instead.
    """
    async with asyncio.timeout(PATIENCE_S):
        while "ready" not in Path(matcher.log).read_text():
            if not matcher.is_alive:
                raise servers.NotStarted(f"the matcher ended; see {matcher.log}")
            await asyncio.sleep(0.2)


@dataclass
class Asking:
    """Who asks, and hears of offers."""

    store: Store
    keys: Keys
    tokens: Tokens
    seen: "asyncio.Queue[int]"

    async def once(self, person: PersonId, text: str, inboxes: dict[int, PersonId]) -> float:
        """Ask, wait for the offer on a desk, withdraw; return how long the offer took, in seconds."""
        key = await self.keys.get(person, "own")
        kept = profiles.compose(text, "matching", [Facet("role", "self")])
        while not self.seen.empty():
            self.seen.get_nowait()
        begin = time.perf_counter()
        async with self.store.transaction() as tx:
            sealed = profiles.seal(key, self.tokens, person, kept, "requests")
            await requests.ask(tx, person, sealed, language="en", languages=["en"], per_hour=10)
            await tx.execute(sa.update(requests_table).values(questioned="role side status"))
        async with asyncio.timeout(OFFER_S):
            while True:
                peer = inboxes.get(await self.seen.get())
                if peer is not None and await offers.for_peer(self.store, self.keys, peer):
                    break
        took = time.perf_counter() - begin
        async with self.store.transaction() as tx:
            await requests.withdraw(tx, person)
        return took
