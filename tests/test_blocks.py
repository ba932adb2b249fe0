"""Blocks: never matched again, in either direction, and nobody can tell."""

from dataclasses import replace

import pytest

from chat import rooms
from chat.ids import Millis, PersonId
from chat.refusals import NotAMember
from chat.tables import rooms as rooms_table
from matcher import blocks
from matcher.requests import RequestId
from matcher.tables import offers as table
from tests.circle import Circle
from tests.test_offers import accept, tried


async def block(circle: Circle, person: PersonId, other: PersonId) -> None:
    async with circle.place.store.transaction() as tx:
        await blocks.block(tx, person, other)


async def test_a_seeker_never_gets_whom_they_blocked(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank"), await circle.seeker()
    await block(circle, seeker, peer)
    await block(circle, seeker, peer)
    await circle.ask(seeker, "I drank")
    matching = circle.matching()
    await matching.beat()
    assert await circle.standing(peer) == []
    other = await circle.peer("I fell")
    await circle.look_again()
    await matching.beat()
    assert await circle.standing(peer) == []
    assert len(await circle.standing(other)) == 1


async def test_to_the_seeker_a_block_a_full_peer_and_nobody_look_alike(circle: Circle) -> None:
    seen = []
    for how in ("blocked", "busy", "absent"):
        peer, seeker = await circle.peer("I drank"), await circle.seeker()
        if how == "blocked":
            await block(circle, peer, seeker)
        elif how == "busy":
            await circle.place.one_to_one(await circle.seeker(), peer)
        else:
            await circle.available(peer, "away")
        await circle.ask(seeker, "I drank")
        await circle.matching().beat()
        assert await circle.standing(peer) == []
        told = await circle.request(seeker)
        seen.append(replace(told, request=RequestId(0), made_at=Millis(0), waited_s=0, kept_until=Millis(0)))
        await circle.available(peer, "away")
    assert seen[0] == seen[1] == seen[2]


async def test_a_peer_is_not_burdened_by_what_they_are_not_asked(circle: Circle) -> None:
    peer, blocked, welcome = await circle.peer("I drank"), await circle.seeker(), await circle.seeker()
    await block(circle, peer, blocked)
    await circle.ask(blocked, "I drank")
    await circle.ask(welcome, "I drank")
    await circle.matching().beat()
    assert len(await circle.standing(peer)) == 1
    assert [row.seeker for row in await circle.place.rows(table, table.c.state == "offered")] == [welcome]


@pytest.mark.parametrize("by_peer", [True, False])
async def test_a_block_closes_the_offer_and_the_chat_between_the_two(circle: Circle, by_peer: bool) -> None:
    peer, seeker = await circle.peer(capacity=2), await circle.seeker()
    room = await accept(circle, peer, await circle.offered(seeker, peer))
    await circle.available(peer, "open", 2)
    offer = None
    await circle.ask(seeker)
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "unfit"  # they talk already
    other = await circle.peer()
    assert await circle.make(held, other) == "offered"
    offer = (await circle.standing(other))[0]
    await block(circle, *((peer, seeker) if by_peer else (seeker, peer)))
    await block(circle, *((other, seeker) if by_peer else (seeker, other)))
    assert (await circle.place.rows(rooms_table, rooms_table.c.id == room))[0].state == "closed"
    assert await tried(accept(circle, other, offer)) == "gone"
    closed = (await circle.place.inbox(other))[-1]
    assert (closed.kind, closed.ref, closed.code) == ("closed", offer, "ended")
    assert (await circle.request(seeker)).state == "waiting"


async def test_a_block_that_comes_while_the_offer_is_taken_leaves_no_open_chat(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    room = await accept(circle, peer, offer)
    await block(circle, seeker, peer)
    async with circle.place.store.reading() as tx:
        assert [one.person for one in await rooms.members(tx, room)] == [peer]
    assert (await circle.place.rows(rooms_table, rooms_table.c.id == room))[0].state == "closed"


async def test_a_block_can_be_taken_back_and_listed_and_not_put_on_oneself(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank"), await circle.seeker()
    await block(circle, seeker, peer)
    async with circle.place.store.transaction() as tx:
        assert [person for person, _ in await blocks.blocked(tx, seeker)] == [peer]
        assert await blocks.blocked(tx, peer) == []
        await blocks.unblock(tx, seeker, peer)
    await circle.ask(seeker, "I drank")
    await circle.matching().beat()
    assert len(await circle.standing(peer)) == 1
    for wrong in (seeker, PersonId(7)):
        with pytest.raises(NotAMember):
            await block(circle, seeker, wrong)
