"""A third over HTTP: what each of the three sees of the ask, and of the chat."""

from pathlib import Path

import pytest

from chat.protocol import Choice
from chat.tables import blocks
from chat.tables import rooms as rooms_table
from tests.pages import Browser, site
from tests.three import Chat, chat

LET_IN = ("Yes, from here on", "Yes, with the last 10 messages", "Yes, with everything said in this chat", "Not now")


async def seqs(browser: Browser, here: Chat, query: str) -> list[int]:
    answer = await browser.get(f"/rooms/{here.room}/entries?{query}")
    return [one["seq"] for one in answer.json()["entries"]]


async def test_the_member_gets_a_card_with_choices_and_the_peer_one_without(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        here = await chat(pages.place)
        page = f"/rooms/{here.room}"
        async with (
            await pages.browser_of(here.seeker) as member, await pages.browser_of(here.peer) as peer,
            await pages.browser_of(here.third) as third,
        ):  # fmt: skip
            told = (await third.get("/console/cases")).json()
            assert [(one["case"], one["third"]) for one in told] == [(here.case, "may")]
            asked = await here.ask()
            for browser, choices in ((member, LET_IN), (peer, ())):
                shown = (await browser.get(page)).text
                assert f'data-ask="{asked}"' in shown and "a professional of this organisation, asks" in shown
                assert [one for one in LET_IN[:3] if one in shown] == list(choices[:3])
            for path in (page, f"{page}/entries", f"{page}/entries?after=0"):
                assert (await third.get(path)).status_code == 404, "nothing is shown before a yes"
            await here.answer(asked, "from_here")
            for browser in (member, peer, third):
                shown = (await browser.get(page)).text
                assert f'data-third="{here.third}"' in shown and "data-ask=" not in shown
                assert (">They can leave now<" in shown) == (browser is member)
            assert [one["third"] for one in (await third.get("/console/cases")).json()] == ["in"]
            await here.let_go()
            assert "data-third=" not in (await member.get(page)).text
            assert "You have left this chat." in (await third.get(page)).text


@pytest.mark.parametrize("choice", ["from_here", "last", "all"])
async def test_no_page_and_no_address_shows_a_third_more(sqlite_url: str, tmp_path: Path, choice: Choice) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        here = await chat(pages.place)
        await here.let_in(choice)
        found = await here.range_of_third()
        assert found is not None
        begin = found[0]
        everything = await pages.place.read(here.room)
        async with await pages.browser_of(here.third) as third:
            for query in (
                "",
                "after=0",
                f"before={begin + 1}",
                f"after={max(begin - 2, 0)}&limit=2",
                "after=0&limit=1",
            ):
                shown = await seqs(third, here, query)
                assert shown and min(shown) >= begin, query
            assert await seqs(third, here, "after=0") == [one.seq for one in everything if one.seq >= begin]
            assert await seqs(third, here, f"before={begin}") == []
            page = (await third.get(f"/rooms/{here.room}")).text
        for one in everything:
            if one.kind == "said":
                assert (one.text in page) == (one.seq >= begin), one.seq


async def test_who_blocks_a_third_stays_with_the_other(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        here = await chat(pages.place)
        await here.let_in("all")
        async with await pages.browser_of(here.seeker) as member, await pages.browser_of(here.third) as third:
            await member.get("/me")
            await third.get("/me")
            assert (await third.post(f"/rooms/{here.room}/block")).status_code == 404, "they are none of the two"
            answer = await member.post(f"/rooms/{here.room}/block", {"person": str(here.third)})
            assert answer.headers["location"] == f"/rooms/{here.room}"
            [row] = await pages.place.rows(blocks)
            assert (row.person, row.blocked) == (here.seeker, here.third)
            [room] = await pages.place.rows(rooms_table, rooms_table.c.id == here.room)
            assert room.state == "open"
            answer = await member.post(f"/rooms/{here.room}/block")
            assert answer.headers["location"] == "/rooms?blocked=yes"
            assert {one.blocked for one in await pages.place.rows(blocks)} == {here.third, here.peer}
            [room] = await pages.place.rows(rooms_table, rooms_table.c.id == here.room)
            assert room.state == "closed"
