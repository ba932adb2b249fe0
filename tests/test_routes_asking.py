"""Asking for one person over HTTP: what is shown of what, and asking again."""

import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa

from chat.protocol import TEXT_CHARACTERS
from chat.tables import mutes
from matcher.coverage import MULTILINGUAL
from matcher.tables import places as places_table
from matcher.tables import profile_facets
from matcher.tables import profiles as profiles_table
from matcher.tables import requests as table
from tests.pages import TOKEN, Browser, Pages, site
from tests.raw import raw, request
from tests.words import words

Form = dict[str, str | list[str]]


def form(text: str, **more: str | list[str]) -> Form:
    return {"text": text, "reads": "en", "language": "en", **more}


async def test_what_keeps_a_pair_from_harm_is_never_said_to_be_for_oneself_only(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/profile")
        declared = form("", topic="work", role="self", side="harmed", status="struggling", kind="company")
        hidden = {f"seen-{name}": "hidden" for name in ("topic-work", "side-harmed", "status-struggling")}
        assert (await browser.post("/profile", declared | hidden | {"seen-role-self": "shown"})).status_code == 303
        page = (await browser.get("/profile")).text
        assert offered(page, "topic-work") == (["hidden", "matching", "shown"], "hidden")
        assert offered(page, "role-self") == (["matching", "shown"], "shown")
        for name in ("side-harmed", "status-struggling"):
            assert offered(page, name) == (["matching", "shown"], "matching")
        assert "so that you are not matched with someone who could hurt you" in page


def offered(page: str, name: str) -> tuple[list[str], str]:
    """Return who may see an item, as the page offers it, and what is chosen."""
    found = re.search(rf'<select id="seen-{name}".*?</select>', page, re.DOTALL)
    assert found is not None
    chosen = re.search(r'value="(\w+)" selected', found[0])
    assert chosen is not None
    return re.findall(r'<option value="(\w+)"', found[0]), chosen[1]


@pytest.mark.parametrize(
    ("model", "told"),
    [("", "Words are compared in: English."), (MULTILINGUAL, "Estonian, Finnish,"), ("some/other", None)],
)
async def test_the_form_says_in_which_languages_words_are_compared(
    model: str, told: str | None, sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, sqlite_url, model=model) as pages,
        await pages.browser_of(await pages.place.person()) as browser,
    ):
        for form in ("/ask", "/profile"):
            page = (await browser.get(form)).text
            assert told in page if told else "Words are compared" not in page


async def test_asking_asks_first_what_the_profile_does_not_say(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        assert asked_first((await browser.get("/ask")).text) == ["role", "side", "status"]
        await browser.post("/profile", form(words(), side="harmed"))
        page = (await browser.get("/ask")).text
        assert asked_first(page) == ["role", "status"]
        assert [page.count(f'name="{name}" value=""') for name in ("side", "status")] == [1, 1]  # each is asked once
        await browser.post("/profile", form(words(), side="harmed", role="self", status="in_recovery"))
        assert asked_first((await browser.get("/ask")).text) == []


def asked_first(page: str) -> list[str]:
    card = page.partition('aria-labelledby="first"')[2].partition("</section>")[0]
    names = re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)"', card)
    return list(dict.fromkeys(names))


