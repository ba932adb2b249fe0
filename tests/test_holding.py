"""Holding a room: of whom it holds what is said, and when, and that every rule of speaking is asked again."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from chat import erasure, held, moderation, rooms, talk
from chat.journal import Journal
from chat.protocol import Edit
from chat.refusals import Gone, LookedAtFirst, Malformed, Muted, NotAMember, Refusal, RoomLocked
from chat.staff_commands import Lock, Mute
from chat.staff_commands import Slow as SlowDown
from chat.tables import entries, memberships, slow_says
from chat.tables import held as held_table
from chat.tables import rooms as rooms_table
from chat.timeline import seal
from tests.place import WHY, Place
from tests.test_group import code
from tests.test_held import ONE, TWO, hold, hours_around, let_through, said, speaking, undo, waiting, waits_in


async def test_nothing_of_a_member_is_said_after_the_room_holds_in_any_process(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room = await place.room(a)
    await place.keys.get(a, "said")
    async with speaking(place) as here, speaking(place) as there, asyncio.TaskGroup() as tasks:
        says = [tasks.create_task(one.say(room, a)) for one in [here, there] * 100]
        await says[0]
        await hold(place, moderator, room)
        newest = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == room)
        async with place.store.reading() as tx:
            last = (await tx.execute(newest)).scalar_one()
        later = [tasks.create_task(one.say(room, a)) for one in [here, there] * 50]
    assert {code(one.result()) for one in later} <= {"held", "too_fast"}, "not all of it waits (see `held.EACH`)"
    kept = await place.read(room)
    assert [one.seq for one in kept] == list(range(1, last + 1)) and kept[-1].code == "holding"
    outcomes = [code(one.result()) for one in says + later]
    assert len(await place.rows(held_table)) == outcomes.count("held")
    assert outcomes.count("said") == len(await said(place, room))


async def test_who_answers_for_the_room_or_leads_it_speaks_as_ever(place: Place) -> None:
    moderator, leader, peer = await place.person("moderator"), await place.person(), await place.person("peer")
    room = await place.room(moderator, leader, peer)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(memberships).where(memberships.c.person == leader).values(part="leader"))
    await hold(place, moderator, room)
    async with speaking(place) as here:
        assert [code(await here.say(room, one)) for one in (moderator, leader, peer)] == ["said", "said", "held"]


async def test_at_night_a_room_holds_and_by_day_it_does_not(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, now = await place.room(a), datetime.now(UTC)
    async with speaking(place) as here:
        by_day = await hold(place, moderator, room, hours_around(now, inside=False))
        assert code(await here.say(room, a)) == "said"
        await hold(place, moderator, room, hours_around(now, inside=True))
        assert code(await here.say(room, a)) == "held"
        async with place.store.reading() as tx:
            [row] = (await tx.execute(sa.select(rooms_table.c.holds).where(rooms_table.c.id == room))).all()
        assert row.holds == hours_around(now, inside=True)
        await undo(place, moderator, by_day)
        lasting = await hold(place, moderator, room)
        assert code(await here.say(room, a)) == "held"
        await undo(place, moderator, lasting)
        assert code(await here.say(room, a)) == "held", "the night stands as before"
    for bad in ("22:00-22:00", "25:00-07:00"):
        with pytest.raises(Malformed):
            await hold(place, moderator, room, bad)
    with pytest.raises(NotAMember):
        await hold(place, moderator, await place.one_to_one(a, await place.person()))


async def test_hours_that_are_set_again_hold_again(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, now = await place.room(a), datetime.now(UTC)
    inside, outside = (hours_around(now, inside=one) for one in (True, False))
    first = await hold(place, moderator, room, inside)
    assert await hold(place, moderator, room, inside) == first, "once"
    await hold(place, moderator, room, outside)
    again = await hold(place, moderator, room, inside)
    assert again != first
    async with speaking(place) as here:
        assert code(await here.say(room, a)) == "held"
        await undo(place, moderator, again)
        assert code(await here.say(room, a)) == "said", "the hours before these count"


@pytest.mark.parametrize("what", ["muted", "left", "locked", "banned", "erased"])
async def test_every_rule_is_asked_before_it_waits_and_again_when_it_is_let_through(place: Place, what: str) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator)
    refused: type[Refusal] = Muted
    if what == "muted":
        await moderation.act(place.store, place.keys, moderator, Mute(person=a, minutes=5, **WHY))
    elif what == "left":
        refused = NotAMember
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, a)
    elif what == "locked":
        refused = RoomLocked
        await moderation.act(place.store, place.keys, moderator, Lock(room=room, **WHY))
    elif what == "banned":
        refused = Gone
        await place.ban(a)
    else:
        refused = NotAMember
        await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), a)
        assert await place.rows(held_table) == [] and await waiting(place, moderator, room) == []
    if what != "erased":
        async with speaking(place) as here:
            assert code(await here.say(room, a)) == ("signed_out" if what == "banned" else refused.code)
    with pytest.raises(refused):
        await let_through(place, moderator, one)
    assert await said(place, room) == []


async def test_what_waits_is_counted_as_what_is_said(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room = await place.room(a)
    await hold(place, moderator, room)
    async with speaking(place, 2) as here:
        assert [code(await here.say(room, a)) for _ in range(4)] == ["held", "held", "too_fast", "too_fast"]


async def test_a_slow_room_that_holds_takes_one_message_of_each_at_a_time(place: Place) -> None:
    moderator, a, b = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(a, b)
    await moderation.act(place.store, place.keys, moderator, SlowDown(room=room, seconds=600, **WHY))
    await hold(place, moderator, room)
    async with speaking(place) as here:
        assert [code(await here.say(room, one)) for one in (a, a, b)] == ["held", "slow", "held"]
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(slow_says).values(at=1))
        assert [code(await here.say(room, a)) for _ in range(2)] == ["held", "slow"]


async def test_nobody_answers_in_a_room_that_holds_what_they_never_saw(place: Place) -> None:
    moderator, before, a = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(before, shown=0)
    unseen = await place.say(room, before, ONE)
    async with place.store.transaction() as tx:
        await rooms.join(tx, room, a)
    seen = await place.say(room, before, TWO)
    await hold(place, moderator, room)
    async with speaking(place) as here:
        outcomes = [code(await here.say(room, a, reply_to=seq)) for seq in (unseen, seen, seen + 100)]
    assert outcomes == ["not_a_member", "held", "not_a_member"]


async def test_what_is_asked_for_every_say_that_waits_and_in_every_sweep_goes_through_an_index(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    explain = "explain " if place.store.is_postgresql else "explain query plan "
    room, plans = await place.room(a), list[str]()
    await hold(place, moderator, room)

    def plan(connection: sa.Connection, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT") and ("FROM held" in statement or "FROM cases" in statement):
            cursor.execute("set local enable_seqscan = off") if place.store.is_postgresql else None
            cursor.execute(explain + statement, values)
            plans.extend(map(str, cursor.fetchall()))

    for engine in (place.store._writer.sync_engine, place.store._reader.sync_engine):
        sa.event.listen(engine, "before_cursor_execute", plan)
    async with speaking(place) as here:
        assert code(await here.say(room, a)) == "held"
    await held.end_due(place.store)
    told = " ".join(plans)
    assert "ix_held_waits" in told and "x_cases_" in told
    assert ("held_author" if place.store.is_postgresql else "sqlite_autoindex_held") in told


async def test_nobody_changes_in_a_room_that_holds_what_was_said_before(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room = await place.room(a)
    seq = await place.say(room, a, ONE)
    await hold(place, moderator, room)
    key = await place.keys.get(a, "said")
    command, sealed = Edit(room=room, seq=seq, say_id="edit-say-id", text=TWO), seal(key, room, a, "edit-say-id", TWO)
    with pytest.raises(LookedAtFirst):
        async with place.store.transaction() as tx:
            await talk.edit(tx, a, command, sealed, 20, 10, UTC)
    assert await said(place, room) == [ONE]
