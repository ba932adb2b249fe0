"""The timeline: numbered without holes, never changed, and told to nobody before it is kept."""

import asyncio
from datetime import UTC

import pytest
import sqlalchemy as sa

from chat import cases, erasure, moderation, rooms, timeline
from chat.ids import PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Edit, React, Report, Retract
from chat.staff_commands import Remove
from chat.store import epoch
from chat.tables import entries
from chat.tables import rooms as rooms_table
from chat.talk import edit, react, retract
from tests.place import Place
from tests.words import words

WORDS = ("body", "mac")
"""What may be destroyed of an entry; nothing else of it is ever written again."""


class Changed(Exception):
    """Ends a transaction, as anything may."""


async def kept(place: Place, room: RoomId) -> dict[int, dict[str, object]]:
    """Return every entry of a room as its row is."""
    return {int(row.seq): dict(row._mapping) for row in await place.rows(entries, entries.c.room == room)}


async def test_whatever_becomes_of_an_entry_its_row_stays_as_it_was_written(place: Place) -> None:
    author, other, moderator = await place.person(), await place.person(), await place.person("moderator")
    room = await place.room(author, other)
    said = [await place.say(room, author, words()) for _ in range(5)]
    before = await kept(place, room)
    key = await place.keys.get(author, "said")
    sealed = timeline.seal(key, room, author, "edit-say-id", words())
    async with place.store.transaction() as tx:
        await edit(tx, author, Edit(room=room, seq=said[0], say_id="edit-say-id", text=""), sealed, 20, 10, UTC)
    async with place.store.transaction() as tx:
        await retract(tx, author, Retract(room=room, seq=said[1]))
    async with place.store.transaction() as tx:
        await react(tx, other, React(room=room, seq=said[2], mark="hug"), 20, 10)
    await moderation.act(
        place.store, place.keys, moderator, Remove(room=room, seq=said[3], rule="kindness", reason=words())
    )
    await cases.report(place.store, place.keys, other, Report(room=room, seq=said[4], reason=words()))
    now = await kept(place, room)
    assert {seq: now[seq] for seq in before} == before, "everything that was done is an entry of its own"
    assert [one["kind"] for seq, one in now.items() if seq not in before] == [
        "edited",
        "retracted",
        "reacted",
        "removed",
    ]
    await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), author)
    await erasure.finish_due(place.store, place.keys, hidden_hours=0)
    after = await kept(place, room)
    for seq, one in now.items():
        assert {name: value for name, value in after[seq].items() if name not in WORDS} == {
            name: value for name, value in one.items() if name not in WORDS
        }
        assert after[seq]["body"] is after[seq]["mac"] is None


async def test_what_is_rolled_back_takes_no_number_and_is_told_to_nobody(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    told: list[dict[RoomId, Seq]] = []
    place.store.listen(told.append)
    with pytest.raises(Changed):
        async with place.store.transaction() as tx:
            await tx.lock(rooms_table, [room])
            assert await timeline.append(tx, room, "notice") == 2
            raise Changed
    assert told == []
    assert await place.say(room, person, words()) == 2
    assert told == [{room: 2}]
    assert [entry.seq for entry in await place.read(room)] == [1, 2]


async def test_whoever_is_told_of_an_entry_can_read_it(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    readings: list[asyncio.Task[list[int]]] = []

    async def seqs() -> list[int]:
        return [entry.seq for entry in await place.read(room)]

    place.store.listen(lambda _: readings.append(asyncio.ensure_future(seqs())))
    async with place.store.transaction() as tx:
        await tx.lock(rooms_table, [room])
        for _ in range(3):
            await timeline.append(tx, room, "notice")
        assert readings == [], "nothing is told inside a transaction"
    assert await asyncio.gather(*readings) == [[1, 2, 3, 4]]


async def test_nothing_is_numbered_without_the_rooms_lock(place: Place) -> None:
    room = await place.room()
    async with place.store.transaction() as tx:
        with pytest.raises(AssertionError):
            await timeline.append(tx, room, "notice")
        with pytest.raises(AssertionError):
            await rooms.leave_all(tx, PersonId(5), "erased")


async def test_no_two_entries_have_one_number_and_no_author_one_say_id_twice(place: Place) -> None:
    """What must be true is a constraint, also for who writes past the code."""
    person = await place.person()
    room, other = await place.room(person), await place.room(person)
    await place.say(room, person, words())
    [row] = await place.rows(entries, entries.c.room == room, entries.c.kind == "said")
    again = dict(row._mapping)
    for change in ({"say_id": "another-say-id"}, {"seq": 99}, {"seq": 99, "room": other}):
        with pytest.raises(sa.exc.IntegrityError):
            async with place.store.transaction() as tx:
                await tx.execute(entries.insert().values(again | change))


async def test_the_epoch_is_the_databases_own_and_on_postgresql_ends_with_its_timeline(place: Place) -> None:
    async with place.store.reading() as tx:
        one = await epoch(tx)
        assert one == await epoch(tx)
        assert (one.rpartition("-")[2] == "00000001") is tx.is_postgresql
    assert len(one) >= 16
