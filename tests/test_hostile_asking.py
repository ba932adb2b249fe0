"""Hostile forms around matching, over HTTP: one offer is taken once, by whom it was made to, while it stands."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat.ids import PersonId
from chat.tables import rooms as rooms_table
from matcher.requests import OfferId
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.circle import Circle, WordCounts
from tests.pages import Browser, Pages, site
from tests.words import words

NOBODYS = OfferId(2**53 - 5)
AT_ONCE = 100


async def offered(pages: Pages) -> tuple[PersonId, PersonId, OfferId]:
    """Let somebody ask, and offer it to a peer; return both and the offer."""
    circle = Circle(pages.place, WordCounts())
    peer, seeker = await circle.peer(), await circle.seeker()
    return seeker, peer, await circle.offered(seeker, peer)


async def press(browser: Browser, offer: int, what: str = "accept") -> tuple[int, str, bytes]:
    """Press a button of the desk; return the status, where it leads, and the page without its form tokens."""
    await browser.get("/desk")
    answer = await browser.post(f"/desk/offers/{offer}/{what}")
    return answer.status_code, answer.headers.get("location", ""), answer.content


async def chats(pages: Pages) -> list[int]:
    return [row.id for row in await pages.place.rows(rooms_table, rooms_table.c.kind == "one_to_one")]


async def test_accepting_again_and_again_leads_to_the_one_chat(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        _, peer, offer = await offered(pages)
        async with await pages.browser_of(peer) as browser:
            await browser.get("/desk")
            answers = await asyncio.gather(*(browser.post(f"/desk/offers/{offer}/accept") for _ in range(8)))
            again = await browser.post(f"/desk/offers/{offer}/accept")
            declined = await browser.post(f"/desk/offers/{offer}/decline")
        (room,) = await chats(pages)
        assert {(one.status_code, one.headers["location"]) for one in [*answers, again]} == {(303, f"/rooms/{room}")}
        assert declined.status_code == 409, "what was accepted is not declined any more"
        assert len(await chats(pages)) == 1


async def test_an_offer_whose_time_is_over_opens_nothing(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        _, peer, offer = await offered(pages)
        async with pages.place.store.transaction() as tx:
            await tx.execute(sa.update(offers_table).values(expires_at=1))
        async with await pages.browser_of(peer) as browser:
            for _ in range(2):
                assert (await press(browser, offer))[0] == 409
        assert await chats(pages) == []
        (request,) = await pages.place.rows(requests_table)
        assert request.state != "accepted"


@pytest.mark.parametrize("what", ["accept", "decline"])
async def test_anothers_offer_looks_like_one_that_never_was(sqlite_url: str, tmp_path: Path, what: str) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        _, peer, offer = await offered(pages)
        curious = await Circle(pages.place, WordCounts()).peer()
        async with await pages.browser_of(curious) as browser:
            foreign, absent = [await press(browser, one, what) for one in (offer, NOBODYS)]
        assert foreign == absent
        assert foreign[0] == 404
        assert await chats(pages) == []
        (standing,) = await pages.place.rows(offers_table)
        assert (standing.state, standing.peer) == ("offered", peer)


async def test_whoever_asks_a_hundred_times_at_once_has_one_request(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        person, other = await pages.place.person(), await pages.place.person()
        form = {"text": words(), "reads": "en", "language": "en"}
        async with await pages.browser_of(person) as browser, await pages.browser_of(other) as bystander:
            await browser.get("/ask")
            await bystander.get("/ask")
            asking = asyncio.gather(*(browser.post("/ask", form) for _ in range(AT_ONCE)))
            theirs = await bystander.post("/ask", form)
            answers = await asking
        assert {(one.status_code, one.headers.get("location")) for one in answers} == {(303, "/waiting")}
        assert theirs.status_code == 303
        found = await pages.place.rows(requests_table, requests_table.c.person == person)
        assert [row.state for row in found] == ["waiting"]
