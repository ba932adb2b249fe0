"""Calls: a peer who needs a second is in the queue at once, and nothing that was said goes along."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import calls, cases, moderation, queue, rooms
from chat.ids import CaseId, PersonId, RoomId
from chat.journal import Journal
from chat.protocol import Call, Level
from chat.refusals import NotAMember, TooFast
from chat.staff_commands import Claim, Close, Mute
from chat.tables import audit, evidence, memberships
from chat.tables import cases as cases_table
from tests.place import Place
from tests.words import words


async def call(place: Place, caller: PersonId, room: RoomId, level: Level = "other") -> CaseId:
    return await calls.call(place.store, place.keys, caller, Call(room=room, level=level))


async def test_a_peer_calls_and_the_queue_says_who_and_where_and_no_word(place: Place) -> None:
    moderator, seeker, peer = await place.person("moderator"), await place.person(), await place.person("peer")
    room = await place.one_to_one(seeker, peer)
    await place.say(room, seeker, words())
    case = await call(place, peer, room, "imminent")
    async with place.store.reading() as tx:
        [card] = await queue.queue(tx, moderator)
    assert (card.id, card.kind, card.level, card.room, card.place) == (case, "call", "imminent", room, "one_to_one")
    assert card.subject is None and card.caller_name
    told = (await place.desk())[-1]
    assert (told.kind, told.ref, told.code, told.author) == ("called", case, "imminent", 0)
    [row] = await place.rows(audit, audit.c.act == "called")
    assert (row.actor, row.room, row.ref) == (peer, room, case)
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    opened = await cases.open_case(place.store, place.keys, moderator, case)
    assert (opened.evidence, opened.reason, opened.seq) == ((), "", None)
    assert await place.rows(evidence) == []


async def test_calling_again_is_the_same_call_until_it_is_closed(place: Place) -> None:
    moderator, peer = await place.person("moderator"), await place.person("peer")
    room = await place.one_to_one(await place.person(), peer)
    made = await asyncio.gather(*(call(place, peer, room) for _ in range(4)))
    assert len(set(made)) == 1
    assert await place.keys.owners("case") == set(made)
    await cases.claim(place.store, place.keys, moderator, Claim(case=made[0]))
    assert await call(place, peer, room) == made[0]
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(
        place.store, place.keys, journal, moderator, Close(case=made[0], outcome="talked", reason=words())
    )
    assert [(one.kind, one.ref, one.code) for one in (await place.inbox(peer))[-1:]] == [("notice", made[0], "talked")]
    assert await call(place, peer, room) != made[0]


async def test_only_the_peer_of_a_chat_and_the_leader_of_a_room_call(place: Place) -> None:
    seeker, peer, other = await place.person(), await place.person("peer"), await place.person("peer")
    chat = await place.one_to_one(seeker, peer)
    group = await place.room(seeker, peer)
    for caller, room in ((seeker, chat), (seeker, group), (peer, group)):
        with pytest.raises(NotAMember):
            await call(place, caller, room)
    for room in (chat, RoomId(12345), rooms.DESK):
        with pytest.raises(NotAMember):
            await call(place, other, room)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(memberships).where(memberships.c.room == group).values(part="leader"))
    assert await call(place, peer, group)
    async with place.store.transaction() as tx:
        await rooms.leave(tx, chat, peer)
    with pytest.raises(NotAMember):
        await call(place, peer, chat)
    assert len(await place.keys.owners("case")) == 1, "a refused call leaves no key"


async def test_a_muted_peer_may_call(place: Place) -> None:
    moderator, peer = await place.person("supervisor"), await place.person()
    room = await place.one_to_one(await place.person(), peer)
    command = Mute(person=peer, minutes=5, rule="kindness", reason=words(), room=room)
    await moderation.act(place.store, place.keys, moderator, command)
    assert await call(place, peer, room)


async def test_calls_are_counted_with_reports(place: Place) -> None:
    peer = await place.person("peer")
    for _ in range(cases.REPORTS_PER_HOUR):
        await call(place, peer, await place.one_to_one(await place.person(), peer))
    with pytest.raises(TooFast):
        await call(place, peer, await place.one_to_one(await place.person(), peer))
    assert len(await place.rows(cases_table)) == cases.REPORTS_PER_HOUR
