"""Coming in: sign-up and its limits, recovery codes, links that work once, sessions, and erasing."""

import asyncio
import re
from pathlib import Path

import httpx2
import sqlalchemy as sa

from chat import passphrases, people, sign_ups
from chat.tables import sign_ups as counts
from tests.pages import Browser, site
from tests.place import nickname
from tests.words import words

CODE = re.compile(r'id="code"[^>]*>([0-9A-Z-]+)<')
ADDRESS = "192.0.2.1"
FIELD = re.compile(r'<input type="hidden" name="(code|why)" value="([^"]*)">')


async def sign_up(browser: Browser, **fields: str) -> httpx2.Response:
    await browser.get("/sign-up")
    return await browser.post("/sign-up", {"nickname": nickname(), "consent": "yes", **fields})


async def keep_code(browser: Browser) -> httpx2.Response:
    """Press the button under the code that is shown."""
    return await browser.post("/me/code/kept", dict(FIELD.findall(browser.page)))


async def sign_in(browser: Browser, **fields: str) -> httpx2.Response:
    await browser.get("/sign-in")
    return await browser.post("/sign-in", fields)


async def test_a_newcomer_signs_up_and_comes_back_with_the_code_once(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as here, pages.browser() as there:
        name = nickname()
        answer = await sign_up(here, nickname=name)
        assert answer.status_code == 200
        assert name in answer.text
        [code] = CODE.findall(answer.text)
        assert (await keep_code(here)).headers["location"] == "/rooms"
        assert (await here.get("/rooms")).status_code == 200
        answer = await sign_in(there, way="code", code=code.lower().replace("-", " "))
        [fresh] = CODE.findall(answer.text)
        assert fresh != code
        assert (await keep_code(there)).headers["location"] == "/rooms"
        assert name in (await there.get("/me")).text
        async with pages.browser() as again:
            assert (await sign_in(again, way="code", code=code)).status_code == 409
            assert (await again.get("/me")).headers["location"] == "/sign-in"


async def test_signing_up_needs_consent_and_a_name_that_is_free(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url, sign_ups_per_day=1) as pages, pages.browser() as browser:
        async with pages.place.store.reading() as tx:
            taken = (await people.find(tx, await pages.place.person())).nickname
        for fields in ({"consent": ""}, {"nickname": taken}, {"nickname": taken.upper()}, {"nickname": "Moderator"},
                       {"nickname": "\u200b"}, {"nickname": ""}):  # fmt: skip
            answer = await sign_up(browser, **fields)
            assert answer.status_code == 409, fields
            assert 'role="alert"' in answer.text
        assert (await sign_up(browser)).status_code == 200  # what failed has taken no place


async def test_as_many_as_may_sign_up_from_one_address_and_not_one_more(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url, sign_ups_per_day=3) as pages:
        browsers = [pages.browser() for _ in range(6)]
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(sign_up(one) for one in browsers))
        assert sorted(one.status_code for one in answers) == [200, 200, 200, 409, 409, 409]
        for one in browsers:
            await one.__aexit__(None, None, None)


