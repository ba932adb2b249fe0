"""Being on duty over HTTP: shifts, channels that are never shown again, the rule for nobody, and the staffing light."""

from pathlib import Path

import sqlalchemy as sa

from chat import calls, cases, channels, roster
from chat.journal import Journal
from chat.protocol import Call, Report
from chat.staff_commands import Claim, Close
from chat.tables import cases as cases_table
from tests.pages import site
from tests.words import words


async def test_a_shift_is_begun_and_ended_and_the_console_counts_it(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, other = await place.person("moderator"), await place.person("supervisor")
        await place.room(await place.person())
        subject, reporter = await place.person(), await place.person()
        there = await place.room(subject, reporter)
        said = await place.say(there, subject, words())
        await cases.report(place.store, place.keys, reporter, Report(room=there, seq=said))
        async with place.store.transaction() as tx:
            await roster.begin(tx, place.keys, other, 4)
            await tx.execute(sa.update(cases_table).values(created_at=cases_table.c.created_at - 301_000))
        async with await pages.browser_of(moderator) as browser:
            assert "You are not on shift." in (await browser.get("/duty")).text
            for wrong in ("", "x", "-1", "13", "٣", "1" * 3000):
                await browser.get("/duty")
                assert (await browser.post("/duty/shift", {"hours": wrong})).status_code == 400, wrong
            await browser.get("/duty")
            answer = await browser.post("/duty/shift", {"hours": "3", "back": "console"})
            assert answer.headers["location"] == "/console"
            assert "You are on shift until" in (await browser.get("/console")).text
            now = (await browser.get("/console/staffing")).json()
            assert (now["rooms"], now["moderators"], now["supervisors"], now["professionals"]) == (2, 1, 1, 0)
            assert (now["waiting"], now["reviews"], now["until"] > 0) == (1, [], True)
            assert [one["person"] for one in now["colleagues"]] == [other]
            await browser.get("/duty")
            assert (await browser.post("/duty/shift", {"hours": "0"})).headers["location"] == "/duty"
            assert (await browser.get("/console/staffing")).json()["moderators"] == 0


async def test_channels_are_kept_and_never_shown(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        supervisor = await pages.place.person("supervisor")
        async with await pages.browser_of(supervisor) as browser:
            await browser.get("/duty")
            kept = f"mailto://{words().split()[0]}:secret@example.org\n\n json://127.0.0.1:9/ "
            assert (await browser.post("/duty/channels", {"channels": kept})).status_code == 303
            page = (await browser.get("/duty?saved=yes")).text
            assert "mailto, json" in page and "secret" not in page and "127.0.0.1:9" not in page
            refused = await browser.post("/duty/channels", {"channels": "mailto"})
            assert refused.status_code == 409 and "could not be read" in refused.text
        addresses = await channels.addresses(pages.place.store, pages.place.keys, supervisor)
        assert len(addresses) == 2 and addresses[0].endswith(":secret@example.org")


async def test_members_are_told_what_holds_while_nobody_is_on_duty(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        member, told = await place.person(), words("back at eight")
        room = await place.room(member)
        async with await pages.browser_of(await place.person("organiser")) as browser:
            await browser.get("/organiser/duty")
            for wrong in ({"told": "", "alerted": "organiser"}, {"told": told, "alerted": "peer"}):
                assert (await browser.post("/organiser/duty", wrong)).status_code == 409
            assert (await browser.post("/organiser/duty", {"told": told, "alerted": "supervisor"})).status_code == 303
            assert told in (await browser.get("/organiser/duty")).text
        async with await pages.browser_of(member) as browser:
            for path in ("/rooms", f"/rooms/{room}"):
                assert told in (await browser.get(path)).text
            moderator = await place.person("moderator")
            async with place.store.transaction() as tx:
                await roster.begin(tx, place.keys, moderator, 1)
            for path in ("/rooms", f"/rooms/{room}"):
                assert told not in (await browser.get(path)).text


async def test_the_button_for_a_second_is_the_peers_and_a_call_says_who_calls(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        seeker, peer, moderator = await place.person(), await place.person("peer"), await place.person("moderator")
        room = await place.one_to_one(seeker, peer)
        for person, shown in ((seeker, False), (peer, True)):
            async with await pages.browser_of(person) as browser:
                assert ("data-second" in (await browser.get(f"/rooms/{room}")).text) == shown
        case = await calls.call(place.store, place.keys, peer, Call(room=room, level="imminent"))
        async with await pages.browser_of(moderator) as browser:
            [told] = (await browser.get("/console/cases")).json()
            assert (told["case"], told["kind"], told["level"], told["asked"]) == (case, "call", "imminent", 0)
            assert told["caller_name"] and told["subject"] == {"person": 0, "nickname": ""}
            assert (await browser.get(f"/console/cases/{case}")).json()["entries"] == []
        await cases.claim(place.store, place.keys, moderator, Claim(case=case))
        journal = Journal(place.folder / "erasures.journal")
        await cases.close(place.store, place.keys, journal, moderator, Close(case=case, outcome="talked"))
        async with await pages.browser_of(peer) as browser:
            assert "and we talked with the people it is about" in (await browser.get("/me")).text
