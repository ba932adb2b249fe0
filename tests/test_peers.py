"""Peers: their rest, what they do not take today, why they are away, and who may talk with minors."""

import pytest

from chat.ids import PersonId
from chat.refusals import Malformed, NotAllowed, NotAMember
from chat.tables import audit
from matcher import offers, peers, requests
from matcher.peers import NOT_TODAY_H, Availability
from matcher.requests import HOUR_MS
from matcher.tables import not_today
from tests.circle import Circle


async def set_to(circle: Circle, peer: PersonId) -> Availability:
    async with circle.place.store.reading() as tx:
        return await peers.availability(tx, peer)


async def test_a_rest_stays_as_it_was_set_until_it_is_set_anew(circle: Circle) -> None:
    peer = await circle.peer()
    for gap, kept in ((30, 30), (None, 30), (0, 0), (60, 60)):
        async with circle.place.store.transaction() as tx:
            await peers.set_availability(tx, peer, "open", 2, gap)
        assert await set_to(circle, peer) == Availability("open", 2, kept)
    for wrong in (1, -15, 61):
        with pytest.raises(Malformed):
            async with circle.place.store.transaction() as tx:
                await peers.set_availability(tx, peer, "open", 2, wrong)


async def test_topics_not_today_are_kept_for_half_a_day_in_place_of_those_before(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    for codes in (["work", "violence"], ["violence"], []):
        async with circle.place.store.transaction() as tx:
            now = await tx.now()
            await peers.set_not_today(tx, circle.tokens, peer, codes)
        async with circle.place.store.reading() as tx:
            assert await peers.topics_not_today(tx, circle.tokens, peer) == frozenset(codes)
        rows = await circle.place.rows(not_today)
        assert all(0 <= row.until - now - NOT_TODAY_H * HOUR_MS < 60_000 for row in rows)
    with pytest.raises(Malformed):
        async with circle.place.store.transaction() as tx:
            await peers.set_not_today(tx, circle.tokens, peer, ["the moon"])
    with pytest.raises(NotAllowed):
        async with circle.place.store.transaction() as tx:
            await peers.set_not_today(tx, circle.tokens, seeker, ["work"])


async def test_a_peer_learns_why_they_are_away_until_they_set_something(circle: Circle) -> None:
    peer = await circle.peer(capacity=2)
    for missed in (False, True):
        seeker = await circle.seeker()
        await circle.offered(seeker, peer)
        await circle.offers_run_out()
        async with circle.place.store.reading() as tx:
            over = await offers.expired(tx)
        for offer in over:
            async with circle.place.store.transaction() as tx:
                await offers.expire(tx, offer)
        assert (await set_to(circle, peer)).is_missed is missed
        async with circle.place.store.transaction() as tx:
            await requests.withdraw(tx, seeker)
    assert (await set_to(circle, peer)).state == "away"
    told = [one.code for one in await circle.place.inbox(peer) if one.kind == "notice"]
    assert told == ["away_unanswered"]
    states: tuple[peers.State, ...] = ("away", "open", "away")
    for state in states:
        await circle.available(peer, state)
        assert not (await set_to(circle, peer)).is_missed


async def test_a_supervisor_alone_lets_a_peer_talk_with_minors_and_the_audit_knows(circle: Circle) -> None:
    place = circle.place
    supervisor, organiser, member = [await place.person(*roles) for roles in (("supervisor",), ("organiser",), ())]
    peer = await place.person("peer")  # who has set nothing yet
    for vetted in (True, True, False, False):
        async with place.store.transaction() as tx:
            await peers.set_vetted(tx, place.keys, supervisor, peer, vetted)
            assert await peers.vetted(tx) == (frozenset({peer}) if vetted else frozenset())
    noted = await place.rows(audit, audit.c.act.in_(("vetted", "unvetted")))
    assert [(one.act, one.actor, one.subject) for one in noted] == [
        ("vetted", supervisor, peer), ("unvetted", supervisor, peer),
    ]  # fmt: skip
    assert await set_to(circle, peer) == Availability("away", 1)
    for who, whom, refusal in (
        (organiser, peer, NotAllowed),
        (peer, peer, NotAllowed),
        (supervisor, member, NotAMember),
    ):
        with pytest.raises(refusal):
            async with place.store.transaction() as tx:
                await peers.set_vetted(tx, place.keys, who, whom, True)
    async with place.store.transaction() as tx:
        await peers.set_vetted(tx, place.keys, supervisor, peer, True)
    await circle.available(peer, "open", 3)
    async with place.store.reading() as tx:
        assert await peers.vetted(tx) == {peer}, "it does not depend on what they set"