async def test_one_address_asks_for_so_many_names_a_day_and_no_more(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages, pages.browser() as browser:
        async with pages.place.store.reading() as tx:
            taken = (await people.find(tx, await pages.place.person())).nickname
        answer = await sign_up(browser, nickname=taken)
        assert "Somebody has this name" in answer.text
        async with pages.place.store.transaction() as tx:
            [row] = await tx.execute(sa.select(counts).where(counts.c.count == 1))
            last = sa.update(counts).where(counts.c.address == row.address)
            await tx.execute(last.values(count=sign_ups.NAMES - 1))
        assert "Somebody has this name" in (await sign_up(browser, nickname=taken)).text
        for name in (taken, nickname()):
            answer = await sign_up(browser, nickname=name)
            assert answer.status_code == 409
            assert "Somebody has this name" not in answer.text and "tomorrow" in answer.text
        async with await pages.browser_of(await pages.place.person("moderator")) as staff:
            for page, path, status in (("/me", "/me/nickname", 429), ("/start", "/start", 409)):
                await staff.get(page)
                answer = await staff.post(path, {"nickname": taken, "passphrase": words("a passphrase")})
                assert answer.status_code == status
                assert "Somebody has this name" not in answer.text and 'role="alert"' in answer.text


async def test_where_sign_up_is_closed_nobody_is_made(sqlite_url: str, tmp_path: Path) -> None:
    for mode in ("closed", "invitation"):
        async with site(tmp_path / mode, sqlite_url, sign_up=mode) as pages, pages.browser() as browser:
            assert "/sign-up" not in (await browser.get("/")).text
            answer = await sign_up(browser)
            assert answer.status_code == 409
            assert "Set-Cookie" not in answer.headers or "hearthside=" not in answer.headers["set-cookie"]


async def test_another_browser_is_signed_out_from_here(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as here, await pages.browser_of(person) as there:
            await here.get("/me")
            [end] = re.findall(r'action="(/me/sessions/\d+/end)"', here.page)
            assert (await there.get("/me")).status_code == 200
            assert (await here.post(end)).status_code == 303
            assert (await there.get("/me")).headers["location"] == "/sign-in"
            answer = await here.get("/me")
            await here.post("/sign-out")
            assert answer.status_code == 200
            assert (await here.get("/me")).headers["location"] == "/sign-in"


async def test_erasing_an_account_is_told_truthfully_asked_once_more_and_done(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            assert "After 72 hours" in (await browser.get("/me")).text
            assert (await browser.post("/me/erase")).status_code == 409
            answer = await browser.post("/me/erase", {"sure": "yes"})
            assert answer.status_code == 200
            assert (await browser.get("/me")).headers["location"] == "/sign-in"
            async with await pages.browser_of(await pages.place.person()) as other:
                assert (await other.get("/me")).status_code == 200


async def test_the_language_is_the_browsers_until_a_person_chooses(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        async with pages.browser(**{"accept-language": "sv;q=0.9, fi-FI;q=0.8, en;q=0.1"}) as browser:
            answer = await browser.get("/sign-in")
            assert answer.headers["content-language"] == "fi"
            assert '<html lang="fi" dir="ltr">' in answer.text
            answer = await browser.post("/language", {"language": "en", "back": "/sign-in"})
            assert answer.headers["location"] == "/sign-in"
            assert (await browser.get("/sign-in")).headers["content-language"] == "en"
            for back in ("//evil.example", "https://evil.example", "/\\evil", "/a b", ""):
                answer = await browser.post("/language", {"language": "en", "back": back})
                assert answer.headers["location"] == "/", back
        person = await pages.place.person()
        async with await pages.browser_of(person) as one, await pages.browser_of(person) as other:
            await one.get("/me")
            await one.post("/language", {"language": "fi", "back": "/me"})
            assert (await other.get("/me")).headers["content-language"] == "fi"


async def test_a_wrong_passphrase_is_limited_in_words_a_person_reads(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as browser:
        person = await pages.place.person("moderator")
        await passphrases.set_passphrase(pages.place.store, person, words("the right one"))
        async with pages.place.store.reading() as tx:
            name = (await people.find(tx, person)).nickname
        told = []
        for nobody in (name, "Nobody At All"):
            for _ in range(passphrases.TRIES):
                answer = await sign_in(browser, way="passphrase", nickname=nobody, passphrase="wrong")
                assert answer.status_code == 409
            answer = await sign_in(browser, way="passphrase", nickname=nobody, passphrase="wrong")
            assert answer.status_code == 429
            told.append(answer.content)
        assert told[0] == told[1]
        assert int(answer.headers["retry-after"]) > 0


async def test_staff_with_a_word_of_office_in_their_name_change_their_passphrase(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        name, text = "Moderator Zilpzalp", words("a passphrase")
        person = await people.make(pages.place.store, pages.place.keys, name, "en", roles=("moderator",))
        async with await pages.browser_of(person) as browser:
            await browser.get("/start")
            assert (await browser.post("/start", {"nickname": name, "passphrase": text})).status_code == 303
        assert await passphrases.check(pages.place.store, pages.place.keys, name, text, ADDRESS) == person


async def test_a_name_that_is_taken_leaves_the_passphrase_as_it_was(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person, other, text = await pages.place.person("moderator"), await pages.place.person(), words("a passphrase")
        await passphrases.set_passphrase(pages.place.store, person, text)
        async with pages.place.store.reading() as tx:
            mine, taken = (await people.find(tx, person)).nickname, (await people.find(tx, other)).nickname
        async with await pages.browser_of(person) as browser:
            await browser.get("/start")
            answer = await browser.post("/start", {"nickname": taken, "passphrase": words("another passphrase")})
            assert answer.status_code == 409
        assert await passphrases.check(pages.place.store, pages.place.keys, mine, text, ADDRESS) == person


async def test_after_a_refusal_on_the_account_page_the_language_form_leads_back_to_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/me")
        answer = await browser.post("/me/nickname", {"nickname": "\u200b"})
        assert answer.status_code == 409
        assert '<input type="hidden" name="back" value="/me">' in answer.text
