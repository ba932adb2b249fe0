"""Locking a room and making it slow."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import moderation, rooms
from chat.ids import RoomId
from chat.refusals import (
    NotAMember,
    RoomLocked,
)
from chat.refusals import Slow as TooSlow
from chat.staff_commands import Lock, Slow, Unlock
from chat.tables import rooms as rooms_table
from chat.tables import slow_says
from tests.place import WHY, Place
from tests.test_group import code, speaking
from tests.test_moderation_acts import act, refusal_of, undo


async def test_a_locked_room_takes_nobody_and_no_words_until_it_is_unlocked(place: Place) -> None:
    moderator, person, newcomer = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person)
    for by_command in (False, True):
        made = await act(place, moderator, Lock(room=room, **WHY))
        assert await act(place, moderator, Lock(room=room, **WHY)) == made, "once"
        assert await refusal_of(place, room, person) == RoomLocked.code
        assert await refusal_of(place, room, newcomer, joins=True) == RoomLocked.code
        if by_command:
            await moderation.unlock(place.store, place.keys, moderator, Unlock(room=room))
        else:
            await undo(place, moderator, made)
        assert await refusal_of(place, room, person) == ""
    for bad in (rooms.DESK, RoomId(12345)):
        with pytest.raises(NotAMember):
            await moderation.unlock(place.store, place.keys, moderator, Unlock(room=bad))
        with pytest.raises(NotAMember):
            await act(place, moderator, Lock(room=bad, **WHY))


async def test_a_room_that_is_closed_for_good_is_not_opened_by_undoing(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    made = await act(place, moderator, Lock(room=room, **WHY))
    async with place.store.transaction() as tx:
        await rooms.close(tx, room, "organiser")
    await undo(place, moderator, made)
    assert (await place.rows(rooms_table, rooms_table.c.id == room))[0].state == "closed"


async def test_a_slow_room_takes_one_word_of_each_at_a_time(place: Place) -> None:
    moderator, a, b = await place.person("moderator"), await place.person(), await place.person()
    room, other = await place.room(a, b), await place.room(a, b)
    slowed = await act(place, moderator, Slow(room=room, seconds=600, **WHY))
    await place.keys.get(a, "said")  # at hand from now on: several of one process are in one group
    async with speaking(place, 1000) as here, speaking(place, 1000) as there:
        both = await asyncio.gather(*(one.say(room, a) for one in [here, there] * 5))
        assert sorted(code(one) for one in both) == ["said"] + [TooSlow.code] * 9, "one of them, from either process"
        [wait] = {round((one.retry_after or 0) / 60) for one in both if isinstance(one, TooSlow)}
        assert wait == 10
        assert code(await here.say(room, b)) == "said"
        assert code(await here.say(other, a)) == code(await here.say(other, a)) == "said"
        faster = await act(place, moderator, Slow(room=room, seconds=0, **WHY))
        assert await place.rows(slow_says) == []
        assert code(await there.say(room, a)) == code(await there.say(room, a)) == "said"
        await undo(place, moderator, faster)
        assert [code(await here.say(room, a)) for _ in range(2)] == ["said", TooSlow.code]
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(slow_says).values(at=1))
        assert code(await here.say(room, a)) == "said"
        await undo(place, moderator, slowed)
        assert code(await here.say(room, a)) == "said"
