"""Bans: what they end, for how long, and the four eyes of one for good."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import access, bans, moderation, rooms, sessions
from chat.ids import ActId, PersonId
from chat.refusals import (
    Gone,
    NotAllowed,
    NotAMember,
    SignedOut,
)
from chat.staff_commands import Ban, Confirm
from chat.tables import acts
from chat.tables import people as people_table
from tests.place import WHY, Place
from tests.test_moderation_acts import act, refusal_of, undo


async def test_a_ban_ends_sessions_and_memberships_and_holds_until_it_is_over(place: Place) -> None:
    moderator, person, peer = await place.person("moderator"), await place.person(), await place.person()
    room, chat = await place.room(person), await place.one_to_one(person, peer)
    async with place.store.transaction() as tx:
        token = await sessions.open(tx, person)
    made = await act(place, moderator, Ban(person=person, days=14, **WHY))
    longer = await act(place, moderator, Ban(person=person, days=30, **WHY))
    with pytest.raises(SignedOut):
        async with place.store.reading() as tx:
            await sessions.find(tx, token)
    assert await refusal_of(place, room, person, joins=True) == SignedOut.code
    assert [(one.kind, one.code) for one in await place.read(room)] == [("joined", ""), ("left", "banned")]
    assert [one.kind for one in await place.read(chat)] == ["opened", "left", "closed"]
    assert [one.kind for one in await place.inbox(person)] == ["opened", *["banned", "signed_out"] * 2]
    await undo(place, moderator, longer)
    assert await refusal_of(place, room, person, joins=True) == SignedOut.code, "the other one stands"
    await bans.end_due(place.store)
    assert (await place.rows(people_table, people_table.c.id == person))[0].state == "banned"
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).where(acts.c.id == made).values(until=1))
        await tx.execute(sa.update(people_table).where(people_table.c.id == person).values(banned_until=1))
    await bans.end_due(place.store)
    async with place.store.transaction() as tx:
        await sessions.open(tx, person)
    assert await refusal_of(place, room, person, joins=True) == ""


async def test_a_ban_for_good_needs_somebody_else_within_a_day(place: Place) -> None:
    first, second, organiser = [await place.person(role) for role in ("moderator", "supervisor", "organiser")]
    person = await place.person()

    async def confirm(by: PersonId, one: ActId) -> None:
        await moderation.confirm(place.store, place.keys, by, Confirm(act=one, reason="A reason."))

    async def until() -> int | None:
        [row] = await place.rows(people_table, people_table.c.id == person)
        assert row.state == "banned"
        return row.banned_until  # type: ignore[no-any-return]

    made = await act(place, first, Ban(person=person, **WHY))
    assert await until() is not None, "until then it ends by itself"
    async with place.store.reading() as tx:
        assert [(one.act, one.person) for one in await bans.waiting(tx, second)] == [(made, person)]
    for by in (first, organiser, person):
        with pytest.raises(NotAllowed):
            await confirm(by, made)
    with pytest.raises(NotAMember):
        await confirm(second, ActId(12345))
    await confirm(second, made)
    assert await until() is None
    with pytest.raises(Gone):
        await confirm(second, made)
    short = await act(place, first, Ban(person=person, days=14, **WHY))
    late = await act(place, first, Ban(person=person, **WHY))
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).where(acts.c.id == late).values(until=await tx.now()))
    for one in (short, late):
        with pytest.raises(Gone):
            await confirm(second, one)
    await undo(place, first, made)
    assert await until() is not None, "the two weeks stand"
    again = await act(place, first, Ban(person=person, **WHY))
    await undo(place, second, again)
    with pytest.raises(Gone):
        await confirm(second, again)


async def test_of_two_who_confirm_at_once_one_does(place: Place) -> None:
    first, person = await place.person("moderator"), await place.person()
    others = [await place.person("moderator") for _ in range(2)]
    made = await act(place, first, Ban(person=person, **WHY))
    command = Confirm(act=made, reason="A reason.")
    told = await asyncio.gather(
        *(moderation.confirm(place.store, place.keys, one, command) for one in others), return_exceptions=True
    )
    assert sorted(type(one) for one in told if one is not None) == [Gone] and None in told


async def test_a_banned_moderator_who_may_come_again_is_at_the_desk_again(place: Place) -> None:
    organiser, moderator = await place.person("organiser"), await place.person("moderator")
    made = await place.ban(moderator, organiser)
    for is_in in (False, True):
        async with place.store.reading() as tx:
            held = await access.memberships_of(tx, rooms.DESK, moderator)
        assert (held[-1].to_seq is None) == is_in
        await undo(place, organiser, made)
