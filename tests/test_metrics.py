"""Metrics: the figures of a matcher process, as Prometheus reads them, while the model is changed."""

import asyncio
import random
import urllib.request
import zlib

import numpy as np
import pytest

from chat.settings import SettingError
from matcher import profiles
from matcher.encoder import Vectors
from matcher.matching import Matching
from matcher.metrics import Metrics, serving
from tests import crowd, servers
from tests.circle import Circle, WordCounts
from tests.crowd import One

PEERS = 160
SUBJECTS = ("wine at night", "my mother forgets", "the house burned", "the war", "no work", "a child lost")


class Wider(WordCounts):
    """Another model: another name, and vectors of another width, which begin with a mark of its own."""

    name = "wider"

    def encode(self, texts: list[str], languages: list[str]) -> Vectors:
        made = np.zeros((len(texts), 96), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split()[1:]:
                made[row, zlib.crc32(word.encode()) % 95] += 1
            made[row, 95] = 0.01
        self.encoded += len(texts)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return made


async def figures(circle: Circle, matching: Matching) -> dict[str, float]:
    """Return the figures, read over HTTP."""
    metrics, port = Metrics(), servers.free_port()
    async with circle.place.store.reading() as tx:
        await metrics.look(tx, matching)
    with serving(metrics, f"127.0.0.1:{port}"):
        said = await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/metrics", timeout=5)
        lines = said.read().decode().splitlines()
    found = {line.split()[0].removeprefix("hearthside_matcher_"): float(line.split()[1])
             for line in lines if not line.startswith("#")}  # fmt: skip
    assert found.keys() == {"index_bytes", "index_peers", "encoded_share", "requests_waiting"}
    return found


async def test_while_the_model_changes_matching_goes_on_and_progress_is_seen(sqlite_circle: Circle) -> None:
    circle, chosen = sqlite_circle, random.Random(1)
    await crowd.peers_of(circle, [One(text=chosen.choice(SUBJECTS), capacity=3) for _ in range(PEERS)])
    before = circle.matching()
    while await before.encoding.encode():
        pass
    await circle.ask(await circle.seeker(), SUBJECTS[0])
    await before.beat()
    told = await figures(circle, before)
    assert (told["encoded_share"], told["index_peers"], told["requests_waiting"]) == (1.0, PEERS, 1)
    assert told["index_bytes"] == before.index.size_bytes > PEERS * 64 * 4

    after = Matching(circle.place.store, circle.place.keys, offer_s=90, lease_s=15, encoder=Wider())
    assert (await figures(circle, after))["encoded_share"] == 0
    shares, asked = [], 1
    while await after.encoding.encode():
        if len(shares) % 10 == 0:
            await circle.ask(await circle.seeker(), chosen.choice(SUBJECTS))
            asked += 1
            await after.beat()
            assert after.index.encoded <= PEERS
        shares.append((await figures(circle, after))["encoded_share"] if len(shares) % 10 == 0 else shares[-1])
    assert shares == sorted(shares) and shares[0] < 0.1
    await after.index.follow("wider")
    told = await figures(circle, after)
    assert (told["encoded_share"], told["requests_waiting"]) == (1.0, asked)
    assert after.index.encoded == PEERS
    made = await circle.place.rows(profiles.profiles)
    assert {row.vector_model for row in made} == {"wider"}


async def test_an_address_nothing_can_listen_at_is_told(sqlite_circle: Circle) -> None:
    port = servers.free_port()
    with (
        serving(Metrics(), f"127.0.0.1:{port}"),
        pytest.raises(SettingError, match="HEARTHSIDE_METRICS"),
        serving(Metrics(), f"127.0.0.1:{port}"),
    ):
        pass
