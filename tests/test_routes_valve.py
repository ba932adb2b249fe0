"""What came by itself, over HTTP: as whom it is about is told, as a moderator finds it, and as the audit has it."""

from pathlib import Path

from chat import appeals, cases
from chat.ids import ActId
from chat.protocol import Report
from chat.refusals import Muted
from chat.tables import acts
from chat.valve import PAUSE_FLAGS
from tests.pages import site
from tests.test_moderation_acts import refusal_of, undo
from tests.test_valve import aged
from tests.words import words

RULE = "While no moderator is here"
NOBODY = "y the rule while nobody was on duty"


async def test_what_came_by_itself_is_told_as_that_to_everybody_it_concerns(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, supervisor = await place.person("moderator"), await place.person("supervisor")
        [author, *reporters] = await aged(place, 1 + PAUSE_FLAGS)
        room = await place.room(author, *reporters)
        said = await place.say(room, author, words())
        for one in reporters:
            case = await cases.report(place.store, place.keys, one, Report(room=room, seq=said, reason=words()))
        hidden, muted = sorted(await place.rows(acts), key=lambda row: row.made_at)
        async with await pages.browser_of(author) as browser:
            page = (await browser.get("/me")).text
            assert page.count(RULE) == 2 and page.count("No moderator has judged it so far") == 2
            page = (await browser.get(f"/rooms/{room}")).text
            assert "You are muted here until" in page and RULE in page
        assert await refusal_of(place, room, author) == Muted.code
        appeal = await appeals.appeal(place.store, place.keys, author, ActId(muted.id), "")
        async with await pages.browser_of(moderator) as browser:
            cards = (await browser.get("/console/cases")).json()
            marked = sorted((one["kind"], one["done"]) for one in cards)
            assert marked == [("appeal", False), *[("report", True)] * PAUSE_FLAGS]
            opened = (await browser.get(f"/console/cases/{case}")).json()
            assert [(one["act"], one["kind"]) for one in opened["by_valve"]] == [
                (hidden.id, "removed"), (muted.id, "muted"),
            ]  # fmt: skip
            against = (await browser.get(f"/console/cases/{appeal}")).json()["appeal"]
            assert against["rule"].startswith(RULE) and against["made_name"] == "the rule while nobody was on duty"
            assert against["reason"].startswith("None: nobody has judged it")
            await undo(place, moderator, ActId(hidden.id))
            opened = (await browser.get(f"/console/cases/{case}")).json()
            assert [one["act"] for one in opened["by_valve"]] == [muted.id]
        async with await pages.browser_of(supervisor) as browser:
            assert (await browser.get("/audit")).text.count(NOBODY) == 2
