"""House rules over HTTP, what a person is told of acts about them, and who is turned away by a ban."""

import html
import re
from pathlib import Path

import sqlalchemy as sa

from chat import cases, moderation, passphrases, raids, recovery, standing
from chat.house_rules import TEXT_MOST
from chat.ids import PersonId
from chat.protocol import Report
from chat.staff_commands import Ban, Confirm, Expel, Guard, Lock, Mute, Remove, Undo, Warn
from chat.tables import acts, roles
from chat.tables import house_rules as table
from chat.tables import people as people_table
from tests.pages import Browser, Pages, site
from tests.place import WHY
from tests.words import words

TEXTS = {"text-en": "Be <b>kind</b> & calm.", "text-fi": "Ole ystävällinen."}


async def organiser(pages: Pages) -> Browser:
    return await pages.browser_of(await pages.place.person("organiser"))


async def change(browser: Browser, code: str, **fields: str) -> int:
    await browser.get("/organiser/rules")
    return (await browser.post(f"/organiser/rules/{code}", TEXTS | fields)).status_code


def offered(page: str) -> dict[str, str]:
    """The rules a moderator may choose from, by code."""
    [rules] = re.findall(r'<select id="mute-rule".*?</select>', page)
    return dict(re.findall(r'<option value="(\w+)">(.*?)</option>', rules))


