"""prober: whether times tell a stalker that somebody is here.

Two worlds of the same people, but that in one the person looked for is here too, has blocked the prober and is from a
place that must be avoided. ASKED requests, each with one facet changed, are asked in both by turns. Timed: from the
request to what is told of it (the matcher's work), and the reading of it that the waiting page does. `auc_…`: the share
of pairs of times, one of each world, told apart; .5 is guessing. `auc_same_…`: the same between two turns of one world,
which is what noise alone gives.
"""

import asyncio
import random
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from chat.ids import PersonId
from matcher import blocks, places
from matcher.matching import Matching
from tests import crowd
from tests.circle import Circle, open_circle
from tests.crowd import One
from tests.test_prober import HOME, TOPICS, arrive, probes, told_apart

OTHERS, ASKED = 200, 600
Times = list[tuple[float, float]]


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, float]:
    asking = probes(random.Random(3))
    async with AsyncExitStack() as stack:
        worlds = []
        for name in ("without", "with"):
            (folder / name).mkdir()
            url = f"sqlite:///{folder / name / 'hearthside.db'}"
            circle = await stack.enter_async_context(open_circle(url, folder / name))
            worlds.append(await _world(circle, is_here=name == "with"))
        turns: list[Times] = [[], [], []]  # without, with, without once more
        for n in range(ASKED):
            order = [0, 1, 2]
            random.shuffle(order)
            for turn in order:
                turns[turn].append(await _asked(*worlds[turn % 2], asking[n]))
    without, with_them, again = (np.array(one) for one in turns)
    made = {}
    for column, what in enumerate(("told", "read")):
        made[f"auc_{what}"] = told_apart(without[:, column], with_them[:, column])
        made[f"auc_same_{what}"] = told_apart(without[:, column], again[:, column])
        made[f"{what}_p50_ms"] = float(np.median(without[:, column])) * 1000
    return made


async def _world(circle: Circle, *, is_here: bool) -> tuple[Circle, Matching, PersonId]:
    chosen = random.Random(7)
    await crowd.peers_of(circle, [crowd.anybody(chosen, TOPICS) for _ in range(OTHERS)])
    prober = await circle.seeker()
    async with circle.place.store.transaction() as tx:
        await places.save_homes(tx, circle.tokens, prober, [HOME], small=True, wished=False)
    if is_here:
        target = await arrive(circle)
        async with circle.place.store.transaction() as tx:
            await places.save_homes(tx, circle.tokens, target, [HOME], small=True, wished=False)
        async with circle.place.store.transaction() as tx:
            await blocks.block(tx, target, prober)
    matching = circle.matching()
    await matching.beat()
    return circle, matching, prober


async def _asked(circle: Circle, matching: Matching, prober: PersonId, one: One) -> tuple[float, float]:
    """Ask, and return how long it took to be told, and to read what was told."""
    declares = [(name, value) for name, values in one.declares.items() for value in sorted(values)]
    begin = time.perf_counter()
    await circle.ask(prober, "", *declares, languages=one.languages, per_hour=10**6, anew=True)
    await matching.beat()
    told = time.perf_counter()
    await circle.request(prober)
    return told - begin, time.perf_counter() - told
