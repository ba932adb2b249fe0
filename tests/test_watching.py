"""Watching: every entry is looked at, once, by whoever is there."""

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from chat import rooms
from chat.ids import PersonId, RoomId
from chat.tables import cases as cases_table
from chat.tables import entries
from chat.tables import rooms as rooms_table
from matcher import watched, watching
from matcher.floods import FLOOD, JOINING, REPEATS
from matcher.newcomers import MANY, SHORT
from matcher.tables import watched as watched_table
from matcher.watching import PAGE
from tests.circle import Circle
from tests.watch import CRY, found, leased, until_quiet, watching_in
from tests.words import words


async def test_what_is_taken_back_or_edited_away_before_it_is_read_is_found(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    person, other = await place.person(), await place.person()
    room = await place.room(person, other)
    said = await place.say(room, person, words(CRY))
    await place.say(room, person, words("never mind"), edits=said)
    harmless = await place.say(room, other, words("hello"))
    edited = await place.say(room, other, words("i will kill you"), edits=harmless)
    await until_quiet(watching_in(sqlite_circle))
    assert [(one[0], one[2]) for one in await found(sqlite_circle)] == [("crisis_now", said), ("threat", edited)]


async def test_contacts_and_the_course_of_a_chat_are_looked_for_in_one_to_ones_alone(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    one, other = await place.person(), await place.person()
    room = await place.room(one, other)
    chat = await place.one_to_one(one, other)
    watcher = watching_in(sqlite_circle)
    for text in ("how old are you", "call me on 040 123 4567", "our little secret"):
        await place.say(room, one, words(text))
        await place.say(chat, one, words(text))
        await place.say(chat, other, words())
        await until_quiet(watcher)
    assert sorted((code, subject) for code, subject, _, _ in await found(sqlite_circle)) == [
        ("contact", one),
        ("minor", one),
    ]
    assert {row.room for row in await place.rows(cases_table)} == {chat}


async def test_floods_repeats_and_a_burst_of_joining_are_found_without_their_words(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    people = [await place.person() for _ in range(JOINING + 1)]
    room = await place.room(*people[:2], capacity=50)
    for _ in range(FLOOD):
        await place.say(room, people[0], words())
    text = words()
    for _ in range(REPEATS):
        await place.say(room, people[1], text)
    await until_quiet(watching_in(sqlite_circle))
    assert {(one[0], one[1]) for one in await found(sqlite_circle)} == {("flood", people[0]), ("repeat", people[1])}
    other = await place.room(*people[:1], capacity=50)
    for person in people[1:]:
        async with place.store.transaction() as tx:
            await rooms.join(tx, other, person)
    await until_quiet(watching_in(sqlite_circle))
    [burst] = [one for one in await place.rows(cases_table) if one.code == "joining"]
    assert (burst.room, burst.subject) == (other, None)


async def test_who_drops_one_newcomer_after_another_is_found(circle: Circle) -> None:
    place = circle.place
    peer = await place.person()
    for n in range(MANY):
        chat = await place.one_to_one(await place.person(), peer)
        async with place.store.transaction() as tx:
            await rooms.leave(tx, chat, peer)
        await until_quiet(watching_in(circle))
        assert [one[:2] for one in await found(circle)] == ([] if n < MANY - 1 else [("newcomers", peer)])


async def test_chats_that_were_talked_through_are_not_counted(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    peer = await place.person()
    for _ in range(MANY):
        seeker = await place.person()
        chat = await place.one_to_one(seeker, peer)
        for _ in range(SHORT):
            await place.say(chat, seeker, words())
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(entries).where(entries.c.room == chat).values(at=entries.c.at - 3_600_000))
            await rooms.leave(tx, chat, peer)
    await until_quiet(watching_in(sqlite_circle))
    assert [one for one in await found(sqlite_circle) if one[0] == "newcomers"] == []


async def test_two_processes_share_the_rooms_and_nothing_is_skipped_or_doubled(circle: Circle) -> None:
    place = circle.place
    said: set[tuple[RoomId, int]] = set()
    for _ in range(12):
        person = await place.person()
        room = await place.room(person)
        said |= {(room, await place.say(room, person, words(CRY))) for _ in range(2)}
    one, other = watching_in(circle), watching_in(circle)
    looked = await asyncio.gather(*(until_quiet(each) for each in (one, other, one, other)))
    assert sum(looked) == len(said) + 12, "each entry once; that somebody came in is one as well"
    rows = await place.rows(cases_table)
    assert (len(rows), {row.times for row in rows}) == (12, {2})


async def test_who_has_lost_its_lease_keeps_nothing_and_the_next_one_raises_it_once(circle: Circle) -> None:
    place = circle.place
    person = await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words(CRY))
    frozen = await leased(circle, lease_s=0)
    await asyncio.sleep(0.002)  # the database's clock has moved past the lease
    assert await until_quiet(watching_in(circle)) == said
    assert len(await found(circle)) == 1
    later = await place.say(room, person, words("i will kill you"))
    await until_quiet(watching_in(circle))
    await watching_in(circle).look(frozen)
    assert [one[2:] for one in await found(circle)] == [(said, 1), (later, 1)]
    async with place.store.transaction() as tx:
        assert not await watched.move(tx, frozen[0], said), "nor is the cursor put back"
    assert [row.seq for row in await place.rows(watched_table)] == [later]
    assert len(await place.keys.owners("case")) == 2


async def test_an_old_timeline_is_passed_over_and_a_room_whose_beginning_is_gone_is_read(circle: Circle) -> None:
    place = circle.place
    person = await place.person()
    room = await place.room(person)
    await place.say(room, person, words(CRY))
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).values(at=entries.c.at - watching.LATE_MS - 1000))
        await tx.execute(sa.update(rooms_table).where(rooms_table.c.id == room).values(last_seq=3 * PAGE))
    said = await place.say(room, person, words(CRY))
    while not await found(circle):
        await watching_in(circle).beat()
    assert [one[2] for one in await found(circle)] == [said]


async def test_a_room_that_is_flooded_takes_its_turn_with_the_others(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    person = await place.person()
    flooded, quiet = await place.room(person), await place.room(person)
    await fill(sqlite_circle, flooded, person, 3 * PAGE)
    await place.say(quiet, person, words(CRY))
    await watching_in(sqlite_circle).beat()
    assert [row.seq for row in await place.rows(watched_table, watched_table.c.room == flooded)] == [PAGE]
    assert [one[0] for one in await found(sqlite_circle)] == ["crisis_now"]


async def test_hints_wake_it_and_without_hints_the_beat_does(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    person = await place.person()
    hinted, lost = await place.room(person), await place.room(person)
    watcher = watching_in(sqlite_circle)
    task = asyncio.create_task(watcher.run())
    try:
        for room, tells in ((hinted, True), (lost, False)):
            await place.say(room, person, words(CRY))
            if tells:
                watcher.hint([room])
            async with asyncio.timeout(watching.BEAT_S + 5):
                while room not in {row.room for row in await place.rows(cases_table)}:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    finally:
        task.cancel()


async def fill(circle: Circle, room: RoomId, person: PersonId, last: int) -> None:
    """Let many entries of no words stand in a room."""
    rows: Sequence[dict[str, object]] = [
        {"room": room, "seq": seq, "kind": "read", "author": person, "at": 1} for seq in range(2, last + 1)
    ]
    async with circle.place.store.transaction() as tx:
        await tx.execute(entries.insert(), rows)
        await tx.execute(sa.update(rooms_table).where(rooms_table.c.id == room).values(last_seq=last))
