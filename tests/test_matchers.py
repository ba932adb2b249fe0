"""Three `python -m matcher` processes, killed at any moment: both told or neither, nobody asked twice, all repaired.

They run without a model (a stand-in for the package says that it is not there), so facets decide.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat.ids import PersonId
from chat.tables import people, rooms
from matcher.facets import Name
from matcher.tables import offers, requests
from tests import servers
from tests.circle import Circle, open_circle
from tests.walk import Walk, accept, ask, block, decline, leave, let_time_pass, unblock, withdraw

pytestmark = pytest.mark.timeout(180)

MATCHERS, KILLS, LEASE_S = 3, 4, 2
REPAIRED_S = 15.0
ACTS = (ask, ask, ask, accept, decline, leave, block, unblock, unblock, withdraw, let_time_pass)
TOPIC: tuple[Name, str] = ("topic", "addiction")


def matcher(circle: Circle) -> servers.Child:
    """Start a matcher on the circle's database."""
    missing = circle.place.folder / "missing"
    missing.mkdir(exist_ok=True)
    (missing / "sentence_transformers.py").write_text("raise ImportError\n")
    env = {
        "HEARTHSIDE_DATABASE": circle.place.store.url, "HEARTHSIDE_VAR": str(circle.place.folder),
        "HEARTHSIDE_LEASE_S": str(LEASE_S), "PYTHONPATH": str(missing),
    }  # fmt: skip
    return servers.start("matcher", sys.executable, "-m", "matcher", env=env)


async def test_matchers_that_are_killed_at_any_moment_leave_nothing_half_done(circle: Circle) -> None:
    walk = Walk(circle, random.Random(1))
    await walk.begin()
    with ExitStack() as stack:
        running = [matcher(circle) for _ in range(MATCHERS)]
        stack.callback(lambda: [one.stop() for one in running])
        for kill in range(KILLS):
            made = len(await circle.place.rows(offers))
            async with asyncio.timeout(60):
                while len(await circle.place.rows(offers)) < made + 2:
                    for act in walk.chosen.sample(ACTS, 3):
                        await act(walk)
                    await be_patient(circle)
                    await walk.check()
            dying = running.pop(kill % MATCHERS)
            dying.kill()
            running.insert(kill % MATCHERS, matcher(circle))
        await until(lambda: nobody_works(circle), REPAIRED_S)
    await walk.check()
    await walk.look_back()


async def test_a_matcher_that_is_killed_in_the_middle_of_an_offer_has_offered_nothing_and_another_does(
    postgresql_url: str, tmp_path: Path
) -> None:
    async with open_circle(postgresql_url, tmp_path) as circle:
        peer, seeker = await circle.peer("", TOPIC), await circle.seeker()
        async with circle.place.store.reading() as tx:
            inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == peer))).scalar_one()
        with ExitStack() as stack:
            dying = matcher(circle)
            stack.callback(dying.stop)
            await asyncio.to_thread(dying.wait_until, lambda: "facets alone" in dying.said(), 60)
            async with circle.place.store.transaction() as tx:
                await tx.lock(rooms, [inbox])  # it holds both people, and waits here
                await circle.ask(seeker, "", TOPIC)
                await be_patient(circle)
                await until(lambda: waits(circle))
                dying.kill()
            assert await circle.standing(peer) == []
            assert [row.state for row in await circle.place.rows(requests)] == ["leased"]
            other = matcher(circle)
            stack.callback(other.stop)
            await until(lambda: is_offered(circle, peer))
        assert [one.kind for one in await circle.place.inbox(peer)] == ["offered"]


async def until(is_so: Callable[[], Awaitable[bool]], patience_s: float = 60.0) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(patience_s):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


async def be_patient(circle: Circle) -> None:
    """Let who waits have waited for the model as long as is worth it."""
    async with circle.place.store.transaction() as tx:
        new = sa.update(requests).where(requests.c.state == "waiting", requests.c.made_at + 20_000 > await tx.now())
        await tx.execute(new.values(made_at=requests.c.made_at - 30_000, next_at=0))


async def nobody_works(circle: Circle) -> bool:
    """Whether no lease is left, not even of those who have died."""
    return not await circle.place.rows(requests, requests.c.state == "leased")


async def is_offered(circle: Circle, peer: PersonId) -> bool:
    return bool(await circle.standing(peer))


async def waits(circle: Circle) -> bool:
    """Whether somebody waits for a lock."""
    async with circle.place.store.reading() as tx:
        return bool((await tx.execute(sa.text("select count(*) from pg_locks where not granted"))).scalar_one())
