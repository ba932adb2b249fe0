"""Ended requests: who it was is forgotten within days, that somebody asked within months, and all at one's wish."""

import dataclasses

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from chat import erasure
from chat.clock import Clock
from chat.ids import PersonId
from chat.journal import Journal
from chat.retention import DAY_MS, Retention
from chat.settings import Settings
from matcher import ended, places, requests, waiting
from matcher.ended import LINKED_DAYS
from matcher.tables import letters, offers, request_facets, request_languages
from matcher.tables import places as places_table
from matcher.tables import requests as table
from tests.circle import Circle
from tests.test_offers import accept
from tests.test_retention import age
from tests.words import words
from web.account import FORGET

HELD = (request_facets, request_languages, letters)


async def sweep(circle: Circle, **settings: int) -> None:
    kept = dataclasses.replace(Settings(), **settings)  # type: ignore[arg-type]
    assert await Retention(circle.place.store, circle.place.keys, kept, Clock(), [ended.expire]).sweep()


async def older(circle: Circle, days: int) -> None:
    await age(circle.place, table, "ended_at", days * DAY_MS, table.c.ended_at.is_not(None))


async def write_letter(circle: Circle, person: PersonId) -> None:
    letter = waiting.seal_letter(await circle.place.keys.get(person, "said"), person, words())
    async with circle.place.store.transaction() as tx:
        await waiting.keep_letter(tx, person, letter)


async def test_who_asked_is_forgotten_after_a_week_and_that_somebody_did_after_the_set_time(circle: Circle) -> None:
    seeker, peer, other = await circle.seeker(), await circle.peer("", ("topic", "work")), await circle.seeker()
    await circle.ask(seeker, "", ("topic", "work"))
    assert (held := await circle.lease()) is not None and await circle.make(held, peer) == "offered"
    await accept(circle, peer, (await circle.standing(peer))[0])
    await circle.ask(other, "", ("topic", "work"))
    await older(circle, LINKED_DAYS - 1)
    await sweep(circle)
    assert (await circle.request(seeker)).state == "accepted"
    assert len(await circle.place.rows(offers)) == 1
    await older(circle, 2)
    await sweep(circle)
    [row] = await circle.place.rows(table, table.c.ended_at.is_not(None))
    assert (row.person, row.state) == (None, "accepted")
    assert await circle.place.rows(offers) == []
    of_it = request_facets.c.request == row.id
    assert {one.name for one in await circle.place.rows(request_facets, of_it)} >= {"topic", "role"}
    await older(circle, 90 - LINKED_DAYS)
    await sweep(circle)
    [left] = await circle.place.rows(table)
    assert left.person == other, "what is open stays, with what it says"
    assert {one.request for held in HELD for one in await circle.place.rows(held)} == {left.id}


async def test_how_long_is_the_operators_choice(circle: Circle) -> None:
    seeker = await circle.seeker()
    await circle.ask(seeker)
    async with circle.place.store.transaction() as tx:
        await requests.withdraw(tx, seeker)
    await older(circle, 15)
    await sweep(circle, keep_request_days=30)
    assert len(await circle.place.rows(table)) == 1
    await sweep(circle, keep_request_days=14)
    assert await circle.place.rows(table) == []


async def test_a_request_that_is_open_belongs_to_somebody(circle: Circle) -> None:
    await circle.ask(await circle.seeker())
    with pytest.raises(IntegrityError):
        async with circle.place.store.transaction() as tx:
            await tx.execute(sa.update(table).values(person=None))


async def test_an_erased_person_leaves_no_facet_letter_or_place_and_nobody_they_asked(circle: Circle) -> None:
    seeker, peer, other = await circle.seeker(), await circle.peer(), await circle.seeker()
    place = circle.place
    async with place.store.transaction() as tx:
        await places.save_homes(tx, circle.tokens, seeker, ["Kemi"], small=True, wished=False)
        await places.save_avoided(tx, circle.tokens, seeker, ["Oulu"])
    await circle.offered(seeker, peer)
    await write_letter(circle, seeker)
    theirs = (await circle.request(seeker)).request
    await circle.ask(other)
    journal = Journal(place.folder / "erasures.journal")
    for _ in range(2):
        await erasure.erase(place.store, place.keys, journal, seeker, FORGET)
    assert await place.rows(places_table) == [] and await place.rows(offers) == []
    for held in HELD:
        assert await place.rows(held, held.c.request == theirs) == []
    [row] = await place.rows(table, table.c.id == theirs)
    assert (row.person, row.state, row.body, row.vector) == (None, "withdrawn", None, None)
    assert (await circle.request(other)).state == "waiting"


async def test_an_erased_peer_was_asked_by_nobody(circle: Circle) -> None:
    seeker, peer = await circle.seeker(), await circle.peer()
    await circle.offered(seeker, peer)
    await erasure.erase(
        circle.place.store, circle.place.keys, Journal(circle.place.folder / "erasures.journal"), peer, FORGET
    )
    assert await circle.place.rows(offers) == []
    assert (await circle.request(seeker)).state == "waiting"
