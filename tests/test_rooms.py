"""Rooms: ranges of membership, capacity, closing, and one-to-ones that open for both or neither."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import access, door, history, people, rooms, timeline
from chat.ids import PersonId, RoomId, Seq
from chat.refusals import NotAllowed, NotAMember, RoomClosed, RoomFull, TooFast
from chat.tables import memberships
from chat.tables import rooms as rooms_table
from tests.place import Place
from tests.words import words


async def join(place: Place, room: RoomId, person: PersonId) -> access.Membership:
    async with place.store.transaction() as tx:
        return await rooms.join(tx, room, person)


async def leave(place: Place, room: RoomId, person: PersonId) -> None:
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, person)


async def test_a_newcomer_sees_as_many_earlier_entries_as_the_room_shows(place: Place) -> None:
    first, second = await place.person(), await place.person()
    room = await place.room(first, shown=3)
    for _ in range(10):
        await place.say(room, first, words())  # seqs 2-11, after `joined`
    membership = await join(place, room, second)
    assert (membership.from_seq, membership.to_seq) == (9, None)
    assert (await place.read(room))[-1].kind == "joined"


async def test_joining_twice_is_one_membership_and_one_entry(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    again = await join(place, room, person)
    assert again.from_seq == 1
    assert [entry.kind for entry in await place.read(room)] == ["joined"]


async def test_who_comes_back_does_not_see_what_was_said_before_they_had_left(place: Place) -> None:
    first, second = await place.person(), await place.person()
    room = await place.room(first, second)
    await leave(place, room, second)  # seq 3
    await place.say(room, first, words())
    assert (await join(place, room, second)).from_seq == 4
    async with place.store.reading() as tx:
        ranges = await access.memberships_of(tx, room, second)
    assert [(one.from_seq, one.to_seq) for one in ranges] == [(1, 3), (4, None)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite a page reads one snapshot
async def test_who_leaves_while_a_page_is_read_gets_nothing_said_after_it(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with place.store.transaction() as tx:
        await tx.execute(sa.text("lock table rooms in access exclusive mode"))
        reading = asyncio.ensure_future(history.page(place.store, place.keys, room, b))
        await place.until_one_waits()
        await rooms.leave(tx, room, b)
        await timeline.append(tx, room, "notice")
    async with asyncio.timeout(5):
        page = await reading
    assert [entry.kind for entry in page.entries] == ["joined", "joined", "left"]
    assert page.last == 3


async def test_leaving_twice_is_harmless_and_a_stranger_cannot_leave(place: Place) -> None:
    person, stranger = await place.person(), await place.person()
    room = await place.room(person)
    await leave(place, room, person)
    await leave(place, room, person)
    assert [entry.kind for entry in await place.read(room)] == ["joined", "left"]
    with pytest.raises(NotAMember):
        await leave(place, room, stranger)
    with pytest.raises(NotAMember):
        await leave(place, RoomId(12345), stranger)


async def test_a_room_never_holds_more_than_its_capacity(place: Place) -> None:
    crowd = [await place.person() for _ in range(6)]
    room = await place.room(capacity=3)
    came = await asyncio.gather(*(join(place, room, one) for one in crowd), return_exceptions=True)
    assert sorted(type(one).__name__ for one in came) == ["Membership"] * 3 + ["RoomFull"] * 3
    assert any(isinstance(one, RoomFull) for one in came)
    assert len(await place.rows(memberships, memberships.c.room == room)) == 3


async def test_who_comes_and_goes_again_and_again_waits_a_while_and_holds_nobody_else_up(place: Place) -> None:
    restless, other = await place.person(), await place.person()
    room = await place.room()
    for _ in range(door.COMINGS):
        await join(place, room, restless)
        await leave(place, room, restless)
    with pytest.raises(TooFast) as refused:
        await join(place, room, restless)
    assert refused.value.retry_after is not None and 0 < refused.value.retry_after <= door.COMINGS_MS / 1000
    await join(place, room, other)
    await join(place, await place.room(), restless)
    async with place.store.transaction() as tx:
        ours = sa.and_(memberships.c.room == room, memberships.c.person == restless)
        await tx.execute(sa.update(memberships).where(ours).values(since_at=memberships.c.since_at - door.COMINGS_MS))
    await join(place, room, restless)


async def test_a_closed_room_takes_nobody_in_and_closes_once(place: Place) -> None:
    first, second = await place.person(), await place.person()
    room = await place.room(first)
    for _ in range(2):
        async with place.store.transaction() as tx:
            await rooms.close(tx, room, "done")
    assert [entry.kind for entry in await place.read(room)] == ["joined", "closed"]
    with pytest.raises(RoomClosed):
        await join(place, room, second)


async def test_nobody_joins_an_inbox_the_desk_or_a_one_to_one_or_leaves_their_inbox(place: Place) -> None:
    first, second, third = [await place.person() for _ in range(3)]
    one_to_one = await place.one_to_one(first, second)
    async with place.store.reading() as tx:
        inbox = (await people.find(tx, first)).inbox
    for room in (inbox, rooms.DESK, one_to_one, RoomId(12345)):
        with pytest.raises(NotAMember):
            await join(place, room, third)
    with pytest.raises(NotAllowed):
        await leave(place, inbox, first)


async def test_a_one_to_one_opens_for_both_at_once_and_closes_when_one_leaves(place: Place) -> None:
    seeker, peer = await place.person(), await place.person("peer")
    room = await place.one_to_one(seeker, peer)
    for person in (seeker, peer):
        assert [(one.kind, one.ref) for one in await place.inbox(person)] == [("opened", room)]
    async with place.store.reading() as tx:
        assert {(one.person, one.part) for one in await rooms.members(tx, room)} == {(seeker, "seeker"), (peer, "peer")}
    await leave(place, room, seeker)
    assert [entry.kind for entry in await place.read(room)] == ["opened", "left", "closed"]
    assert (await place.rows(rooms_table, rooms_table.c.id == room))[0].state == "closed"


async def test_the_list_does_not_tell_a_stranger_when_a_room_is_active(place: Place) -> None:
    member, stranger = await place.person(), await place.person()
    room = await place.room(member)
    await place.say(room, member, words())
    async with place.store.reading() as tx:
        [mine] = await rooms.listing(tx, member)
        [seen] = await rooms.listing(tx, stranger)
    assert (mine.id, mine.member, mine.last_seq, mine.read_seq, mine.people) == (room, True, 2, 1, 1)
    assert (seen.id, seen.member, seen.last_seq, seen.read_seq) == (room, False, 0, 0)


async def test_the_list_names_the_other_in_a_one_to_one_and_ends_where_one_left(place: Place) -> None:
    seeker, peer, stranger = [await place.person() for _ in range(3)]
    room = await place.one_to_one(seeker, peer)
    await leave(place, room, seeker)
    async with place.store.reading() as tx:
        name = (await people.find(tx, peer)).nickname
        [card] = await rooms.listing(tx, seeker)
        assert await rooms.listing(tx, stranger) == []
    assert (card.name, card.kind, card.member, card.last_seq, card.state) == (name, "one_to_one", False, 2, "closed")


async def test_a_read_mark_goes_forward_only_and_not_beyond_the_end(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    for _ in range(3):
        await place.say(room, person, words())
    for asked, stands in ((3, 3), (2, 3), (999, 4)):
        async with place.store.transaction() as tx:
            await rooms.mark_read(tx, room, person, Seq(asked))
            assert (await access.require_member(tx, room, person)).read_seq == stands
