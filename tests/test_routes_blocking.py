"""Blocking over HTTP: not matched again, and the other sees what they would see of somebody who has left."""

import re
from pathlib import Path

from chat import rooms
from chat.ids import PersonId, RoomId
from chat.tables import blocks
from tests.pages import Browser, Pages, site
from tests.place import Place
from tests.words import words

NUMBERS = re.compile(r"\b\d{4,}\b|[A-Za-z0-9_=-]{80,}|\d\d:\d\d")
"""Ids, times and form tokens, which differ from one chat to the next."""


async def left(place: Place, room: RoomId, person: PersonId) -> None:
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, person)


async def block(browser: Browser, room: RoomId, person: PersonId | None = None) -> int:
    await browser.get("/me")
    fields = {} if person is None else {"person": str(person)}
    return (await browser.post(f"/rooms/{room}/block", fields)).status_code


async def seen(pages: Pages, room: RoomId, person: PersonId) -> list[object]:
    """All that somebody is shown of a chat, of their rooms and in their inbox, without ids and times."""
    found: list[object] = []
    async with await pages.browser_of(person) as browser:
        for path in (f"/rooms/{room}", f"/rooms/{room}/entries", "/rooms", "/me"):
            answer = await browser.get(path)
            found.append((answer.status_code, NUMBERS.sub("#", re.sub(r"Zilpzalp \w+", "Z", answer.text))))
    for entry in (*await pages.place.read(room), *await pages.place.inbox(person)):
        found.append((entry.kind, entry.seq, entry.code, bool(entry.author), bool(entry.target)))
    return found


async def test_the_other_sees_the_same_as_of_somebody_who_leaves(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place, shown = pages.place, []
        for blocks_them in (True, False):
            seeker, peer = await place.person(), await place.person("peer")
            room = await place.one_to_one(seeker, peer)
            async with await pages.browser_of(seeker) as browser:
                page = (await browser.get(f"/rooms/{room}")).text
                assert "They are not told: they see that you have left, and no more." in page
                assert f'<noscript><form method="post" action="/rooms/{room}/block"' in without_the_rest(page)
                if blocks_them:
                    answer = await browser.post(f"/rooms/{room}/block")
                    assert answer.headers["location"] == "/rooms?blocked=yes"
                    assert "You two are not matched again." in (await browser.get("/rooms?blocked=yes")).text
                else:
                    await left(place, room, seeker)
            shown.append(await seen(pages, room, peer))
        assert shown[0] == shown[1]


def without_the_rest(page: str) -> str:
    """The page's parts for who has no script, with nothing between their first tag and the form."""
    return re.sub(r"<noscript>(?:(?!</noscript>).)*?(?=<form)", "<noscript>", page, flags=re.DOTALL)


async def test_a_block_is_listed_without_a_name_and_can_be_taken_back(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        seeker, peer = await place.person(), await place.person("peer")
        room = await place.one_to_one(seeker, peer)
        await left(place, room, peer)
        async with await pages.browser_of(seeker) as browser, await pages.browser_of(peer) as other:
            name = re.search(r"Zilpzalp \w+", (await other.get("/me")).text)
            assert name is not None
            for _ in range(2):
                assert await block(browser, room) == 303  # also when the other has left first, and again
            page = (await browser.get("/me")).text
            assert "There is 1 person you are never matched with." in page
            assert name[0] not in page
            assert "There is 1 person" not in (await other.get("/me")).text
            assert (await browser.post(f"/me/blocks/{peer}/end")).headers["location"] == "/me#blocks"
            assert "There is 1 person" not in (await browser.get("/me")).text
            assert (await browser.post(f"/me/blocks/{peer}/end")).status_code == 303
            assert await place.rows(blocks) == []


async def test_in_a_group_room_one_stays_and_only_whom_one_met_can_be_blocked(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        one, other, gone, stranger = [await place.person() for _ in range(4)]
        room = await place.room(gone, shown=0)
        await left(place, room, gone)
        for person in (one, other):
            async with place.store.transaction() as tx:
                await rooms.join(tx, room, person)
        await place.say(room, other, words())
        before = await place.read(room)
        async with await pages.browser_of(one) as browser:
            assert "You both stay in this room" in (await browser.get(f"/rooms/{room}")).text
            for nobody in (None, stranger, gone, one, PersonId(7)):
                assert await block(browser, room, nobody) == 404, nobody
            assert await place.rows(blocks) == []
            assert await block(browser, room, other) == 303
        assert [(row.person, row.blocked) for row in await place.rows(blocks)] == [(one, other)]
        assert await place.read(room) == before