async def test_the_organisers_words_are_what_moderators_choose_from(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages, await organiser(pages) as boss:
        browser = await pages.browser_of(await pages.place.person("moderator"))
        async with browser:
            assert len(offered((await browser.get("/console")).text)) == 6
            assert await change(boss, "kindness") == 303
            await boss.get("/organiser/rules")
            answer = await boss.post("/organiser/rules", TEXTS | {"text-en": "Our own"})
            assert answer.status_code == 303
            code = re.findall(r"#rule-(own_\w+)", answer.headers["location"])[0]
            found = offered((await browser.get("/console")).text)
            assert found["kindness"] == html.escape(TEXTS["text-en"]) and found[code] == "Our own"
            assert await change(boss, code, retired="yes") == 303
            assert code not in offered((await browser.get("/console")).text)


async def test_a_rule_that_is_wrong_is_shown_again_as_it_was_typed(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        for wrong in ({"text-fi": ""}, {"text-en": "a" * (TEXT_MOST + 1)}, {"text-fi": "a\0b"}):
            assert await change(boss, "kindness", **wrong) == 409
            assert html.escape((TEXTS | wrong)["text-en"]) in boss.page
            await boss.get("/organiser/rules")
            assert (await boss.post("/organiser/rules", TEXTS | wrong)).status_code == 409
        assert await change(boss, "moon") == 404
        assert await pages.place.rows(table, table.c.version > 0) == []
        for code in ("privacy", "no_selling", "no_contact", "safety", "flooding"):
            assert await change(boss, code, retired="yes") == 303
        assert await change(boss, "kindness", retired="yes") == 409, "one is always in force"


async def test_a_person_is_told_the_rule_in_the_words_of_that_day_and_the_number(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        place, person, moderator = pages.place, await pages.place.person(), await pages.place.person("moderator")
        room = await place.room(person)
        assert await change(boss, "kindness") == 303
        made = [
            await moderation.act(place.store, place.keys, moderator, one)
            for one in (Warn(person=person, **WHY), Expel(person=person, room=room, **WHY))
        ]
        assert await change(boss, "kindness", **{"text-en": "Another day."}) == 303
        async with await pages.browser_of(person) as browser:
            page = (await browser.get("/me")).text
            assert page.count(html.escape(TEXTS["text-en"])) == 2 and "Another day." not in page
            assert all(str(one) in page for one in made)
            await browser.get(f"/rooms/{room}")
            answer = await browser.post(f"/rooms/{room}/join", {})
            assert answer.status_code == 409 and "sent you out" in answer.text
            await moderation.undo(place.store, place.keys, moderator, Undo(act=made[1]))
            await browser.get(f"/rooms/{room}")
            assert (await browser.post(f"/rooms/{room}/join", {})).status_code == 303
            await moderation.act(place.store, place.keys, moderator, Lock(room=room, **WHY))
            assert 'data-silent="room_locked"' in (await browser.get(f"/rooms/{room}")).text


async def test_who_is_banned_is_told_why_and_until_when_and_nobody_else_is(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, person, peer = pages.place, await pages.place.person(), await pages.place.person("peer")
        async with place.store.transaction() as tx:
            code = await recovery.new_recovery(tx, person)
        await passphrases.set_passphrase(place.store, peer, secret := "four words of sense")
        [name] = [row.nickname for row in await place.rows(people_table, people_table.c.id == peer)]
        made = {one: await place.ban(one) for one in (person, peer)}
        async with pages.browser() as browser:
            for whose, fields in ((person, {"way": "code", "code": code}),
                                  (peer, {"way": "passphrase", "nickname": name, "passphrase": secret})):  # fmt: skip
                await browser.get("/sign-in")
                answer = await browser.post("/sign-in", fields)
                assert answer.status_code == 403
                assert "Your account is closed" in answer.text and str(made[PersonId(whose)]) in answer.text
                assert 'href="/help"' in answer.text and "Be kind" in answer.text
                assert "set-cookie" not in answer.headers
            for fields in ({"way": "code", "code": words()},
                           {"way": "passphrase", "nickname": name, "passphrase": words()}):  # fmt: skip
                await browser.get("/sign-in")
                answer = await browser.post("/sign-in", fields)
                assert answer.status_code == 409 and "closed" not in answer.text
            async with place.store.transaction() as tx:
                await tx.execute(sa.update(acts).values(until=1))
                await tx.execute(sa.update(people_table).values(banned_until=1))
            await browser.get("/sign-in")
            assert (await browser.post("/sign-in", {"way": "code", "code": code})).status_code == 200, "it is over"


async def test_a_ban_for_good_says_that_it_has_no_end_once_it_is_confirmed(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, person = pages.place, await pages.place.person()
        first, second = await place.person("moderator"), await place.person("moderator")
        async with place.store.transaction() as tx:
            code = await recovery.new_recovery(tx, person)
        made = await moderation.act(place.store, place.keys, first, Ban(person=person, **WHY))
        async with await pages.browser_of(second) as console, pages.browser() as browser:
            [waiting] = (await console.get("/console/waiting")).json()
            assert (waiting["act"], waiting["mine"], waiting["subject"]["person"]) == (made, False, person)
            confirm = Confirm(act=made, reason="A reason.")
            await moderation.confirm(place.store, place.keys, second, confirm)
            assert (await console.get("/console/waiting")).json() == []
            await browser.get("/sign-in")
            assert "It has no end." in (await browser.post("/sign-in", {"way": "code", "code": code})).text


async def test_who_waits_in_a_lobby_is_told_so_and_the_console_shows_them(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, person = await place.person("moderator"), await place.person()
        room = await place.room(person)
        made = await raids.guard(place.store, place.keys, moderator, Guard(room=room, rule="flooding", reason="."))
        async with await pages.browser_of(person) as browser, await pages.browser_of(moderator) as console:
            page = (await browser.get(f"/rooms/{room}")).text
            assert "<hearth-lobby" in page and 'href="/help"' in page and "data-composer" not in page
            assert (await browser.get(f"/rooms/{room}", accept="application/json")).json()["code"] == "lobby"
            await browser.get("/me")
            assert (await browser.post(f"/rooms/{room}/join")).headers["location"] == f"/rooms/{room}"
            async with await pages.browser_of(await place.person("professional")) as other:
                assert (await other.get("/console/lobbies")).json() == [], "they may let nobody in"
                assert 'data-may="answer"' in (await other.get("/console")).text
            [told] = (await console.get("/console/lobbies")).json()
            assert (told["room"], [one["person"] for one in told["people"]]) == (room, [person])
            await moderation.undo(place.store, place.keys, moderator, Undo(act=made))
            assert (await console.get("/console/lobbies")).json() == []
            assert (await browser.get(f"/rooms/{room}", accept="application/json")).json()["code"] == ""
            assert "data-composer" in (await browser.get(f"/rooms/{room}")).text
        async with await pages.browser_of(await place.person()) as stranger:
            assert (await stranger.get(f"/rooms/{room}", accept="application/json")).json()["code"] == "not_a_member"
            assert "Come in" in (await stranger.get(f"/rooms/{room}")).text


async def test_what_was_done_in_a_case_and_stands_is_told_in_it_to_who_may_take_it_back(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        first, second = await place.person("moderator"), await place.person("moderator")
        organiser, author, reporter = await place.person("organiser"), await place.person(), await place.person()
        room = await place.room(author, reporter)
        said = await place.say(room, author, words())
        case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=said))
        made = [
            await moderation.act(place.store, place.keys, first, one)
            for one in (
                Remove(room=room, seq=said, case=case, **WHY), Mute(person=author, minutes=5, case=case, **WHY),
                Lock(room=room, case=case, **WHY), Warn(person=author, **WHY),
            )
        ]  # fmt: skip

        async def told(person: PersonId) -> list[tuple[int, str]]:
            async with place.store.reading() as tx:
                return [(one.act, one.name) for one in await standing.in_case(tx, case, person)]

        async with await pages.browser_of(second) as console:
            names = {row.id: row.nickname for row in await place.rows(people_table)}
            opened = (await console.get(f"/console/cases/{case}")).json()["by_us"]
            assert [(one["act"], one["kind"], one["name"]) for one in opened] == [
                (made[0], "removed", names[author]), (made[1], "muted", names[author]), (made[2], "locked", ""),
            ]  # fmt: skip
            assert {one["made_name"] for one in opened} == {names[first]} and opened[1]["until"] > opened[1]["at"]
        async with place.store.transaction() as tx:
            await tx.execute(roles.insert().values(person=author, role="moderator", granted_at=await tx.now()))
        assert await told(second) == [(made[0], names[author]), (made[2], "")], "an organiser acts on one of us"
        assert [act for act, _ in await told(organiser)] == made[:3]
        await moderation.undo(place.store, place.keys, organiser, Undo(act=made[1]))
        assert await told(organiser) == await told(second)
        assert await told(await place.person("professional")) == []
