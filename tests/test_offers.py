"""Offers: one peer at a time, one who wins, capacity that holds under every race."""

import asyncio
from collections.abc import Awaitable

import pytest
import sqlalchemy as sa

from chat import people, rooms
from chat.ids import PersonId, RoomId
from chat.protocol import Entry
from chat.refusals import Gone, Muted, NotAMember, Refusal
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from matcher import offers, requests
from matcher.requests import OfferId
from matcher.tables import requests as requests_table
from tests.circle import Circle
from tests.test_profiles import mute


async def accept(circle: Circle, peer: PersonId, offer: OfferId) -> RoomId:
    async with circle.place.store.transaction() as tx:
        return await offers.accept(tx, peer, offer)


async def decline(circle: Circle, peer: PersonId, offer: OfferId) -> None:
    async with circle.place.store.transaction() as tx:
        await offers.decline(tx, peer, offer)


async def tried(doing: Awaitable[object]) -> str:
    """Return what came of it: `done` or a refusal's code."""
    try:
        await doing
    except Refusal as refusal:
        return refusal.code
    return "done"


def told(entries: list[Entry]) -> list[tuple[str, int, str]]:
    return [(one.kind, one.ref, one.code) for one in entries]


async def test_an_accepted_offer_opens_a_chat_and_both_are_told(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    room = await accept(circle, peer, offer)
    assert told(await circle.place.inbox(seeker)) == [("opened", room, "")]
    assert told(await circle.place.inbox(peer)) == [
        ("offered", offer, ""), ("opened", room, ""), ("closed", offer, "accepted"),
    ]  # fmt: skip
    async with circle.place.store.reading() as tx:
        inside = {(one.person, one.part) for one in await rooms.members(tx, room)}
    assert inside == {(seeker, "seeker"), (peer, "peer")}
    standing = await circle.request(seeker)
    assert (standing.state, standing.room) == ("accepted", room)
    row = (await circle.place.rows(requests_table))[0]
    assert (row.body, row.vector) == (None, None)


async def test_accepting_twice_leads_to_the_same_chat_and_opens_no_second(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    opened = await asyncio.gather(*(accept(circle, peer, offer) for _ in range(4)))
    assert len(set(opened)) == 1
    assert len(await circle.place.rows(rooms_table, rooms_table.c.kind == "one_to_one")) == 1


async def test_a_declined_offer_costs_nothing_and_the_request_goes_on_at_once(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await decline(circle, peer, offer)
    await decline(circle, peer, offer)
    assert (await circle.request(seeker)).state == "waiting"
    assert await circle.lease() is not None
    assert told(await circle.place.inbox(peer))[-1] == ("closed", offer, "declined")
    assert await circle.place.inbox(seeker) == []
    assert await tried(accept(circle, peer, offer)) == "gone"


async def test_an_offer_that_is_over_can_no_longer_be_taken(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await circle.offers_run_out()
    with pytest.raises(Gone):
        await accept(circle, peer, offer)
    assert await circle.standing(peer) == []
    for _ in range(2):
        async with circle.place.store.transaction() as tx:
            await offers.expire(tx, offer)
    assert told(await circle.place.inbox(peer)) == [("offered", offer, ""), ("closed", offer, "ended")]
    assert (await circle.request(seeker)).state == "waiting"


async def test_another_peers_offer_looks_like_none(circle: Circle) -> None:
    peer, other, seeker = await circle.peer(), await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    for wrong in (offer, OfferId(12345)):
        for act in (accept, decline):
            with pytest.raises(NotAMember):
                await act(circle, other, wrong)


async def test_accepting_and_withdrawing_at_once_one_wins(circle: Circle) -> None:
    for _ in range(4):
        peer, seeker = await circle.peer(), await circle.seeker()
        offer = await circle.offered(seeker, peer)
        async with circle.place.store.transaction() as tx:
            await tx.lock(people_table, [seeker])  # both begin, and neither can go on before the other has begun

            async def withdraw(seeker: PersonId = seeker) -> None:
                async with circle.place.store.transaction() as mine:
                    await requests.withdraw(mine, seeker)

            both = asyncio.gather(tried(accept(circle, peer, offer)), tried(withdraw()))
            await asyncio.sleep(0)
        taken, _ = await both
        state = (await circle.request(seeker)).state
        assert (taken, state) in (("done", "accepted"), ("gone", "withdrawn"))
        opened = [one for one in await circle.place.inbox(seeker) if one.kind == "opened"]
        assert len(opened) == (1 if taken == "done" else 0)


async def test_capacity_holds_when_many_matchers_offer_to_one_peer_at_once(circle: Circle) -> None:
    peer = await circle.peer(capacity=2)
    for _ in range(6):
        await circle.ask(await circle.seeker())
    leases = [one for one in [await circle.lease() for _ in range(6)] if one is not None]
    made = await asyncio.gather(*(circle.make(one, peer) for one in leases))
    assert sorted(made) == ["offered"] * 2 + ["unfit"] * 4
    assert len(await circle.standing(peer)) == 2


async def test_capacity_holds_when_it_is_lowered_before_two_are_accepted_at_once(circle: Circle) -> None:
    peer = await circle.peer(capacity=2)
    made = [await circle.offered(await circle.seeker(), peer)]
    await circle.ask(await circle.seeker())
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "offered"
    made = await circle.standing(peer)
    await circle.available(peer, "finishing", 1)
    assert sorted(await asyncio.gather(*(tried(accept(circle, peer, one)) for one in made))) == ["done", "gone"]
    assert len(await circle.place.rows(rooms_table, rooms_table.c.kind == "one_to_one")) == 1


async def test_a_chat_that_ends_makes_room_for_the_next(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    room = await accept(circle, peer, await circle.offered(seeker, peer))
    await circle.ask(await circle.seeker())
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "unfit"
    async with circle.place.store.transaction() as tx:
        await rooms.leave(tx, room, seeker)
    assert await circle.make(held, peer) == "offered"


async def test_a_peer_who_goes_away_gives_back_what_was_offered(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await circle.available(peer, "away")
    assert told(await circle.place.inbox(peer))[-1] == ("closed", offer, "ended")
    assert (await circle.request(seeker)).state == "waiting"
    assert await tried(accept(circle, peer, offer)) == "gone"


async def test_a_peer_who_is_finishing_up_may_still_take_what_is_before_them(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await circle.available(peer, "finishing")
    assert await tried(accept(circle, peer, offer)) == "done"


async def test_a_muted_peer_is_offered_nothing_and_accepts_nothing(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await mute(circle, peer)
    with pytest.raises(Muted):
        await accept(circle, peer, offer)
    await decline(circle, peer, offer)
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "unfit"


async def test_a_seeker_who_is_banned_is_offered_to_nobody(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(people_table).where(people_table.c.id == seeker).values(state="banned"))
    assert await tried(accept(circle, peer, offer)) == "gone"
    await decline(circle, peer, offer)
    held = await circle.lease()
    assert held is not None
    assert await circle.make(held, peer) == "stale"
    assert await circle.lease() is None  # put aside


async def test_a_peer_whose_role_was_taken_can_no_longer_accept(circle: Circle) -> None:
    organiser = await circle.place.person("organiser")
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    async with circle.place.store.transaction() as tx:
        await people.revoke(tx, circle.place.keys, peer, "peer", organiser)
    assert await tried(accept(circle, peer, offer)) == "gone"


async def test_the_desk_shows_only_what_both_let_be_shown(circle: Circle) -> None:
    peer = await circle.peer("I drank", ("topic", "addiction"), ("role", "self"))
    seeker = await circle.seeker()
    await circle.ask(seeker, "secret words", ("topic", "addiction"), ("wish", "be_heard"))
    held = await circle.lease()
    assert held is not None
    await circle.make(held, peer)
    card = (await offers.for_peer(circle.place.store, circle.place.keys, peer))[0]
    assert card.shares == (("topic", "addiction"),)
    assert card.wishes == (("wish", "be_heard"),)
    assert card.text == ""
    assert 0 < card.left_s <= 90
    assert "Zilpzalp" not in repr(card)