async def test_new_words_are_not_dropped_while_a_request_stands(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        first, second, third = words("first"), words("second"), words("third")
        await browser.get("/ask")
        assert (await browser.post("/ask", form(first))).headers["location"] == "/waiting"
        await browser.get("/waiting")
        assert 'href="/ask?anew=yes"' in browser.page
        assert (await browser.post("/ask", form(first))).headers["location"] == "/waiting"  # a double click
        answer = await browser.post("/ask", form(second))
        assert answer.status_code == 409
        assert "What you wrote below has not been sent." in answer.text
        assert first in answer.text
        assert text_of(answer.text) == second
        kept = await pages.place.rows(table)
        assert len(kept) == 1
        page = (await browser.get("/ask?anew=yes")).text
        assert "Your request stands and keeps its place; below are its words." in page
        assert text_of(page) == first
        assert (await browser.post("/ask", form("", anew="yes"))).status_code == 409
        assert "You have asked already" in browser.page
        assert await pages.place.rows(table) == kept  # taken back only together with asking anew
        assert (await browser.post("/ask", form(third, anew="yes"))).headers["location"] == "/waiting"
        states = sorted(str(row.state) for row in await pages.place.rows(table))
        assert states == ["replaced", "waiting"]
        assert text_of((await browser.get("/ask?anew=yes")).text) == third


async def test_who_asks_anew_after_a_yes_is_told_of_it_and_asks_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/ask")
        await browser.post("/ask", form(words()))
        await browser.get("/ask?anew=yes")
        async with pages.place.store.transaction() as tx:
            await tx.execute(sa.update(table).values(state="accepted"))
        assert (await browser.post("/ask", form(words(), anew="yes"))).headers["location"] == "/waiting"
        assert len(await pages.place.rows(table)) == 1
        page = (await browser.get("/ask")).text
        assert "You have asked already" not in page
        assert (await browser.post("/ask", form(words()))).headers["location"] == "/waiting"
        assert len(await pages.place.rows(table)) == 2


def text_of(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return found[1]


async def test_asking_anew_too_often_keeps_the_request_that_stands(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        site(tmp_path, sqlite_url, requests_per_hour=1) as pages,
        await pages.browser_of(await pages.place.person()) as browser,
    ):
        await browser.get("/ask")
        await browser.post("/ask", form(words()))
        kept = await pages.place.rows(table)
        await browser.get("/ask?anew=yes")
        text = words()
        answer = await browser.post("/ask", form(text, anew="yes"))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert text_of(answer.text) == text
        assert await pages.place.rows(table) == kept


async def test_what_a_muted_person_wrote_of_themselves_is_shown_again(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        row = {"id": 5, "person": person, "until": FAR}
        async with pages.place.store.transaction() as tx:
            await tx.execute(mutes.insert().values(row))
        async with await pages.browser_of(person) as browser:
            for path in ("/ask", "/profile"):
                text = words()
                await browser.get(path)
                answer = await browser.post(path, form(text) | {"language": "fi"})
                assert answer.status_code == 409
                assert text_of(answer.text) == text
                assert 'value="fi" selected' in answer.text, "nor is the language of such words chosen twice"


FAR = 9_000_000_000_000


async def test_what_is_too_long_is_shown_again_whole_and_told_in_the_pages_language(
    sqlite_url: str, tmp_path: Path
) -> None:
    text = words("y" * TEXT_CHARACTERS)
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/profile")
        await browser.post("/language", {"language": "fi", "back": "/profile"})
        for path in ("/profile", "/ask"):
            await browser.get(path)
            answer = await browser.post(path, form(text))
            assert answer.status_code == 409
            assert text in answer.text and "maxlength" not in answer.text.partition('name="text"')[2].partition(">")[0]
            assert "Teksti on pidempi kuin voimme tallentaa." in answer.text


async def test_who_erases_their_account_in_another_tab_while_a_form_is_on_its_way_is_signed_out(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        for path, accept, status in (("/ask", "text/html", b"303"), ("/profile", "application/json", b"401")):
            async with await pages.browser_of(await pages.place.person()) as browser:
                told = await sent_while_erasing(pages, browser, path, accept)
            assert told.startswith(b"HTTP/1.1 " + status), (path, told.split(b"\r\n")[0])
            assert (b"\r\nlocation: /sign-in\r\n" in told) is (status == b"303")


async def sent_while_erasing(pages: Pages, browser: Browser, path: str, accept: str) -> bytes:
    """Send a form whose last part comes when its account is erased, and return the answer."""
    await browser.get(path)
    token, base = TOKEN.search(browser.page), urlsplit(pages.base)
    assert token is not None and base.port is not None
    body = urlencode(form(words()) | {"csrf": token[1]}).encode()
    headers = [
        ("Host", base.netloc), ("Origin", pages.base), ("Cookie", f"hearthside={browser.cookies['hearthside']}"),
        ("Accept", accept), ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body))),
        ("Expect", "100-continue"),
    ]  # fmt: skip
    async with raw(base.port) as sending:
        await sending.send(request(headers, f"POST {path} HTTP/1.1"))
        assert await sending.more() == b"HTTP/1.1 100 Continue\r\n\r\n", "it is known who asks; the form is waited for"
        await browser.get("/me")
        assert (await browser.post("/me/erase", {"sure": "yes"})).status_code == 200
        await sending.send(body)
        return await sending.more()


async def test_the_first_screen_asks_one_question_and_folds_the_rest(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        page = (await browser.get("/ask")).text
        open_part = page.partition('name="draft"')[2].partition("<details")[0]
        assert re.findall(r'<(?:textarea|select)[^>]* name="(\w+)"', open_part) == ["text"]
        names = re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)"', open_part)
        assert list(dict.fromkeys(names)) == ["role", "side", "status"]


async def test_own_age_and_gender_and_wishes_for_the_other_are_kept_as_they_were_ticked(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        await browser.get("/profile")
        ticked: Form = {"age": "30_44", "gender": "woman", "wish_age": ["30_44", "45_64"], "wish_gender": "woman"}
        seen = {"seen-age-30_44": "hidden", "seen-gender-woman": "hidden"}
        assert (await browser.post("/profile", form(words()) | ticked | seen)).status_code == 303
        page = (await browser.get("/profile")).text
        checked = set(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
        wanted = {
            (name, one) for name, values in ticked.items() for one in ([values] if isinstance(values, str) else values)
        }
        assert wanted <= checked
        assert offered(page, "age-30_44") == (["matching", "shown"], "matching"), "it keeps minors apart"
        assert offered(page, "gender-woman") == (["hidden", "matching", "shown"], "hidden")
        await browser.get("/profile")
        for wrong in ({"age": ["18_29", "30_44"]}, {"gender": "moon"}, {"wish_age": "old"}, {"topic": "own_moon"}):
            text = words()
            answer = await browser.post("/profile", form(text) | wrong)
            assert answer.status_code == 409, wrong
            assert text_of(answer.text) == text


async def test_a_profile_is_deleted_after_a_tick_and_the_page_says_what_stays(
    database_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, database_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            assert "Delete my profile" not in (await browser.get("/profile")).text
            await browser.post("/profile", form(words(), topic="work", places="yes", homes=words()))
            assert "the places you keep" in (await browser.get("/profile")).text
            assert (await browser.post("/profile/delete")).status_code == 409
            assert len(await pages.place.rows(profiles_table)) == 1
            await browser.get("/profile")
            assert (await browser.post("/profile/delete", {"sure": "yes"})).headers[
                "location"
            ] == "/profile?done=deleted"
            assert "Your profile is deleted." in (await browser.get("/profile?done=deleted")).text
        for gone in (profiles_table, profile_facets):
            assert await pages.place.rows(gone) == []
        assert len(await pages.place.rows(places_table)) == 1


async def test_a_draft_belongs_to_one_person_and_to_what_is_kept_now(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as browser:
            seen = [draft((await browser.get("/profile")).text)]
            await browser.post("/profile", form(words()))
            seen.append(draft((await browser.get("/profile")).text))
            assert seen == [f"{person} 0", f"{person} 1"]
            refused = await browser.post("/profile", form("a\0b", draft="1"))
            assert draft(refused.text) == seen[1], "what was refused is still to be kept"
            before = draft((await browser.get("/ask")).text)
            await browser.post("/profile", form(words()))
            after = draft((await browser.get("/ask")).text)
            assert (before, after) == (f"{person} 0 1", f"{person} 0 2"), "a form begins with the profile of now"
            await browser.post("/ask", form(words()))
            asked = (await pages.place.rows(table))[0].id
            assert draft((await browser.get("/ask?anew=yes")).text) == f"{person} {asked} 0"


def draft(page: str) -> str:
    found = re.search(r'<hearth-draft data-of="([^"]*)">', page)
    assert found is not None
    return found[1]
