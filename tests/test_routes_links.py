"""Coming in by a link or a code when answers are lost, two press at once, or somebody else guesses."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import links, passphrases, people
from chat.tables import entries, sessions
from chat.tables import people as people_table
from tests import servers
from tests.pages import site
from tests.place import nickname
from tests.test_routes_entering import CODE, keep_code, sign_in, sign_up
from tests.town import START_S
from tests.words import words
from web import first


async def test_who_never_saw_the_new_code_comes_in_by_the_old_one_and_sees_it(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as here, pages.browser() as there:
        [code] = CODE.findall((await sign_up(here)).text)
        await keep_code(here)
        lost = await sign_in(there, way="code", code=code)
        async with pages.browser() as again:
            seen = await sign_in(again, way="code", code=code)
            assert seen.status_code == 200
            assert CODE.findall(seen.text) == CODE.findall(lost.text)
            assert "was used before" in seen.text and "was used before" not in lost.text
            for path in ("/me", "/rooms"):  # whose browser has the cookie and never got the page goes on there
                assert "you cannot come back" in (await again.get(path)).text
            again.page = seen.text
            await keep_code(again)
            for path in ("/me", "/rooms"):
                assert "you cannot come back" not in (await again.get(path)).text
        async with pages.browser() as third:
            assert (await sign_in(third, way="code", code=code)).status_code == 409


async def test_who_signed_up_at_the_last_place_of_the_day_and_got_no_answer_presses_again(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, database_url, sign_ups_per_day=1) as pages,
        pages.browser() as lost, pages.browser() as same, pages.browser() as other,
    ):  # fmt: skip
        fields = {"nickname": nickname(), "consent": "yes"}
        await lost.get("/sign-up")
        for name, value in lost.cookies.items():
            same.cookies.set(name, value, domain="127.0.0.1")
        same.page = lost.page
        [code] = CODE.findall((await lost.post("/sign-up", fields)).text)
        assert CODE.findall((await same.post("/sign-up", fields)).text) == [code]
        assert (await same.get("/me")).status_code == 200
        answer = await sign_up(other, **fields)
        assert answer.status_code == 409 and not CODE.findall(answer.text)


async def test_who_is_signed_in_elsewhere_is_told_that_the_code_was_used(database_url: str, tmp_path: Path) -> None:
    told = "Somebody signed in with your recovery code"
    async with site(tmp_path, database_url) as pages, pages.browser() as here, pages.browser() as there:
        [code] = CODE.findall((await sign_up(here)).text)
        assert told not in (await here.get("/me")).text
        await sign_in(there, way="code", code=code)
        for path in ("/me", "/rooms"):
            assert told in (await here.get(path)).text
            assert told not in (await there.get(path)).text, "they know"
        async with pages.place.store.transaction() as tx:
            for table, column in ((entries, "at"), (sessions, "created_at")):
                await tx.execute(sa.update(table).values({column: table.c[column] - 8 * 86_400_000}))
        assert told in (await here.get("/me")).text
        assert told not in (await here.get("/rooms")).text


async def test_looking_at_a_link_uses_nothing_and_of_two_who_press_one_wins(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person("peer")
        async with pages.place.store.transaction() as tx:
            token = await links.make_link(tx, person=person)
        browsers = [pages.browser() for _ in range(3)]
        for one in browsers:
            assert (await one.get(f"/link/{token}")).status_code == 200
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(one.post(f"/link/{token}") for one in browsers))
        assert sorted(one.status_code for one in answers) == [303, 409, 409]
        gone, absent = await browsers[0].get(f"/link/{token}"), await browsers[0].get("/link/never-was")
        assert gone.status_code == absent.status_code == 409
        for one in browsers:
            await one.__aexit__(None, None, None)


async def test_a_colleague_comes_by_link_and_signs_in_by_passphrase_ever_after(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        organiser = await pages.place.person("organiser")
        async with await pages.browser_of(organiser) as asking, pages.browser() as coming, pages.browser() as later:
            await asking.get("/organiser")
            made = await asking.post("/organiser/invite", {"role": "moderator"})
            path = re.findall(rf"{pages.base}(/link/[\w-]+)", made.text)[0]
            await coming.get(path)
            assert (await coming.post(path)).headers["location"] == "/start"
            name, passphrase = nickname(), words("long enough")
            await coming.get("/start")
            assert (await coming.post("/start", {"nickname": name, "passphrase": "short"})).status_code == 409
            answer = await coming.post("/start", {"nickname": name, "passphrase": passphrase})
            assert answer.headers["location"] == "/console"
            assert (await sign_in(later, way="passphrase", nickname=name, passphrase="no")).status_code == 409
            assert (await sign_in(later, way="passphrase", nickname=name, passphrase=passphrase)).status_code == 303
            assert (await later.get("/console")).status_code == 200


async def test_who_is_invited_as_a_member_agrees_first_and_gets_a_code(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url, sign_up="invitation") as pages, pages.browser() as browser:
        async with pages.place.store.transaction() as tx:
            token = await links.make_link(tx)
        await browser.get(f"/link/{token}")
        assert (await browser.post(f"/link/{token}")).status_code == 409
        answer = await browser.post(f"/link/{token}", {"consent": "yes"})
        assert len(CODE.findall(answer.text)) == 1
        assert (await browser.get("/rooms")).status_code == 200


async def test_staff_come_in_where_they_came_in_before_whoever_guesses_at_their_name(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as mine, pages.browser() as new:
        person, text = await pages.place.person("moderator"), words("the right one")
        await passphrases.set_passphrase(pages.place.store, person, text)
        async with pages.place.store.reading() as tx:
            name = (await people.find(tx, person)).nickname
        assert (await sign_in(mine, way="passphrase", nickname=name, passphrase=text)).status_code == 303
        await mine.get("/me")
        await mine.post("/sign-out")
        for _ in range(passphrases.TRIES):
            assert (await sign_in(new, way="passphrase", nickname=name, passphrase="wrong")).status_code == 409
        assert (await sign_in(new, way="passphrase", nickname=name, passphrase=text)).status_code == 429
        assert (await sign_in(mine, way="passphrase", nickname=name, passphrase=text)).status_code == 303
        async with await pages.browser_of(person) as other:
            await other.get("/start")
            await other.post("/start", {"nickname": name, "passphrase": text})
            assert other.cookies["hearthside-device"] != mine.cookies["hearthside-device"]


async def test_a_first_organiser_who_cannot_come_back_gets_a_link_at_every_start(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        person = await place.person("organiser")
        async with await pages.browser_of(person):
            for _ in range(2):  # the cookie of that session may have been lost on the way
                await first.start(place.store, place.keys, pages.settings)
                assert "/link/" in capsys.readouterr().out
        await passphrases.set_passphrase(place.store, person, words("a passphrase"))
        await first.start(place.store, place.keys, pages.settings)
        assert "/link/" not in capsys.readouterr().out


async def test_the_operator_lets_an_organiser_in_when_no_other_can_come_in(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, pages.browser() as browser:
        person = await pages.place.person("organiser")
        await passphrases.set_passphrase(pages.place.store, person, words("forgotten"))
        environment = {
            "HEARTHSIDE_VAR": str(tmp_path),
            "HEARTHSIDE_DATABASE": sqlite_url,
            "HEARTHSIDE_ORIGIN": pages.base,
        }
        asked = servers.start("invite", sys.executable, "-m", "web", "--invite-organiser", env=environment)
        assert await asyncio.to_thread(asked.process.wait, START_S) == 0
        [path] = re.findall(rf"{pages.base}(/link/[\w-]+)", asked.said())
        await browser.get(path)
        assert (await browser.post(path)).headers["location"] == "/start"
        assert (await browser.get("/organiser")).status_code == 200


async def test_whoever_pressed_a_links_button_and_got_no_answer_presses_again(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, somebody = pages.place, await pages.place.person("peer")
        async with place.store.transaction() as tx:
            tokens = {
                "/start": await links.make_link(tx, role="moderator"),
                "/rooms": await links.make_link(tx, person=somebody),
                "": await links.make_link(tx),
            }
        await passphrases.set_passphrase(place.store, somebody, words("a passphrase"))
        for place_to_go, token in tokens.items():
            async with pages.browser() as lost, pages.browser() as same, pages.browser() as other:
                path, agreed = f"/link/{token}", {"consent": "yes"}
                await lost.get(path)
                for name, value in lost.cookies.items():
                    same.cookies.set(name, value, domain="127.0.0.1")
                same.page = lost.page
                before = len(await place.rows(people_table))
                await lost.post(path, agreed)
                made = len(await place.rows(people_table))
                await other.get("/sign-in")
                assert (await other.post(path, agreed)).status_code == 409
                assert (await same.get(path)).status_code == 200
                answer = await same.post(path, agreed)
                assert answer.headers.get("location", "") == place_to_go
                assert bool(CODE.search(answer.text)) == (place_to_go == "")
                assert (await same.get("/me")).status_code == 200
                assert made - before == (0 if place_to_go == "/rooms" else 1)
                assert len(await place.rows(people_table)) == made, "nobody is made twice"
                assert (await same.post(path, agreed)).status_code == 409, "the answer came: it is over"


async def test_signing_up_twice_from_one_browser_is_signing_up_once(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url, sign_ups_per_day=2) as pages, pages.browser() as lost:
        form = {"nickname": nickname(), "consent": "yes"}
        async with pages.browser() as same, pages.browser() as other:
            await lost.get("/sign-up")
            for name, value in lost.cookies.items():
                same.cookies.set(name, value, domain="127.0.0.1")
            same.page = lost.page
            async with asyncio.timeout(30):
                answers = await asyncio.gather(lost.post("/sign-up", form), same.post("/sign-up", form))
            codes = [CODE.findall(one.text) for one in answers]
            assert [one.status_code for one in answers] == [200, 200]
            assert codes[0] == codes[1] != []
            assert len(await pages.place.rows(people_table)) == 1
            for one in (lost, same):
                assert form["nickname"] in (await one.get("/me")).text
            assert (await sign_up(other, nickname=form["nickname"])).status_code == 409
            assert (await sign_up(other)).status_code == 200, "one place was taken"
        [row] = await pages.place.rows(people_table, people_table.c.nickname == form["nickname"])
        assert codes[0][0].replace("-", "").encode() not in row.recovery


async def test_two_presses_at_once_are_one(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages, pages.browser() as browser:
        async with pages.place.store.transaction() as tx:
            path = f"/link/{await links.make_link(tx, role='moderator')}"
        await browser.get(path)
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(browser.post(path) for _ in range(2)))
        assert [one.headers.get("location") for one in answers] == ["/start", "/start"]
        assert len(await pages.place.rows(people_table)) == 1


async def test_who_could_not_come_back_is_told_before_signing_out(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person("peer")) as browser:
        assert "you cannot come back" in (await browser.get("/me")).text
        assert CODE.search((await browser.post("/me/code")).text)
        assert (await keep_code(browser)).headers["location"] == "/me"
        assert "you cannot come back" not in (await browser.get("/me")).text
