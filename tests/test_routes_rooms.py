"""Rooms over HTTP: what one may read of them, coming in, asking for one person, the desk and the console."""

import re
from pathlib import Path

from chat import cases, history, moderation, rooms, timeline
from chat.ids import PersonId, RoomId, Seq
from chat.protocol import Entry, Report
from chat.staff_commands import Mute
from chat.tables import audit
from chat.tables import rooms as rooms_table
from tests.pages import site
from tests.place import Place
from tests.words import words


async def test_history_is_cut_to_membership_on_every_path(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place = pages.place
        stays, comes = await place.person(), await place.person()
        room = await place.room(stays, shown=0)
        before = [words() for _ in range(3)]
        for text in before:
            await place.say(room, stays, text)
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, comes)
        first = words()
        seen = await place.say(room, stays, first)
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, comes)
        away = words()
        edited = await place.say(room, stays, away)
        await place.say(room, stays, away, edits=seen)
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, comes)
        last = words()
        await place.say(room, stays, last)
        async with await pages.browser_of(comes) as browser, await pages.browser_of(stays) as other:
            for query in ("", "?after=0", "?limit=200", "?before=99", f"?after=1&before={edited + 1}", "?limit=1",
                          f"?after={edited - 1}&limit=1", "?after=0&before=99&limit=200"):  # fmt: skip
                answer = await browser.get(f"/rooms/{room}/entries{query}")
                assert not [text for text in (*before, away) if text in answer.text], query
            everything = (await browser.get(f"/rooms/{room}/entries")).json()
            assert [one.get("text") for one in everything["entries"] if one["kind"] == "said"] == [None, last]
            page = (await browser.get(f"/rooms/{room}")).text
            assert last in page
            assert not [text for text in (*before, away) if text in page]
            assert before[0] in (await other.get(f"/rooms/{room}/entries")).text


async def test_pages_of_history_join_without_gap_or_overlap(database_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, database_url) as pages:
        place = pages.place
        person, other = await place.person(), await place.person()
        room = await place.room(person, other)
        for n in range(25):
            await place.say(room, person, words(str(n)))
            if n in (8, 16):
                async with place.store.transaction() as tx:
                    await (rooms.leave if n == 8 else rooms.join)(tx, room, other)
        whole = await history.page(place.store, place.keys, room, other)
        for limit in (1, 2, 5, 7, 200):
            forward: list[Entry] = []
            after = 0
            while page := (await history.page(place.store, place.keys, room, other, after=after, limit=limit)).entries:
                forward += page
                after = page[-1].seq
            back: list[Entry] = []
            before = None
            while page := (
                await history.page(place.store, place.keys, room, other, before=before, limit=limit)
            ).entries:
                back = [*page, *back]
                before = page[0].seq
            assert forward == back == list(whole.entries), limit
        assert whole.entries[0].seq == whole.first
        assert whole.entries[-1].seq == whole.last


async def test_marks_put_after_one_left_are_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        stays, left = await place.person(), await place.person()
        room = await place.room(stays, left)
        said = await place.say(room, stays, words())
        await react(pages.place, room, stays, said, "heart")
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, left)
        await react(pages.place, room, stays, said, "candle")
        marks = {
            person: next(one for one in (await history.page(place.store, place.keys, room, person)).entries
                         if one.seq == said).marks
            for person in (stays, left)
        }  # fmt: skip
        assert set(marks[stays]) == {"heart", "candle"}
        assert set(marks[left]) == {"heart"}


async def react(place: Place, room: RoomId, person: PersonId, target: Seq, mark: str) -> None:
    async with place.store.transaction() as tx:
        await tx.lock(rooms_table, [room])
        await timeline.append(tx, room, "reacted", person, target=target, ref=1, code=mark)


