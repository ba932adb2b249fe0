"""Raids: what guarding a room keeps out, hides and leaves alone, and that undoing it brings back that and no more."""

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from chat import door, moderation, raids, rooms, timeline
from chat.door import PROBATION_MS
from chat.ids import ActId, PersonId, RoomId, Seq
from chat.protocol import Retract
from chat.refusals import NotAllowed, NotAMember, RoomClosed
from chat.staff_commands import Guard, LetIn, Remove, Undo
from chat.tables import acts, audit, entries, lobby, memberships, people
from chat.tables import rooms as rooms_table
from chat.talk import retract
from tests.place import WHY, Place
from tests.test_group import code, speaking
from tests.test_moderation_acts import act, refusal_of, texts, undo
from tests.words import words

LONG_AGO = 2 * PROBATION_MS


async def guard(place: Place, by: PersonId, room: RoomId, minutes: int = 30) -> ActId:
    return await act(place, by, Guard(room=room, minutes=minutes, **WHY))


async def age(place: Place, *persons: PersonId, room: RoomId | None = None, by_ms: int = LONG_AGO) -> None:
    """Let people have come so long ago: to this house, or into a room."""
    async with place.store.transaction() as tx:
        if room is None:
            await tx.execute(
                sa.update(people).where(people.c.id.in_(persons)).values(created_at=people.c.created_at - by_ms)
            )
        else:
            stays = sa.and_(memberships.c.room == room, memberships.c.person.in_(persons))
            await tx.execute(sa.update(memberships).where(stays).values(since_at=memberships.c.since_at - by_ms))


async def settled(place: Place, room: RoomId, *persons: PersonId) -> None:
    """Let people be in a room for long."""
    for person in persons:
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, person)
    await age(place, *persons)
    await age(place, *persons, room=room)


async def waiting(place: Place, room: RoomId) -> list[PersonId]:
    async with place.store.reading() as tx:
        return [one.person for one in await door.waiting(tx, room)]


async def inside(place: Place, room: RoomId) -> set[int]:
    async with place.store.reading() as tx:
        return {one.person for one in await rooms.members(tx, room)}


async def raid(place: Place, room: RoomId, count: int, each: int = 1) -> list[PersonId]:
    """Let so many come into a room and say something."""
    raiders = [await place.person() for _ in range(count)]
    for raider in raiders:
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, raider)
        for _ in range(each):
            await place.say(room, raider, words())
    return raiders


async def test_who_is_new_waits_in_the_lobby_and_what_they_said_is_hidden(place: Place) -> None:
    moderator, old = await place.person("moderator"), await place.person()
    room = await place.room(capacity=20)
    await settled(place, room, old)
    await place.say(room, old, kept := words())
    raiders = await raid(place, room, 3, each=2)
    made = await guard(place, moderator, room)
    assert await texts(place, room) == [kept]
    assert await inside(place, room) == {old} and set(await waiting(place, room)) == set(raiders)
    assert [await refusal_of(place, room, one) for one in (old, *raiders)] == ["", *[NotAMember.code] * 3]
    late = await place.person()
    assert await refusal_of(place, room, late, joins=True) == "" and await inside(place, room) == {old}
    assert (await waiting(place, room))[-1] == late
    told = await place.read(room)
    assert [one.seq for one in told] == list(range(1, len(told) + 1))
    assert ("notice", made, "guarded") in [(one.kind, one.ref, one.code) for one in told]
    assert {one.code for one in told if one.kind == "left"} == {"lobby"}
    [row] = await place.rows(acts)
    assert (row.id, row.kind, row.rule, row.made_by, row.amount) == (made, "guarded", "kindness", moderator, 30)
    assert row.until is not None
    assert [(one.kind, one.ref, one.author) for one in (await place.desk())[1:]] == [("guarded", made, moderator)]
    [kept_row] = await place.rows(audit, audit.c.ref == made)
    assert (kept_row.act, kept_row.actor, kept_row.room) == ("guarded", moderator, room)


async def test_words_of_whom_it_is_not_about_and_older_ones_stay(place: Place) -> None:
    """Somebody of standing, somebody with a role who has just come, and what was said before the time that counts."""
    moderator, peer = await place.person("moderator"), await place.person("peer")
    old, new = await place.person(), await place.person()
    room = await place.room(capacity=20)
    await settled(place, room, old)
    for one in (peer, new):
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, one)
    kept = [words() for _ in range(3)]
    before = await place.say(room, new, kept[0])
    for one, text in ((old, kept[1]), (peer, kept[2]), (new, words())):
        await place.say(room, one, text)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).where(entries.c.room == room, entries.c.seq == before).values(at=1))
    await guard(place, moderator, room)
    assert await texts(place, room) == kept and await inside(place, room) == {old, peer}


async def test_words_that_were_changed_lately_are_hidden_as_what_is_said_is(place: Place) -> None:
    moderator, new = await place.person("moderator"), await place.person()
    room = await place.room(new)
    said = await place.say(room, new, words())
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).where(entries.c.seq == said).values(at=1))
    await place.say(room, new, newest := words(), edits=said)
    made = await guard(place, moderator, room)
    assert await texts(place, room) == []
    await undo(place, moderator, made)
    assert await texts(place, room) == [newest]


