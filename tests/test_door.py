"""The door of a guarded room: who waits in its lobby, and who comes in from there, and when."""

import pytest
import sqlalchemy as sa

from chat import moderation, raids, rooms
from chat.ids import PersonId, RoomId
from chat.refusals import Gone, NotAllowed, NotAMember, RoomFull
from chat.staff_commands import Expel, LetIn, Lock, Unlock
from chat.tables import acts, audit, hidden, lobby
from chat.tables import rooms as rooms_table
from tests.place import WHY, Place
from tests.test_moderation_acts import act, refusal_of, texts, undo
from tests.test_raids import age, guard, inside, raid, settled, waiting
from tests.words import words


async def let_in(place: Place, by: PersonId, room: RoomId, person: PersonId | None = None) -> int:
    return await raids.let_in(place.store, place.keys, by, LetIn(room=room, person=person))


async def test_leaving_and_coming_back_makes_nobody_older_and_an_old_account_is_not_enough(place: Place) -> None:
    moderator, old = await place.person("moderator"), await place.person()
    ran, sleeper, fresh = [await place.person() for _ in range(3)]
    room = await place.room(ran, sleeper, fresh, capacity=20)
    await settled(place, room, old)
    await age(place, ran, sleeper)  # fresh in the room, with old accounts
    await age(place, fresh, room=room, by_ms=7_200_000)  # in the room for two hours, with an account as old
    for one in (ran, sleeper, fresh):
        await place.say(room, one, words())
    for _ in range(2):
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, ran)
            await rooms.leave(tx, room, old)
        for one in (ran, old):
            assert await refusal_of(place, room, one, joins=True) == ""
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, ran)
    await guard(place, moderator, room)
    assert await texts(place, room) == [], "also what somebody said who has left since"
    for one in (ran, sleeper, fresh):
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, one)
        assert await refusal_of(place, room, one, joins=True) == ""
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, old)
    assert await refusal_of(place, room, old, joins=True) == ""
    assert await inside(place, room) == {old} and set(await waiting(place, room)) == {ran, sleeper, fresh}


async def test_a_moderator_lets_in_one_or_everybody_and_then_what_was_hidden_stays_so(place: Place) -> None:
    moderator, member = await place.person("moderator"), await place.person()
    room = await place.room(capacity=3)
    one, two, three = await raid(place, room, 3)
    made = await guard(place, moderator, room)
    assert await refusal_of(place, room, await place.person(), joins=True) == RoomFull.code, "who waits keeps a seat"
    with pytest.raises(NotAllowed):
        await let_in(place, member, room, one)
    for bad in (rooms.DESK, RoomId(12345)):
        with pytest.raises(NotAMember):
            await let_in(place, moderator, bad)
    await let_in(place, moderator, room, one)
    with pytest.raises(NotAMember):
        await let_in(place, moderator, room, one)
    assert await inside(place, room) == {one} and set(await waiting(place, room)) == {two, three}
    assert await refusal_of(place, room, one) == ""
    await place.ban(three)
    await let_in(place, moderator, room)
    assert await inside(place, room) == {one, two} and await place.rows(lobby) == []
    assert await refusal_of(place, room, await place.person(), joins=True) == ""
    assert [(one.act, one.subject) for one in await place.rows(audit, audit.c.ref == made)] == [
        ("guarded", None), ("let_in", one), ("let_in", None),
    ]  # fmt: skip
    assert await texts(place, room) == []
    await let_in(place, moderator, room)
    await undo(place, moderator, made)
    assert len(await texts(place, room)) == 3, "also when it is over"


async def test_when_the_hour_is_over_the_door_is_open(place: Place) -> None:
    moderator = await place.person("moderator")
    room = await place.room(capacity=2)
    one, two = await raid(place, room, 2)
    await guard(place, moderator, room)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).values(until=1))
    assert await waiting(place, room) == []
    for person in (two, one):
        assert await refusal_of(place, room, person, joins=True) == ""
    assert await inside(place, room) == {one, two} and await place.rows(lobby) == []