async def test_a_member_comes_into_a_room_and_writes_there(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        room = await pages.place.room(capacity=1)
        async with await pages.browser_of(await pages.place.person()) as first:
            assert "Empty just now" in (await first.get("/rooms")).text
            await first.get(f"/rooms/{room}")
            assert "Come in" in first.page and "Nobody is in this room just now." in first.page
            assert (await first.post(f"/rooms/{room}/join")).headers["location"] == f"/rooms/{room}"
            assert "data-composer" in (await first.get(f"/rooms/{room}")).text
        async with await pages.browser_of(await pages.place.person()) as second:
            assert "1 person" in (await second.get("/rooms")).text
            await second.get(f"/rooms/{room}")
            answer = await second.post(f"/rooms/{room}/join")
            assert answer.status_code == 409
            assert "as many people as it holds" in answer.text


async def test_the_column_of_rooms_gives_names_and_news_of_ones_own_rooms_and_no_more(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        person, other = await place.person(), await place.person()
        quiet, busy, _ = await place.room(person), await place.room(person, other), await place.room(other)
        text = words()
        seq = await place.say(busy, other, text)
        async with await pages.browser_of(person) as browser:
            async with place.store.transaction() as tx:
                await rooms.mark_read(tx, quiet, person, Seq(1))
            told = (await browser.get("/rooms", accept="application/json")).json()
            assert sorted(told, key=lambda one: one["id"]) == sorted(
                [{"id": quiet, "name": "Room", "new": False}, {"id": busy, "name": "Room", "new": True}],
                key=lambda one: one["id"],
            )
            async with place.store.transaction() as tx:
                await rooms.mark_read(tx, busy, person, seq)
            told = (await browser.get("/rooms", accept="application/json")).json()
            assert [one["new"] for one in told] == [False, False]


async def test_asking_is_kept_over_a_reload_and_can_be_taken_back(sqlite_url: str, tmp_path: Path) -> None:
    form: dict[str, str | list[str]] = {
        "text": words(),
        "topic": ["anxiety", "work"],
        "side": "harmed",
        "reads": "en",
        "language": "en",
    }
    async with (
        site(tmp_path, sqlite_url, requests_per_hour=2) as pages,
        await pages.browser_of(await pages.place.person()) as browser,
    ):
        await browser.get("/ask")
        assert (await browser.post("/ask", {"reads": "en", "language": "en"})).status_code == 409
        for _ in range(2):
            await browser.get("/ask")
            assert (await browser.post("/ask", form)).headers["location"] == "/waiting"
            assert "Looking for somebody" in (await browser.get("/waiting")).text
            assert (await browser.get("/ask")).headers["location"] == "/waiting"
            told = (await browser.get("/waiting", accept="application/json")).json()
            assert told["state"] == "waiting"
            assert told["now"] == "Your request is kept. We are about to look."
            await browser.get("/waiting")
            assert (await browser.post("/waiting/withdraw")).headers["location"] == "/rooms"
        await browser.get("/ask")
        assert (await browser.post("/ask", form)).status_code == 429


async def test_what_was_typed_is_not_lost_when_it_is_turned_down(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        text = words("kept")
        await browser.get("/profile")
        many = ["addiction", "anxiety", "cancer", "eating", "family", "work"]
        answer = await browser.post("/profile", {"text": text, "topic": many, "reads": "fi"})
        assert answer.status_code == 409
        assert text in answer.text
        assert len(re.findall(r'name="topic" value="\w+" checked', answer.text)) == 6
        answer = await browser.post("/profile", {"text": text, "topic": many[:5], "seen-topic-work": "shown",
                                                 "topic-x": "y", "reads": "fi", "language": "fi"})  # fmt: skip
        assert answer.status_code == 303
        page = (await browser.get("/profile")).text
        assert text in page
        assert 'id="seen-topic-cancer"' in page


async def test_a_muted_person_is_told_the_rule_and_the_end_and_what_still_works(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        person, moderator = await place.person(), await place.person("moderator")
        room = await place.room(person)
        command = Mute(person=person, minutes=60, rule="kindness", reason=words())
        await moderation.act(place.store, place.keys, moderator, command)
        async with await pages.browser_of(person) as browser:
            account = (await browser.get("/me")).text
            assert "In all group rooms." in account and "Until " in account
            assert "Be kind: nobody is put down here." in account
            appeal = account.partition('id="appeal"')[2].partition("</section>")[0]
            assert "Ask for another look" in appeal and "Somebody else decides" in appeal
            assert re.search(r"Number: \d+", appeal)
            page = (await browser.get(f"/rooms/{room}")).text
            assert 'href="/me#appeal"' in page and "You are muted here until " in page
            assert (await browser.post("/me/nickname", {"nickname": "Zilpzalp Bobobo"})).status_code == 409
            await browser.get("/profile")
            for path in ("/profile", "/ask"):
                answer = await browser.post(path, {"text": words(), "reads": "en", "language": "en"})
                assert answer.status_code == 409
                assert "You are muted for a while" in answer.text
                await browser.get("/profile")
            assert 'data-silent="muted"' in (await browser.get(f"/rooms/{room}")).text


async def test_the_console_shows_a_case_and_its_opening_is_in_the_audit(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        author, reporter, moderator = await place.person(), await place.person(), await place.person("moderator")
        room, text, reason = await place.room(author, reporter), words(), words()
        said = await place.say(room, author, text)
        case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=said, reason=reason))
        async with await pages.browser_of(moderator) as browser:
            queue = await browser.get("/console/cases")
            assert text not in queue.text
            assert reason not in queue.text
            assert [(one["case"], one["subject"]["person"]) for one in queue.json()] == [(case, author)]
            opened = (await browser.get(f"/console/cases/{case}")).json()
            assert opened["reason"] == reason
            assert [(one["code"], one["times"]) for one in (*queue.json(), opened)] == [("", 1)] * 2
            assert [(one["text"], one["reported"]) for one in opened["entries"]] == [(text, True)]
            assert "reporter" not in opened
        async with await pages.browser_of(moderator) as browser:
            [row] = await place.rows(audit, audit.c.act == "opened")
            assert (row.actor, row.ref) == (moderator, case)


async def test_an_organiser_makes_a_room_and_approves_and_suspends_a_peer(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        person = await pages.place.person()
        async with await pages.browser_of(await pages.place.person("organiser")) as browser:
            await browser.get("/organiser")
            refused = await browser.post("/organiser/rooms", {"name": words("room")})
            assert refused.status_code == 409 and "/organiser/duty" in refused.text, (
                "nobody has said what holds at night"
            )
            assert (await browser.post("/organiser/duty", {"told": words(), "alerted": "organiser"})).status_code == 303
            await browser.get("/organiser")
            name = words("room")
            answer = await browser.post("/organiser/rooms", {"name": name, "about": words(), "capacity": "12"})
            assert answer.status_code == 303
            assert name in (await browser.get("/rooms")).text
            await browser.get("/organiser")
            for bad in (
                {"name": ""},
                {"name": "x" * 81},
                {"name": name, "capacity": "1"},
                {"name": name, "capacity": "x"},
                {"name": name, "capacity": "0010999"},
                {"name": name, "capacity": "0010" + "9" * 5000},
            ):
                assert (await browser.post("/organiser/rooms", bad)).status_code == 409, bad
            [made] = await pages.place.rows(rooms_table, rooms_table.c.kind == "group")
            asked = (await browser.get("/organiser")).text
            assert "It cannot be opened again. Nobody is in it." in asked
            for _ in range(2):
                await browser.get("/organiser")
                closed = await browser.post(f"/organiser/rooms/{made.id}/close")
                assert "The room is closed." in (await browser.get(closed.headers["location"])).text
            page = (await browser.get("/organiser")).text
            assert name in page and "Ended" in page and f"/organiser/rooms/{made.id}/close" not in page
            assert len(await pages.place.rows(audit, audit.c.act == "room_closed")) == 1
            async with await pages.browser_of(person) as peer:
                assert (await peer.get("/desk")).status_code == 404
                assert (await browser.post(f"/organiser/peers/{person}/approve")).status_code == 303
                assert (await peer.get("/desk")).status_code == 200
                member = await pages.place.person()
                room = await pages.place.one_to_one(member, person)
                assert "Their one-to-ones as a peer end at once." in (await browser.get("/organiser")).text
                suspended = await browser.post(f"/organiser/peers/{person}/suspend")
                assert "They are no longer a peer." in (await browser.get(suspended.headers["location"])).text
                assert (await peer.get("/desk")).status_code == 404
                assert "You are no longer a peer here" in told_in((await peer.get(f"/rooms/{room}")).text)
            async with await pages.browser_of(member) as seeker:
                assert "You can ask for somebody again." in told_in((await seeker.get(f"/rooms/{room}")).text)


def told_in(page: str) -> str:
    """Return the words of a room's entries, without those that the page holds for its script."""
    return "\n".join(re.findall(r'class="entry__text" dir="auto">([^<]*)<', page))
