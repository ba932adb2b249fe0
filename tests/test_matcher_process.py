"""python -m matcher as a process: what it tells, that it matches with the real model, and that it ends when asked."""

import asyncio
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from chat.ids import PersonId
from matcher.coverage import MULTILINGUAL
from matcher.tables import offers as offers_table
from tests import servers
from tests.circle import Circle, open_circle

pytestmark = [pytest.mark.model, pytest.mark.timeout(240)]

PATIENCE_S = 120.0
"""Two cores and everything else that runs on them: loading the model takes 7 s alone and a minute in a crowd."""


def environment(database_url: str, folder: Path) -> dict[str, str]:
    return {"HEARTHSIDE_DATABASE": database_url, "HEARTHSIDE_VAR": str(folder)}


def matcher_process(env: dict[str, str]) -> AbstractContextManager[servers.Child]:
    """Run a matcher for the time of the block."""
    return servers.child("matcher", sys.executable, "-m", "matcher", env=env)


async def first_offered(circle: Circle) -> PersonId:
    """Wait until something is offered to anybody, and return to whom."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := await circle.place.rows(offers_table):
                return PersonId(found[0].peer)
            await asyncio.sleep(0.05)


async def test_a_matcher_that_is_still_loading_ends_within_five_seconds(sqlite_url: str, tmp_path: Path) -> None:
    async with open_circle(sqlite_url, tmp_path):
        with servers.child(
            "matcher", sys.executable, "-m", "matcher", env=environment(sqlite_url, tmp_path)
        ) as matcher:
            await asyncio.to_thread(matcher.wait_until, lambda: "loading the model" in matcher.said(), PATIENCE_S)
            begin = time.monotonic()
            assert await asyncio.to_thread(matcher.stop) == 0
            assert time.monotonic() - begin < 5


async def test_a_request_in_ones_own_words_reaches_the_peer_who_lived_through_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_circle(sqlite_url, tmp_path) as circle:
        sober = await circle.peer(
            "I drank in secret for years and have been sober since my daughter was born", capacity=2
        )
        await circle.peer("My mother forgot my name and I nursed her at home until she died", capacity=2)
        with servers.child(
            "matcher", sys.executable, "-m", "matcher", env=environment(sqlite_url, tmp_path)
        ) as matcher:
            await asyncio.to_thread(matcher.wait_until, lambda: "ready" in matcher.said(), PATIENCE_S)
            await asyncio.to_thread(matcher.wait_until, lambda: "encoded" in matcher.said(), PATIENCE_S)
            await circle.ask(await circle.seeker(), "three weeks without alcohol and every evening I want wine")
            assert await first_offered(circle) == sober
            begin = time.monotonic()
            assert await asyncio.to_thread(matcher.stop) == 0
            assert time.monotonic() - begin < 5


async def test_a_finnish_seeker_meets_a_peer_who_writes_in_swedish_and_reads_finnish(
    sqlite_url: str, tmp_path: Path
) -> None:
    """And not one who writes in Finnish of something else."""
    async with open_circle(sqlite_url, tmp_path) as circle:
        sober, carer, no_finnish = [await circle.place.person("peer") for _ in range(3)]
        drank = "Jag drack alkohol i hemlighet i åratal. Nu har jag varit nykter i tre år och går på möten varje vecka."
        await circle.save(sober, drank, language="sv", languages=["sv", "fi"])
        await circle.save(carer, "Hoidin äitiäni kotona, kunnes hän kuoli.", language="fi", languages=["fi"])
        await circle.save(no_finnish, drank, language="sv", languages=["sv"])
        for peer in (sober, carer, no_finnish):
            await circle.available(peer, "open")
        env = environment(sqlite_url, tmp_path) | {"HEARTHSIDE_MODEL": MULTILINGUAL}
        with matcher_process(env) as matcher:
            await asyncio.to_thread(matcher.wait_until, lambda: "encoded 3" in matcher.said(), PATIENCE_S)
            text = "Kolme viikkoa ilman alkoholia, ja joka ilta tekee mieli viiniä."
            await circle.ask(await circle.seeker(), text, language="fi", languages=["fi"])
            assert await first_offered(circle) == sober


async def test_when_one_matcher_is_killed_the_other_goes_on(sqlite_url: str, tmp_path: Path) -> None:
    async with open_circle(sqlite_url, tmp_path) as circle:
        peer = await circle.peer("a peer", ("topic", "addiction"))
        await circle.ask(await circle.seeker(), "", ("topic", "addiction"))
        held = await circle.lease(lease_s=2)  # as the killed one holds it
        assert held is not None
        env = environment(sqlite_url, tmp_path) | {"HEARTHSIDE_LEASE_S": "2"}
        with (
            matcher_process(env) as one,
            matcher_process(env) as other,
        ):
            await asyncio.to_thread(other.wait_until, lambda: "loading" in other.said(), PATIENCE_S)
            one.kill()
            assert await first_offered(circle) == peer
            assert await circle.make(held, peer) == "stale"
