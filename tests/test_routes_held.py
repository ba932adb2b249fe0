"""What waits for a moderator, as pages show it: to its author, to who judges it, and to nobody else."""

from datetime import UTC, datetime
from pathlib import Path

from chat import moderation
from chat.ids import CaseId
from chat.staff_commands import Hold, Mute
from chat.tables import cases
from tests.pages import site
from tests.place import WHY
from tests.test_held import ONE, TWO, claim, close, decline, hold, hours_around, speaking, waiting, waits_in

JSON = {"accept": "application/json"}


async def test_its_author_reads_what_waits_also_after_a_reload_and_another_member_does_not(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, author, other = await place.person("moderator"), await place.person(), await place.person()
        room = await place.room(author, other)
        await hold(place, moderator, room)
        async with speaking(place) as here:
            await here.say(room, author, ONE)
        for person, reads in ((author, True), (other, False)):
            async with await pages.browser_of(person) as browser:
                page = (await browser.get(f"/rooms/{room}")).text
                assert (ONE in page, "data-holds" in page) == (reads, True)
                assert [one["text"] for one in (await browser.get(f"/rooms/{room}/held")).json()] == [ONE] * reads
                told = (await browser.get(f"/rooms/{room}", **JSON)).json()
                assert (told["holds"], told["turns_s"], told["code"]) == (True, 0, "")
        async with await pages.browser_of(moderator) as browser:
            assert (await browser.get(f"/rooms/{room}/held")).status_code == 404


async def test_who_is_muted_is_not_told_how_it_would_be_if_they_wrote(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, person = await place.person("moderator"), await place.person()
        room = await place.room(person)
        await hold(place, moderator, room)
        await moderation.act(place.store, place.keys, moderator, Mute(person=person, minutes=5, **WHY))
        async with await pages.browser_of(person) as browser:
            page = (await browser.get(f"/rooms/{room}")).text
        assert "You are muted here" in page and "data-holding hidden" in page and "data-holds" not in page


async def test_a_page_knows_when_a_night_begins_and_ends(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, now = pages.place, datetime.now(UTC)
        moderator, person = await place.person("moderator"), await place.person()
        for inside in (True, False):
            room, hours = await place.room(person), hours_around(now, inside=inside)
            await moderation.act(place.store, place.keys, moderator, Hold(room=room, hours=hours, **WHY))
            async with await pages.browser_of(person) as browser:
                told = (await browser.get(f"/rooms/{room}", **JSON)).json()
            assert told["holds"] == inside and 0 < told["turns_s"] <= 2 * 3600


async def test_who_may_not_judge_an_author_does_not_read_them_in_the_case(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, other = await place.person("moderator"), await place.person("moderator")
        a, b = await place.person(), await place.person()
        room = await place.room(a, b)
        await place.one_to_one(a, moderator)
        await hold(place, other, room)
        async with speaking(place) as here:
            await here.say(room, a, ONE)
            await here.say(room, b, TWO)
        [case] = await place.rows(cases)
        for person, reads in ((moderator, [TWO]), (other, [ONE, TWO])):
            async with await pages.browser_of(person) as browser:
                told = (await browser.get(f"/console/cases/{case.id}")).json()
                assert [one["text"] for one in told["held"]] == reads and told["holds"] == "always"


async def test_a_closed_case_does_not_show_what_waits_now(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place = pages.place
        moderator, author = await place.person("moderator"), await place.person()
        room, [one] = await waits_in(place, author, moderator)
        [before] = await place.rows(cases)
        await claim(place, moderator, CaseId(before.id))
        await decline(place, moderator, one)
        await close(place, moderator, CaseId(before.id))
        async with speaking(place) as here:
            await here.say(room, author, TWO)
        assert [one.text for one in await waiting(place, moderator, room)] == [TWO]
        async with await pages.browser_of(moderator) as browser:
            told = (await browser.get(f"/console/cases/{before.id}")).json()
            assert (told["state"], told["held"]) == ("closed", [])