async def test_undoing_shows_what_it_hid_and_nothing_else_and_lets_everybody_in(place: Place) -> None:
    moderator, old = await place.person("moderator"), await place.person()
    room = await place.room(capacity=20)
    await settled(place, room, old)
    raiders = await raid(place, room, 3, each=raids.SWEEP // 2)
    said = [one for one in await place.read(room) if one.kind == "said"]
    by_hand, taken, later = said[0], said[1], said[2]
    await act(place, moderator, Remove(room=room, seq=by_hand.seq, **WHY))
    async with place.store.transaction() as tx:
        await retract(tx, PersonId(taken.author), Retract(room=room, seq=taken.seq))
    made = await guard(place, moderator, room)
    assert await texts(place, room) == []
    async with place.store.transaction() as tx:  # asked for before the doors closed
        await tx.lock(rooms_table, [room])
        await timeline.append(tx, room, "retracted", PersonId(later.author), target=Seq(later.seq))
    for _ in range(2):
        await undo(place, moderator, made)
    assert await texts(place, room) == [one.text for one in said[3:]]
    assert await inside(place, room) == {old, *raiders} and await place.rows(lobby) == []
    seqs = [one.seq for one in await place.read(room)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [await refusal_of(place, room, one) for one in raiders] == [""] * 3
    [*_, kept] = await place.rows(audit, audit.c.ref == made)
    assert [one.act for one in await place.rows(audit, audit.c.ref == made)] == [
        "guarded",
        "undone",
    ] and kept.room == room


async def test_a_sweep_or_its_undoing_that_was_cut_off_goes_on_when_it_is_asked_for_again(place: Place) -> None:
    moderator = await place.person("moderator")
    room = await place.room(capacity=20)
    await raid(place, room, 2, each=raids.SWEEP)
    said = await texts(place, room)
    made = await guard(place, moderator, room)
    async with place.store.transaction() as tx:  # as far as one step came
        await tx.lock(rooms_table, [room])
        await timeline.restore(tx, room, made, most=raids.SWEEP)
    assert len(await texts(place, room)) == raids.SWEEP
    assert await guard(place, moderator, room) == made and await texts(place, room) == []
    assert len(await place.rows(acts)) == 1
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).values(undone_at=1, undone_by=moderator))
    await undo(place, moderator, made)
    assert await texts(place, room) == said


async def test_guarding_once_more_reaches_further_and_undoing_it_brings_back_what_was_before(place: Place) -> None:
    moderator, before, lately = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(before, lately)
    await age(place, before, lately)
    await age(place, before, room=room, by_ms=3_600_000)
    await place.say(room, before, kept := words())
    await place.say(room, lately, words())
    first = await guard(place, moderator, room)
    assert await texts(place, room) == [kept] and await waiting(place, room) == [lately]
    second = await guard(place, moderator, room, minutes=120)
    assert second != first and await guard(place, moderator, room, minutes=120) == second
    assert await texts(place, room) == [] and await waiting(place, room) == [before, lately]
    await undo(place, moderator, second)
    assert await texts(place, room) == [kept] and await waiting(place, room) == [lately]
    assert await inside(place, room) == {before}


async def test_only_a_group_room_that_is_open_or_locked_is_guarded(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    one_to_one, room = await place.one_to_one(person, await place.person()), await place.room()
    for bad in (rooms.DESK, RoomId(12345), one_to_one):
        with pytest.raises(NotAMember):
            await guard(place, moderator, bad)
    with pytest.raises(NotAllowed):
        await guard(place, person, room)
    async with place.store.transaction() as tx:
        await rooms.close(tx, room, "organiser")
    with pytest.raises(RoomClosed):
        await guard(place, moderator, room)


async def test_nothing_of_a_raid_is_accepted_once_the_moderator_is_told(place: Place) -> None:
    """Raiders speak in two processes while the doors are closed; the order of commits decides."""
    moderator, old = await place.person("moderator"), await place.person()
    room = await place.room(capacity=20)
    await settled(place, room, old)
    raiders = await raid(place, room, 4, each=0)
    for one in (old, *raiders):
        await place.keys.get(one, "said")
    async with speaking(place, 1000) as here, speaking(place, 1000) as there, asyncio.TaskGroup() as tasks:
        every: Sequence[PersonId] = raiders * 30
        says = [tasks.create_task(side.say(room, one)) for one in every for side in (here, there)]
        theirs = [tasks.create_task(side.say(room, old)) for side in [here, there] * 20]
        await says[0]
        made = await guard(place, moderator, room)
        later = [tasks.create_task(side.say(room, one)) for one in raiders for side in (here, there)]
        still = [tasks.create_task(side.say(room, old)) for side in (here, there)]
    assert {code(one.result()) for one in later} == {NotAMember.code}
    assert {code(one.result()) for one in (*theirs, *still)} == {"said"}
    [row] = await place.rows(acts, acts.c.id == made)
    kept = [one for one in await place.read(room) if one.kind == "said"]
    assert [one.author for one in kept if not one.hidden] == [old] * 42
    assert all(one.hidden == "removed" and one.seq <= (row.seq or 0) for one in kept if one.author != old)


async def test_a_reader_may_undo_nothing(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    made = await guard(place, moderator, await place.room())
    with pytest.raises(NotAllowed):
        await moderation.undo(place.store, place.keys, person, Undo(act=made))


async def test_a_room_is_told_once_when_its_doors_are_open_again(place: Place) -> None:
    moderator, old, new = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room()
    await settled(place, room, old)
    made = await guard(place, moderator, room)
    async with place.store.transaction() as tx:
        await rooms.join(tx, room, new)
    before = len(await place.read(room))
    await raids.let_in(place.store, place.keys, moderator, LetIn(room=room, person=new))
    assert "unguarded" not in [one.code for one in await place.read(room)], "somebody came in, and the doors are closed"
    for _ in range(2):
        await raids.let_in(place.store, place.keys, moderator, LetIn(room=room))
    told = [one for one in (await place.read(room))[before:] if one.kind == "notice"]
    assert [(one.code, one.ref, one.author) for one in told] == [("unguarded", made, 0)]
