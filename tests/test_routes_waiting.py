"""Waiting for one person over HTTP: how it is told, what one may do meanwhile, and what nobody can learn by it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat.ids import PersonId
from chat.tables import mutes
from matcher import blocks, offers
from matcher.facets import Name
from matcher.requests import HOUR_MS
from matcher.tables import letters, request_facets
from matcher.tables import requests as table
from matcher.waiting import ANYBODY, NEAR, SAME
from tests.circle import Circle, WordCounts
from tests.pages import TOKEN, Browser, Pages, site
from tests.test_routes_asking import draft
from tests.words import words

LONG_AGO = 1_000_000_000_000
FAR = 9_000_000_000_000
DEMENTIA: tuple[Name, str] = ("topic", "dementia")


def circle_of(pages: Pages) -> Circle:
    return Circle(pages.place, WordCounts())


async def change(pages: Pages, **values: object) -> None:
    async with pages.place.store.transaction() as tx:
        await tx.execute(sa.update(table).values(**values))


async def says(browser: Browser, told: str, piece: str = "now") -> None:
    """The page and what its script asks for say the same."""
    page = (await browser.get("/waiting")).text
    fresh = (await browser.get("/waiting", accept="application/json")).json()
    assert told in fresh[piece]
    for name in ("now", "waited", "kept", "circle"):
        assert f">{fresh[name]}<" in page


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"next_at": 0}, "We are about to look"),
        ({"made_at": LONG_AGO}, "Nobody has looked at your request for a while"),
        ({"scarce": True, "next_at": FAR}, "Few people here have lived through something like it"),
        ({"scarce": False, "next_at": FAR}, "There are peers with a similar experience."),
        ({"scarce": True, "next_at": FAR, "breadth": ANYBODY}, "Few peers here fit what you asked for"),
        ({"scarce": False, "next_at": FAR, "breadth": ANYBODY}, "There are trained peers who fit."),
        ({"scarce": True, "question": "status", "next_at": FAR}, "Few people here have lived through something like"),
        ({"state": "leased", "lease": "x", "lease_until": FAR, "made_at": LONG_AGO}, "We are about to look"),
        ({"state": "leased", "lease": "x", "lease_until": LONG_AGO}, "Nobody has looked at your request for a while"),
    ],
)
async def test_the_wait_is_told_as_it_is(row: dict[str, object], told: str, sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        seeker = await pages.place.person()
        await circle_of(pages).ask(seeker)
        await change(pages, **row)
        async with await pages.browser_of(seeker) as browser:
            await says(browser, told)


async def test_how_long_it_may_take_is_told_from_how_long_it_took(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        circle, seeker = circle_of(pages), await pages.place.person()
        for _ in range(6):
            await circle.ask(await circle.seeker())
        made_at = (await pages.place.rows(table))[0].made_at
        assert isinstance(made_at, int)
        ended = {"made_at": made_at - 24 * HOUR_MS, "ended_at": made_at - 24 * HOUR_MS + 7 * 60_000}
        await change(pages, state="accepted", **ended)
        await circle.ask(seeker)
        async with await pages.browser_of(seeker) as browser:
            await says(
                browser,
                "You have waited: less than a minute. At this hour most people waited 5 to 10 minutes.",
                "waited",
            )


@pytest.mark.parametrize(
    ("opens", "closes", "told", "piece"),
    [
        (-60, 20, "Peers are asked until", "hours"),
        (60, 120, "Peers are not here just now. Your place is kept, and the search goes on from", "now"),
    ],
)
async def test_closing_is_told_before_and_opening_after(
    opens: int, closes: int, told: str, piece: str, sqlite_url: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    hours = "-".join(f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in (opens, closes))
    async with site(tmp_path, sqlite_url, hours=hours) as pages:
        seeker = await pages.place.person()
        await circle_of(pages).ask(seeker)
        await change(pages, made_at=LONG_AGO)
        async with await pages.browser_of(seeker) as browser:
            await says(browser, told, piece)
            fresh = (await browser.get("/waiting", accept="application/json")).json()
            assert ("UTC" in fresh[piece]) and (piece == "hours" or "hours" not in fresh)


async def test_hours_far_from_their_end_are_not_told(sqlite_url: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    hours = f"{now - timedelta(minutes=60):%H:%M}-{now + timedelta(minutes=40):%H:%M}"
    async with site(tmp_path, sqlite_url, hours=hours) as pages:
        seeker = await pages.place.person()
        await circle_of(pages).ask(seeker)
        async with await pages.browser_of(seeker) as browser:
            await says(browser, "We are about to look")
            assert "Peers are asked until" not in browser.page


async def test_busy_blocked_and_absent_look_alike_byte_by_byte(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        circle, seekers = circle_of(pages), [await pages.place.person() for _ in range(3)]
        busy = await circle.peer(words("the nights"), ("topic", "dementia"))
        blocker = await circle.peer(words("the nights"), ("topic", "gambling"))
        free = await circle.peer(words("the nights"), ("topic", "burnout"))
        await pages.place.one_to_one(await pages.place.person(), busy)
        async with pages.place.store.transaction() as tx:
            await blocks.block(tx, blocker, seekers[1])
        for seeker, topic in zip(seekers, ("dementia", "gambling", "cancer"), strict=True):
            await circle.ask(seeker, words("the nights"), ("topic", topic))
        asks = await pages.place.person()
        await circle.ask(asks, words("the nights"), ("topic", "burnout"))
        await circle.matching().beat()
        assert [len(await circle.standing(peer)) for peer in (busy, blocker, free)] == [0, 0, 1]
        await change(pages, made_at=LONG_AGO, kept_until=FAR)
        bodies = {await looks(pages, seeker) for seeker in (*seekers, asks)}
        assert len(bodies) == 1
        assert "Few people here have lived through something like it" in bodies.pop()[0]


async def looks(pages: Pages, person: PersonId) -> tuple[str, bytes]:
    """Return the page without its form tokens, which are new each time, and what the script is told."""
    async with await pages.browser_of(person) as browser:
        page = TOKEN.sub("", (await browser.get("/waiting")).text)
        return page, (await browser.get("/waiting", accept="application/json")).content


async def test_the_circle_is_drawn_wider_and_closer_by_one_tap_each(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        circle, seeker = circle_of(pages), await pages.place.person()
        await circle.peer(words("the nights"), ("topic", "caring"))
        async with await pages.browser_of(seeker) as browser:
            await circle.ask(seeker, words("the nights"), DEMENTIA)
            await circle.matching().beat()
            for breadth, told in (
                (NEAR, "or one near it"),
                (ANYBODY, "anybody trained"),
                (SAME, "the same experience."),
            ):
                await browser.get("/waiting")
                sent = await browser.post("/waiting/widen", {"breadth": str(breadth)})
                assert (sent.status_code, sent.headers["location"]) == (303, "/waiting#circle")
                await says(browser, told, "circle")
                assert re.findall(r'value="(\d)" aria-pressed="true"', browser.page) == [str(breadth)]
            for wrong in ("", "3", "-1", "x", "²"):
                await browser.get("/waiting")
                assert (await browser.post("/waiting/widen", {"breadth": wrong})).status_code == 400
            await says(browser, "the same experience.", "circle")


async def test_a_place_is_kept_for_three_days_on_request(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        seeker = await pages.place.person()
        await circle_of(pages).ask(seeker)
        async with await pages.browser_of(seeker) as browser:
            await browser.get("/waiting")
            assert "Keep my place for three days" in browser.page
            await browser.post("/waiting/keep")
            await browser.get("/waiting")
            assert "Keep my place for three days" not in browser.page
        row = (await pages.place.rows(table))[0]
        assert row.kept_until - row.made_at == 72 * HOUR_MS  # type: ignore[operator]


async def test_a_question_is_answered_by_one_tap_or_left_open(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        circle, seeker = circle_of(pages), await pages.place.person()
        text = "I drank"
        await circle.ask(seeker, text, DEMENTIA)
        async with await pages.browser_of(seeker) as browser:
            await change(pages, question="status", scarce=False)
            page = (await browser.get("/waiting")).text
            assert "Where are you with it now?" in page
            assert re.findall(r'name="value" value="(\w*)"', page) == [
                "in_crisis", "struggling", "in_recovery", "long_recovered", "", "",  # left open, and the template
            ]  # fmt: skip
            fresh = (await browser.get("/waiting", accept="application/json")).json()
            assert fresh["question"]["choices"][1] == ["struggling", "It is hard"]
            for wrong in ({"name": "status", "value": "x"}, {"name": "x", "value": "x"}):
                await browser.get("/waiting")
                assert (await browser.post("/waiting/answer", wrong)).status_code == 400
            await browser.get("/waiting")
            await browser.post("/waiting/answer", {"name": "side", "value": "harmed"})  # is not asked
            assert circle.tokens.facet("side", "harmed") not in await held(pages)
            await browser.get("/waiting")
            sent = await browser.post("/waiting/answer", {"name": "status", "value": "struggling"})
            assert (sent.status_code, sent.headers["location"]) == (303, "/waiting")
            assert {circle.tokens.facet("status", "struggling"), circle.tokens.facet(*DEMENTIA)} <= await held(pages)
            assert (await pages.place.rows(table))[0].question is None

            await change(pages, question="status")
            page = (await browser.get("/waiting")).text
            assert "You chose: It is hard. Your words could also mean something else. Which fits?" in page
            assert text not in page, "words are not quoted at anybody"
            await browser.post("/waiting/answer", {"name": "status", "value": "in_crisis"})
            assert circle.tokens.facet("status", "struggling") not in await held(pages)
            assert circle.tokens.facet("status", "in_crisis") in await held(pages)

            await change(pages, question="role")
            await browser.get("/waiting")
            await browser.post("/waiting/answer", {"name": "role", "value": ""})
            assert 'data-name="" hidden' in (await browser.get("/waiting")).text
            assert circle.tokens.facet("role", "") in await held(pages)
            assert text in (await browser.get("/ask?anew=yes")).text, "the words are as they were"


async def held(pages: Pages) -> set[bytes]:
    return {bytes(row.token) for row in await pages.place.rows(request_facets)}  # type: ignore[call-overload]


async def test_a_letter_waits_is_changed_taken_back_and_read_first(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        circle, peer = circle_of(pages), await circle_of(pages).peer(words("the nights"), DEMENTIA)
        seeker, first, second = await pages.place.person(), words("first"), words("second")
        async with await pages.browser_of(seeker) as browser:
            assert (await browser.get("/waiting/letter")).headers["location"] == "/waiting", "nobody is asked for"
            await circle.ask(seeker, words("the nights"), DEMENTIA)
            await browser.get("/waiting/letter")
            states = [draft(browser.page)]
            assert (await browser.post("/waiting/letter", {"text": first})).headers["location"] == "/waiting#meanwhile"
            assert "Your letter waits for whoever says yes." in (await browser.get("/waiting")).text
            assert first in (await browser.get("/waiting/letter")).text
            states.append(draft(browser.page))
            refused = await browser.post("/waiting/letter", {"text": "a\0b", "draft": states[1].partition(" ")[2]})
            assert draft(refused.text) == states[1] != states[0], "what is kept ends a draft, what is refused does not"
            await browser.post("/waiting/letter", {"text": ""})
            assert "Your letter waits" not in (await browser.get("/waiting")).text
            await browser.get("/waiting/letter")
            await browser.post("/waiting/letter", {"text": second})
            await browser.get("/waiting/letter")
            for bad, told in (
                ("\u202e", "There was nothing to read in that"),
                ("x" * 4001, "That is longer than we can"),
            ):
                answer = await browser.post("/waiting/letter", {"text": bad})
                assert answer.status_code == 409 and bad in answer.text, "nobody writes such words twice"
                assert told in answer.text and 'aria-invalid="true"' in answer.text
                assert "Take the letter back" in answer.text, "the one before waits still"
            assert second not in str(await pages.place.rows(letters))

            await circle.matching().beat()
            (offer,) = await circle.standing(peer)
            async with pages.place.store.transaction() as tx:
                room = await offers.accept(tx, peer, offer)
            assert [one.text for one in await pages.place.read(room)] == ["", second]
            answer = await browser.post("/waiting/letter", {"text": first})
            assert answer.status_code == 409 and first in answer.text
            assert "Somebody has said yes meanwhile" in answer.text
            assert f'href="/rooms/{room}"' in (await browser.get("/waiting")).text


async def test_what_a_muted_person_writes_in_a_letter_is_shown_again(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        seeker, text = await pages.place.person(), words()
        await circle_of(pages).ask(seeker)
        async with await pages.browser_of(seeker) as browser:
            await browser.get("/waiting/letter")
            row = {"id": 5, "person": seeker, "until": FAR}
            async with pages.place.store.transaction() as tx:
                await tx.execute(mutes.insert().values(row))
            answer = await browser.post("/waiting/letter", {"text": text})
            assert answer.status_code == 409 and text in answer.text
            assert await pages.place.rows(letters) == []


async def test_without_a_request_nothing_can_be_done_about_it(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        asked = {"name": "side", "value": "harmed"}
        for path, fields in (("widen", {"breadth": "1"}), ("keep", {}), ("answer", asked), ("withdraw", {})):
            await browser.get("/me")
            assert (await browser.post(f"/waiting/{path}", fields)).status_code == 303, path
        assert (await browser.get("/waiting")).headers["location"] == "/ask"
        assert (await browser.get("/waiting", accept="application/json")).json() == {"state": "none"}
        assert await pages.place.rows(table) == []