async def test_words_that_were_destroyed_are_not_shown_again_and_then_nothing_is_undone(place: Place) -> None:
    moderator = await place.person("moderator")
    room = await place.room()
    raiders = await raid(place, room, 1)
    made = await guard(place, moderator, room)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(hidden).values(destroyed=True))
    with pytest.raises(Gone):
        await undo(place, moderator, made)
    assert await waiting(place, room) == raiders
    await let_in(place, moderator, room)
    assert await inside(place, room) == set(raiders)


async def test_who_leaves_or_is_sent_out_while_they_wait_is_not_brought_in(place: Place) -> None:
    moderator, old = await place.person("moderator"), await place.person()
    left, sent_out, stays = [await place.person() for _ in range(3)]
    room = await place.room(left, sent_out, stays, capacity=20)
    await settled(place, room, old)
    await guard(place, moderator, room)
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, left)
    await act(place, moderator, Expel(person=sent_out, room=room, **WHY))
    assert await waiting(place, room) == [stays]
    await let_in(place, moderator, room)
    assert await inside(place, room) == {old, stays}


async def test_a_room_that_is_guarded_and_locked_is_opened_again_while_somebody_waits(place: Place) -> None:
    moderator, new = await place.person("moderator"), await place.person()
    room = await place.room(new)
    await guard(place, moderator, room)
    await act(place, moderator, Lock(room=room, **WHY))
    await moderation.unlock(place.store, place.keys, moderator, Unlock(room=room))
    [row] = await place.rows(rooms_table, rooms_table.c.id == room)
    assert row.state == "open" and await waiting(place, room) == [new]


async def test_a_full_lobby_keeps_out_who_is_new_and_nobody_who_is_known(place: Place) -> None:
    moderator, old = await place.person("moderator"), await place.person()
    room = await place.room(capacity=3)
    await settled(place, room, old)
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, old)
    await guard(place, moderator, room)
    for _ in range(3):
        assert await refusal_of(place, room, await place.person(), joins=True) == ""
    assert await refusal_of(place, room, await place.person(), joins=True) == RoomFull.code
    assert await refusal_of(place, room, old, joins=True) == ""
    assert await inside(place, room) == {old}


async def test_guarding_again_makes_it_last_longer(place: Place) -> None:
    moderator, new = await place.person("moderator"), await place.person()
    room = await place.room(new)
    made = await guard(place, moderator, room)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).where(acts.c.id == made).values(until=acts.c.until - 59 * 60_000))
    assert await guard(place, moderator, room) == made
    [row] = await place.rows(acts, acts.c.id == made)
    async with place.store.reading() as tx:
        assert row.until > await tx.now() + 59 * 60_000
    assert await waiting(place, room) == [new]


async def test_a_room_is_never_fuller_than_it_holds_and_who_has_waited_longest_comes_in_first(place: Place) -> None:
    """Known people came back while others waited in the lobby, and took their seats."""
    moderator, old, older = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(capacity=4)
    await settled(place, room, old, older)
    for one in (old, older):
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, one)
    made = await guard(place, moderator, room)
    first, second, third = came = [await place.person() for _ in range(3)]
    for one in (*came, old, older):
        assert await refusal_of(place, room, one, joins=True) == ""
    async with place.store.transaction() as tx:
        for since, one in enumerate((third, second, first)):
            await tx.execute(sa.update(lobby).where(lobby.c.person == one).values(since_at=since))
    for _ in range(2):
        assert await let_in(place, moderator, room) == 1
        assert await inside(place, room) == {old, older, third, second} and await waiting(place, room) == [first]
    assert "unguarded" not in [one.code for one in await place.read(room)]
    with pytest.raises(RoomFull):
        await let_in(place, moderator, room, first)
    await undo(place, moderator, made)
    assert first not in await inside(place, room), "nor when it is undone: they come by the door"
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, old)
    assert await refusal_of(place, room, first, joins=True) == ""
    assert await inside(place, room) == {older, third, second, first} and await place.rows(lobby) == []
