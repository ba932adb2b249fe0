"""Appeals over HTTP: from the notice on the account page, and from the one page that somebody banned reaches."""

import html
import re
from pathlib import Path

from chat import appeals, moderation, recovery
from chat.ids import ActId
from chat.journal import Journal
from chat.staff_commands import Clear, Decide, Expel, Mute, Remove, Verdict, Warn
from chat.tables import cases as cases_table
from tests.pages import Browser, Pages, site
from tests.place import WHY
from tests.words import words

ASK = "Somebody else decides"


async def decide(pages: Pages, case: int, outcome: Verdict) -> None:
    """Let a supervisor decide; they need not claim it first."""
    place, command = pages.place, Decide(case=case, outcome=outcome, reason=words())
    journal = Journal(place.folder / "erasures.journal")
    await appeals.decide(place.store, place.keys, journal, await place.person("supervisor"), command)


async def test_a_person_reads_what_it_is_about_appeals_once_and_is_told(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place, moderator = pages.place, await pages.place.person("moderator")
        person, other = await place.person(), await place.person()
        room = await place.room(person)
        seq = await place.say(room, person, said := words("<b>mine</b>"))
        made = [
            await moderation.act(place.store, place.keys, moderator, one)
            for one in (Remove(room=room, seq=seq, **WHY), Mute(person=person, minutes=60, **WHY))
        ]
        async with await pages.browser_of(person) as browser, await pages.browser_of(other) as stranger:
            page = (await browser.get("/me")).text
            assert html.escape(said) in page and page.count(ASK) == 2 and "Be kind" in page
            for path in (f"/me/acts/{made[1]}/appeal", "/me/acts/12345/appeal"):
                await stranger.get("/me")
                assert (await stranger.post(path, {"words": words()})).status_code == 404
            for wrong in ("a" * 1001, "a\0b"):
                assert (await browser.post(f"/me/acts/{made[1]}/appeal", {"words": wrong})).status_code == 409
                await browser.get("/me")
            answer = await browser.post(f"/me/acts/{made[1]}/appeal", {"words": words("not me")})
            assert (answer.status_code, answer.headers["location"]) == (303, "/me#appeal")
            page = (await browser.get("/me")).text
            assert page.count(ASK) == 1 and "You asked for another look" in page
            assert (await browser.post(f"/me/acts/{made[1]}/appeal")).status_code == 303, "the same again"
            [case] = await place.rows(cases_table)
            await decide(pages, case.id, "overturned")
            page = (await browser.get("/me")).text
            assert "it was not right" in page and "You were muted" in page and "You are muted" not in page


async def test_who_is_banned_appeals_from_the_page_that_says_so(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place, person = pages.place, await pages.place.person()
        async with place.store.transaction() as tx:
            code = await recovery.new_recovery(tx, person)
        made = await place.ban(person, await place.person("moderator"))

        async def come(browser: Browser) -> str:
            await browser.get("/sign-in")
            answer = await browser.post("/sign-in", {"way": "code", "code": code})
            assert answer.status_code == 403
            return answer.text

        async with pages.browser() as browser, pages.browser() as another:
            page = await come(browser)
            assert ASK in page and 'href="/help"' in page
            fields = dict(re.findall(r'name="(person|until|mac|act)" value="([^"]+)"', page))
            assert fields["act"] == str(made) and str(code) not in page
            await another.get("/sign-in")
            for bad in (
                {"mac": fields["mac"][:-1]}, {"mac": "ä"}, {"until": str(int(fields["until"]) + 1)}, {"until": "1"},
                {"person": str(await place.person())}, {"person": ""},
            ):  # fmt: skip
                answer = await browser.post("/banned/appeal", fields | bad)
                assert answer.status_code in (303, 404) and answer.headers.get("location", "/sign-in") == "/sign-in"
                browser.page = page
            assert (await another.post("/banned/appeal", fields)).headers["location"] == "/sign-in", "not theirs"
            assert (await browser.post("/banned/appeal", fields | {"act": "12345"})).status_code == 404
            assert await place.rows(cases_table) == []
            browser.page = page
            answer = await browser.post("/banned/appeal", fields | {"words": words()})
            assert answer.status_code == 200 and "You asked for another look" in answer.text and ASK not in answer.text
            assert "set-cookie" not in answer.headers
            assert (await browser.get("/me")).headers["location"] == "/sign-in", "it opens nothing else"
            assert "You asked for another look" in await come(another)
            [case] = await place.rows(cases_table)
            assert (case.subject, case.act) == (person, made)
            await decide(pages, case.id, "upheld")
            assert "it stays as it is" in await come(another)


async def test_who_is_let_in_again_reads_that_the_ban_was_not_right(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, person = pages.place, await pages.place.person()
        made = await place.ban(person, await place.person("moderator"))
        await decide(pages, await appeals.appeal(place.store, place.keys, person, ActId(made), ""), "overturned")
        async with await pages.browser_of(person) as browser:
            page = (await browser.get("/me")).text
            assert "Your account was closed" in page and "it was not right" in page


async def test_whatever_is_overturned_the_account_page_tells_it(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, moderator, person = pages.place, await pages.place.person("moderator"), await pages.place.person()
        room = await place.room(person)
        for _ in range(2):
            seq = await place.say(room, person, words())
        made = [
            await moderation.act(place.store, place.keys, moderator, one)
            for one in (
                Warn(person=person, **WHY), Remove(room=room, seq=seq, **WHY),
                Clear(person=person, room=room, minutes=5, **WHY), Expel(person=person, room=room, **WHY),
            )
        ]  # fmt: skip
        for one in made:
            await decide(pages, await appeals.appeal(place.store, place.keys, person, one, ""), "overturned")
        async with await pages.browser_of(person) as browser:
            answer = await browser.get("/me")
            assert answer.status_code == 200 and answer.text.count("it was not right") == len(made)


async def test_a_moderator_opens_an_appeal_and_whoever_acted_finds_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, person = pages.place, await pages.place.person()
        maker, second, organiser = [await place.person(one) for one in ("moderator", "moderator", "organiser")]
        mute = Mute(person=person, minutes=60, rule="kindness", reason=words("why"))
        made = await moderation.act(place.store, place.keys, maker, mute)
        case = await appeals.appeal(place.store, place.keys, person, made, mine := words("not me"))
        for who in (second, organiser):
            async with await pages.browser_of(who) as browser:
                [card] = (await browser.get("/console/cases")).json()
                assert (card["kind"], card["level"], card["room"]) == ("appeal", "appeal", 0)
                opened = (await browser.get(f"/console/cases/{case}")).json()
                assert opened["reason"] == mine and opened["entries"] == []
                against = opened["appeal"]
                assert (against["kind"], against["stands"], against["reason"]) == ("muted", True, mute.reason)
                assert against["rule"].startswith("Be kind") and against["until"] > against["at"]
        async with await pages.browser_of(maker) as browser:
            assert (await browser.get("/console/cases")).json() == []
            assert (await browser.get(f"/console/cases/{case}")).status_code == 404
