"""Requests: one open one a person, exact limits, leases by the database's clock."""

import asyncio

import pytest
import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import Muted, TooFast
from chat.tables import people
from matcher import requests
from matcher.tables import offers as offers_table
from matcher.tables import requests as table
from tests.circle import Circle
from tests.test_profiles import mute


async def withdraw(circle: Circle, person: PersonId) -> None:
    async with circle.place.store.transaction() as tx:
        await requests.withdraw(tx, person)


async def test_asking_twice_keeps_the_one_request_and_its_place(circle: Circle) -> None:
    seeker = await circle.seeker()
    asked = await asyncio.gather(*(circle.ask(seeker, "I drank") for _ in range(5)))
    assert len(set(asked)) == 1
    assert len(await circle.place.rows(table)) == 1


async def test_what_is_open_is_kept_though_the_clock_was_set_back_since_the_one_before(circle: Circle) -> None:
    seeker = await circle.seeker()
    await circle.ask(seeker)
    await withdraw(circle, seeker)
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(table).values(made_at=table.c.made_at + 60_000))
    asked = await circle.ask(seeker)
    assert await circle.ask(seeker) == asked


async def test_the_hourly_limit_is_exact_also_when_asked_at_once(circle: Circle) -> None:
    seeker = await circle.seeker()
    for _ in range(3):
        await circle.ask(seeker, per_hour=3)
        await withdraw(circle, seeker)
    with pytest.raises(TooFast) as refused:
        await circle.ask(seeker, per_hour=3)
    assert refused.value.retry_after is not None
    assert 3590 < refused.value.retry_after <= 3600
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(people).values(requests_since=people.c.requests_since - 3_600_000))
    await circle.ask(seeker, per_hour=3)


async def test_a_muted_person_cannot_ask(circle: Circle) -> None:
    seeker = await circle.seeker()
    await mute(circle, seeker)
    with pytest.raises(Muted):
        await circle.ask(seeker)


async def test_a_request_is_leased_once_and_taken_over_when_the_lease_has_run_out(circle: Circle) -> None:
    await circle.ask(await circle.seeker())
    held = [one for one in await asyncio.gather(*(circle.lease() for _ in range(4))) if one is not None]
    assert len(held) == 1
    await circle.run_out(table, "lease_until")
    again = await circle.lease()
    assert again is not None
    assert again.request == held[0].request
    assert again.token != held[0].token


async def test_a_stale_lease_writes_nothing(circle: Circle) -> None:
    peer = await circle.peer()
    await circle.ask(await circle.seeker())
    stale = await circle.lease()
    await circle.run_out(table, "lease_until")
    fresh = await circle.lease()
    assert stale is not None and fresh is not None
    before = await circle.place.rows(table)
    assert await circle.make(stale, peer) == "stale"
    async with circle.place.store.transaction() as tx:
        assert not await requests.put_back(tx, stale, again_s=0, scarce=True)
        assert not await requests.keep_vector(tx, stale, "m", b"x")
        await requests.drop(tx, stale)
    assert await circle.place.rows(table) == before
    assert await circle.make(fresh, peer) == "offered"


async def test_who_has_not_been_looked_at_comes_first_then_who_waits_longest(circle: Circle) -> None:
    first, second, third = [await circle.ask(await circle.seeker()) for _ in range(3)]
    async with circle.place.store.transaction() as tx:  # the first was looked at and nobody fitted
        await tx.execute(sa.update(table).where(table.c.id == first).values(scarce=True))
        for at, one in enumerate((first, second, third)):
            await tx.execute(sa.update(table).where(table.c.id == one).values(made_at=at))
    order = [held.request for held in [await circle.lease() for _ in range(3)] if held is not None]
    assert order == [second, third, first]


async def test_withdrawing_closes_the_offer_for_the_peer_and_destroys_the_words(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    offer = await circle.offered(seeker, peer)
    await withdraw(circle, seeker)
    await withdraw(circle, seeker)
    assert [(one.kind, one.ref, one.code) for one in await circle.place.inbox(peer)][-2:] == [
        ("offered", offer, ""), ("closed", offer, "ended"),
    ]  # fmt: skip
    row = (await circle.place.rows(table))[0]
    assert (row.state, row.body, row.vector) == ("withdrawn", None, None)
    assert (await circle.request(seeker)).state == "withdrawn"


async def test_a_request_ends_after_a_day_and_the_person_is_told(circle: Circle) -> None:
    seeker, peer = await circle.seeker(), await circle.peer()
    offer = await circle.offered(seeker, peer)
    await circle.run_out(table, "kept_until")
    async with circle.place.store.transaction() as tx:
        assert await requests.expire_old(tx) == 1
    told = (await circle.place.inbox(seeker))[-1]
    assert (told.kind, told.code, told.ref) == ("notice", "request_expired", 0), "nothing leads back to the request"
    assert (await circle.place.inbox(peer))[-1].ref == offer
    assert (await circle.request(seeker)).state == "expired"


async def test_forgetting_a_seeker_and_a_peer_leaves_nothing_standing(circle: Circle) -> None:
    seeker, other, peer = await circle.seeker(), await circle.seeker(), await circle.peer(capacity=2)
    await circle.offered(seeker, peer)
    async with circle.place.store.transaction() as tx:
        await requests.forget(tx, seeker)
    await circle.offered(other, peer)
    for _ in range(2):
        async with circle.place.store.transaction() as tx:
            await requests.forget(tx, peer)
    assert await circle.place.rows(offers_table, offers_table.c.ended_at.is_(None)) == []
    assert [(row.state, row.body is None) for row in await circle.place.rows(table, table.c.person == seeker)] == [
        ("withdrawn", True)
    ]
    assert (await circle.request(other)).state == "waiting"
