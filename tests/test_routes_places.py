"""Places over HTTP: named once, compared, never shown, never logged; replaced or deleted at any time."""

import logging
from pathlib import Path

import pytest

from chat.ids import PersonId
from matcher.places import AVOIDED_MOST, HOMES_MOST
from matcher.tables import places as table
from tests import logs
from tests.pages import Browser, Pages, site
from tests.words import CANARY, words

Form = dict[str, str | list[str]]


def form(**more: str) -> Form:
    return {"text": "", "reads": "en", "language": "en", "places": "yes", **more}


def named(*names: str) -> str:
    return "\n".join(names)


async def kept(pages: Pages, person: PersonId) -> tuple[int, int]:
    rows = await pages.place.rows(table, table.c.person == person)
    return sum(not row.avoid for row in rows), sum(bool(row.avoid) for row in rows)


async def test_no_name_of_a_place_comes_back_in_any_answer_or_log(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person("peer")) as browser:
        home, away = words("on the river"), words("by the sea")
        await browser.get("/profile")
        answers = [await browser.post("/profile", form(homes=home, avoided=away, role="self"))]
        assert answers[0].headers["location"] == "/profile?done=saved#seen"
        for path in ("/profile", "/profile?done=saved", "/ask", "/me", "/desk", "/desk/offers", "/rooms", "/waiting"):
            answers.append(await browser.get(path))
        answers.append(await browser.post("/ask", form(avoided=away, role="self")))
        answers += [await browser.get(path) for path in ("/waiting", "/ask?anew=yes", "/profile")]
        for answer in answers:
            told = f"{answer.text}{answer.headers}{answer.request.url}{browser.cookies}".lower()
            for name in (home, away):
                assert name not in told, answer.request.url
        raw = repr(await pages.place.rows(table)).lower()
        assert CANARY not in raw
    assert CANARY not in caplog.text.lower()
    assert not [line for line in logs.leaks(tmp_path) if "log" in line.rpartition("/")[2]]


async def test_the_page_tells_how_many_are_kept_and_lets_them_be_replaced_or_deleted(
    database_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, database_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            await save(browser, homes=named(words(), words()), avoided=named(*(words() for _ in range(3))), small="yes")
            assert await kept(pages, person) == (2, 3)
            page = (await browser.get("/profile")).text
            assert "2 places are kept. Leave the field empty to keep them." in page
            assert "3 places are kept." in page
            assert 'name="small" value="yes" data-undrafted checked' in page
            await save(browser, wished="yes")  # nothing named: what is kept stays, and what is said of it changes
            assert await kept(pages, person) == (2, 3)
            assert {(row.small, row.wished) for row in await pages.place.rows(table, ~table.c.avoid)} == {(False, True)}
            await save(browser, homes=words())
            assert await kept(pages, person) == (1, 3)
            assert "1 place is kept. Leave the field empty to keep it." in (await browser.get("/profile")).text
            await save(browser, avoided_gone="yes")
            assert await kept(pages, person) == (1, 0)
            await browser.post("/profile", {"text": "", "reads": "en", "language": "en"})  # a form that does not ask
            assert await kept(pages, person) == (1, 0)
            await save(browser, homes_gone="yes")
            assert await kept(pages, person) == (0, 0)


async def test_places_on_one_line_are_as_many_as_there_are_names(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            await save(browser, homes=f"{words()}, {words()}", avoided=f"{words()};{words()},, {words()}\n{words()}")
            assert await kept(pages, person) == (2, 4)


async def test_what_is_said_of_a_place_that_is_not_there_is_not_said_to_be_saved(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            for path in ("/profile", "/ask"):
                await browser.get(path)
                answer = await browser.post(path, form(text=words(), small="yes"))
                assert answer.status_code == 409
                assert "no place is kept or typed" in answer.text
            await save(browser, homes=words())
            await save(browser, wished="yes")
            await save(browser, wished="yes", homes_gone="yes")  # what is said of a place goes with it
            assert await kept(pages, person) == (0, 0)


async def save(browser: Browser, **fields: str) -> None:
    await browser.get("/profile")
    assert (await browser.post("/profile", form(**fields))).status_code == 303


@pytest.mark.parametrize("path", ["/profile", "/ask"])
@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("homes", [str(n) for n in range(HOMES_MOST + 1)]), ("avoided", [str(n) for n in range(AVOIDED_MOST + 1)]),
        ("avoided", ["…"]), ("homes", ["a" * 81]),
    ],
)  # fmt: skip
async def test_what_was_typed_and_refused_is_lost_nowhere_and_kept_nowhere(
    sqlite_url: str, tmp_path: Path, path: str, field: str, names: list[str]
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            await save(browser, homes=words(), avoided=words())
            await browser.get(path)
            text, typed = words(), named(*names)
            answer = await browser.post(path, form(**{field: typed, "text": text}) | {"role": "self"})
            assert answer.status_code == 409
            assert "A place could not be read, or there were too many" in answer.text
            assert f">{text}</textarea>" in answer.text
            assert answer.text.count(f">{typed}</textarea>") == 1
            assert await kept(pages, person) == (1, 1)
            assert f">{typed}</textarea>" not in (await browser.get(path)).text


async def test_twenty_are_kept_and_one_written_in_two_ways_is_one(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            many = [words() for _ in range(AVOIDED_MOST)]
            await save(browser, avoided=named(*many, many[0].upper(), "", f"  {many[1]} "))
            assert await kept(pages, person) == (0, AVOIDED_MOST)
