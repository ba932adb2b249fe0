"""The peer's desk over HTTP: rest, topics not today, why one is away, and what the other let be shown."""

import re
from pathlib import Path

import sqlalchemy as sa

from matcher import peers, profiles, requests
from matcher.facets import Facet
from matcher.offers import UNANSWERED_MOST
from matcher.tables import peers as table
from tests.circle import Circle, WordCounts
from tests.pages import Pages, site
from tests.words import words

SET: dict[str, str | list[str]] = {"state": "open", "capacity": "2"}


async def test_a_rest_after_each_chat_is_set_and_shown(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person("peer")) as browser:
        for gap, chosen in (("30", "30"), ("", "30"), ("0", "0")):
            await browser.get("/desk")
            assert (await browser.post("/desk/availability", SET | ({"gap": gap} if gap else {}))).status_code == 303
            assert f'<option value="{chosen}" selected>' in (await browser.get("/desk")).text
        assert "Nobody is waiting</h2>" in browser.page and "No chat is open." in browser.page
        kept = await pages.place.rows(table)
        for wrong in ({"gap": "7"}, {"gap": "x"}, {"gap": "-15"}, {"gap": "٣٠"}, {"capacity": ""}, {"capacity": "4"}):
            await browser.get("/desk")
            assert (await browser.post("/desk/availability", SET | wrong)).status_code == 400, wrong
        assert await pages.place.rows(table) == kept


async def test_topics_not_today_are_ticked_until_they_are_taken_back(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person("peer")) as browser:
        for codes in (["violence", "work"], ["work"], []):
            await browser.get("/desk")
            assert (await browser.post("/desk/not-today", {"topic": codes})).status_code == 303
            page = (await browser.get("/desk")).text
            assert [code for code in ("violence", "work") if f'value="{code}" checked' in page] == codes
        await browser.get("/desk")
        assert (await browser.post("/desk/not-today", {"topic": "the moon"})).status_code == 400


async def test_who_is_away_because_requests_went_unanswered_is_told_so(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        peer = await pages.place.person("peer")
        async with pages.place.store.transaction() as tx:
            await peers.set_availability(tx, peer, "away", 1)
        told = "because two requests went by without an answer"
        async with await pages.browser_of(peer) as browser:
            assert f">You are away, {told}" not in (await browser.get("/desk")).text
            async with pages.place.store.transaction() as tx:
                await tx.execute(sa.update(table).values(unanswered=UNANSWERED_MOST))
            assert f">You are away, {told}" in (await browser.get("/desk")).text


async def test_a_card_shows_what_both_let_be_shown_and_the_words_the_other_allowed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        circle = Circle(pages.place, WordCounts())
        peer = await circle.peer("words", ("topic", "work"), ("age", "30_44"))
        shown, kept = await wish(pages, circle, peer, "shown"), await wish(pages, circle, peer, "matching")
        async with await pages.browser_of(peer) as browser:
            page = (await browser.get("/desk")).text
            assert shown in page
            assert kept not in page
            first = page.partition('data-offer="')[2].partition("</li>")[0]
            assert re.findall(r'<span class="chip">(.*?)</span>', first) == ["Work", "Aged 30 to 44"]


async def wish(pages: Pages, circle: Circle, peer: int, visibility: profiles.Visibility) -> str:
    """Let somebody ask, offer it to the peer, and return the words."""
    await circle.available(peer, "open", 3)  # type: ignore[arg-type]
    seeker, text = await circle.seeker(), words()
    facets = [Facet("topic", "work", "shown"), Facet("age", "30_44", "shown"), Facet("side", "harmed")]
    key = await pages.place.keys.get(seeker, "own")
    sealed = profiles.seal(key, circle.tokens, seeker, profiles.compose(text, visibility, facets[:2]), "requests")
    async with pages.place.store.transaction() as tx:
        await requests.ask(tx, seeker, sealed, language="en", languages=["en"], per_hour=10)
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "offered"  # type: ignore[arg-type]
    return text
