"""The organiser's page of own signals over HTTP, and what the console says of what they found."""

import html
import re
from pathlib import Path

from chat import cases
from chat.staff_commands import Claim
from chat.tables import cases as cases_table
from matcher.own_signals import NAME_MOST
from matcher.tables import own_signals as table
from matcher.watching import Watching
from tests.pages import Browser, Pages, site
from tests.words import words

SIGNAL = {
    "name": "Pills & <b>many</b>",
    "kind": "words",
    "text": "sleeping pills\r\n\r\nunilääkkeitä",
    "level": "minors",
}


async def organiser(pages: Pages) -> Browser:
    return await pages.browser_of(await pages.place.person("organiser"))


async def add(browser: Browser) -> str:
    """Add a signal as a form does, and return its code."""
    await browser.get("/organiser/signals")
    answer = await browser.post("/organiser/signals", dict(SIGNAL))
    assert answer.status_code == 303
    [code] = re.findall(r"#signal-(own_\w+)", answer.headers["location"])
    return str(code)


async def change(browser: Browser, code: str, **fields: str) -> int:
    await browser.get("/organiser/signals")
    return (await browser.post(f"/organiser/signals/{code}", {**SIGNAL, "state": "off", **fields})).status_code


async def test_what_is_switched_on_stands_in_the_console_under_its_name(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages, await organiser(pages) as boss:
        place = pages.place
        code = await add(boss)
        assert await change(boss, code, state="on") == 303
        person, moderator = await place.person(), await place.person("moderator")
        await place.say(await place.room(person), person, words("Unilääkkeitä!"))
        while await Watching(place.store, place.keys).beat():
            pass
        [case] = await place.rows(cases_table)
        async with await pages.browser_of(moderator) as browser:
            [told] = (await browser.get("/console/cases")).json()
            assert (told["code"], told["found"], told["level"]) == (code, SIGNAL["name"], "minors")
            await cases.claim(place.store, place.keys, moderator, Claim(case=case.id))
            assert (await browser.get(f"/console/cases/{case.id}")).json()["found"] == SIGNAL["name"]


async def test_the_list_shows_what_is_kept_and_a_trial_shows_numbers_and_no_words(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        code = await add(boss)
        said = words("sleeping pills")
        for _ in range(30):
            person = await pages.place.person()
            await pages.place.say(await pages.place.room(person), person, said)
        page = (await boss.get(f"/organiser/signals?saved={code}")).text
        assert html.escape(SIGNAL["name"]) in page and SIGNAL["name"] not in page
        assert "sleeping pills\nunilääkkeitä</textarea>" in page
        assert "Saved." in page and "Last changed" in page
        tried = await boss.post(f"/organiser/signals/{code}/try", {})
        assert tried.status_code == 200
        assert re.search(r"found about \d+ times, in (\d+|few) rooms, with about \d+ people", tried.text)
        assert said not in tried.text
        assert await change(boss, code, text="unheard of") == 303
        await boss.get("/organiser/signals")
        assert "few people, or with nobody" in (await boss.post(f"/organiser/signals/{code}/try", {})).text
        assert (await boss.post("/organiser/signals/own_nothing/try", {})).status_code == 404


async def test_a_form_that_is_wrong_is_shown_again_as_it_was_typed(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        code = await add(boss)
        before = await pages.place.rows(table)
        wrongs = (
            {"name": ""}, {"name": "a" * (NAME_MOST + 1)}, {"kind": "pattern", "text": "(<i>"}, {"text": "a\0b"},
            {"level": "grave"}, {"kind": "hunch"},
        )  # fmt: skip
        for wrong in wrongs:
            for id, path in (("new", "/organiser/signals"), (f"signal-{code}", f"/organiser/signals/{code}")):
                await boss.get("/organiser/signals")
                answer = await boss.post(path, {**SIGNAL, "state": "on", **wrong})
                assert answer.status_code == 409
                assert f'value="{html.escape((SIGNAL | wrong)["name"])}"' in answer.text
                [focused] = re.findall(r'id="([\w-]+)"[^>]* autofocus', answer.text)
                assert focused == f"{id}-name"
        assert await change(boss, code, state="maybe") == 409
        assert await change(boss, "own_nothing") == 404
        assert await pages.place.rows(table) == before
