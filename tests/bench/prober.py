"""prober: whether times tell a stalker that somebody is here.

One world, in which the person looked for comes and goes by turns: they have blocked the prober and are from a place
that must be avoided, and when they go they are erased. Meanwhile somebody else comes and goes in the same way, who has
nothing in common with them. In each of ROUNDS the same EACH requests, each with one facet changed, are asked while they
are here and, twice, while it is the other, in an order drawn by chance. Timed: from the request to what is told of it
(the matcher's work), and the reading of it that the waiting page does. `auc_…`: the share of pairs of times, one with
and one without them, told apart; .5 is guessing. `auc_same_…`: the same between the two turns without them, which is
what noise alone gives.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path

import numpy as np

from chat import erasure
from chat.ids import PersonId
from chat.journal import Journal
from matcher import blocks, places
from matcher.facets import Declared
from matcher.matching import Matching
from tests import crowd
from tests.circle import Circle, open_circle
from tests.crowd import One
from tests.test_prober import HOME, TARGET, TOPICS, probes, told_apart
from tests.words import place_name
from web.account import FORGET

OTHERS, ROUNDS, EACH = 200, 60, 10
ELSEWHERE = place_name("another town")
OTHER: Declared = {
    "topic": frozenset({"caring", "work"}), "role": frozenset({"family"}), "side": frozenset({"not_affected"}),
    "status": frozenset({"struggling"}),
    "age": frozenset({"45_64"}), "gender": frozenset({"man"}),
}  # fmt: skip
Times = list[tuple[float, float]]


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, float]:
    chosen, asking = random.Random(), iter(probes(random.Random(3)))
    turns: dict[str, Times] = {"without": [], "with": [], "again": []}
    async with open_circle(f"sqlite:///{folder / 'hearthside.db'}", folder) as circle:
        await crowd.peers_of(circle, [crowd.anybody(random.Random(7), TOPICS) for _ in range(OTHERS)])
        prober, matching = await circle.seeker(), circle.matching()
        async with circle.place.store.transaction() as tx:
            await places.save_homes(tx, circle.tokens, prober, [HOME], small=True, wished=False)
        for _ in range(ROUNDS):
            those = [next(asking) for _ in range(EACH)]
            for turn in chosen.sample(sorted(turns), len(turns)):
                came = await _come(circle, prober, is_sought=turn == "with")
                await _asked(circle, matching, prober, those[0])  # what comes and goes is taken up
                turns[turn] += [await _asked(circle, matching, prober, one) for one in those]
                await _go(circle, came)
    without, with_them, again = (np.array(turns[one]) for one in ("without", "with", "again"))
    made = {}
    for column, what in enumerate(("told", "read")):
        made[f"auc_{what}"] = told_apart(without[:, column], with_them[:, column])
        made[f"auc_same_{what}"] = told_apart(without[:, column], again[:, column])
        made[f"{what}_p50_ms"] = float(np.median(without[:, column])) * 1000
    return made


async def _come(circle: Circle, prober: PersonId, *, is_sought: bool) -> PersonId:
    stranger = await circle.seeker()
    (person,) = await crowd.peers_of(circle, [One(TARGET if is_sought else OTHER, "", ("en", "fi"), capacity=3)])
    async with circle.place.store.transaction() as tx:
        await places.save_homes(tx, circle.tokens, person, [HOME if is_sought else ELSEWHERE], small=True, wished=False)
    async with circle.place.store.transaction() as tx:
        await blocks.block(tx, person, prober if is_sought else stranger)
    return person


async def _go(circle: Circle, target: PersonId) -> None:
    journal = Journal(circle.place.folder / "erasures.journal")
    await erasure.erase(circle.place.store, circle.place.keys, journal, target, FORGET)


async def _asked(circle: Circle, matching: Matching, prober: PersonId, one: One) -> tuple[float, float]:
    """Ask, and return how long it took to be told, and to read what was told."""
    declares = [(name, value) for name, values in one.declares.items() for value in sorted(values)]
    begin = time.perf_counter()
    await circle.ask(prober, "", *declares, languages=one.languages, per_hour=10**6, anew=True)
    await matching.beat()
    told = time.perf_counter()
    await circle.request(prober)
    return told - begin, time.perf_counter() - told
