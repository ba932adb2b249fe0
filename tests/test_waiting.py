"""Waiting: what a person may do about their request, and that a letter is read by who says yes and by nobody else."""

import pytest

from chat.refusals import Gone, Malformed, Muted, NotWords
from matcher import requests, waiting
from matcher.requests import HOUR_MS
from matcher.tables import letters
from matcher.tables import requests as table
from tests.circle import Circle
from tests.test_offers import accept
from tests.test_profiles import mute
from tests.words import CANARY, words


async def test_the_circle_is_drawn_wider_and_closer_and_only_by_its_person(circle: Circle) -> None:
    near, seeker = await circle.peer("", ("topic", "gambling")), await circle.seeker()
    matching = circle.matching()
    await circle.ask(seeker, "", ("topic", "addiction"))
    await matching.beat()
    assert await circle.standing(near) == []
    async with circle.place.store.transaction() as tx:
        await waiting.widen(tx, near, waiting.ANYBODY)  # who waits for nothing changes nothing
        await waiting.widen(tx, seeker, waiting.NEAR)
        with pytest.raises(Malformed):
            await waiting.widen(tx, seeker, 3)
    await matching.beat()
    assert len(await circle.standing(near)) == 1
    assert (await circle.request(seeker)).breadth == waiting.NEAR


async def test_who_asks_for_it_keeps_their_place_for_three_days(circle: Circle) -> None:
    seeker = await circle.seeker()
    await circle.ask(seeker)
    before = (await circle.request(seeker)).kept_until
    async with circle.place.store.transaction() as tx:
        await waiting.keep_longer(tx, seeker)
        await waiting.keep_longer(tx, seeker)
    assert (await circle.request(seeker)).kept_until - before == 48 * HOUR_MS


async def test_a_letter_is_the_first_that_is_said_in_the_room_a_yes_opens(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    key, text = await circle.place.keys.get(seeker, "said"), words("I will write before you come")
    offer = await circle.offered(seeker, peer)
    for one in (words("an earlier one"), text):
        async with circle.place.store.transaction() as tx:
            await waiting.keep_letter(tx, seeker, waiting.seal_letter(key, seeker, one))
    assert await waiting.load_letter(circle.place.store, circle.place.keys, seeker) == text
    assert (await circle.request(seeker)).has_letter
    (kept,) = await circle.place.rows(letters)
    assert CANARY.encode() not in bytes(kept.body)
    room = await accept(circle, peer, offer)
    assert [(one.kind, one.author, one.text) for one in await circle.place.read(room) if one.kind == "said"] == [
        ("said", seeker, text)
    ]
    assert await circle.place.rows(letters) == []
    assert await waiting.load_letter(circle.place.store, circle.place.keys, seeker) == ""


async def test_a_letter_goes_with_its_request_and_a_muted_person_leaves_none(circle: Circle) -> None:
    seeker = await circle.seeker()
    key = await circle.place.keys.get(seeker, "said")
    letter = waiting.seal_letter(key, seeker, words())
    for wrong in ("", " ", "\u200b"):
        with pytest.raises(NotWords):
            waiting.seal_letter(key, seeker, wrong)
    with pytest.raises(Gone):
        async with circle.place.store.transaction() as tx:
            await waiting.keep_letter(tx, seeker, letter)
    await circle.ask(seeker)
    async with circle.place.store.transaction() as tx:
        await waiting.keep_letter(tx, seeker, letter)
    async with circle.place.store.transaction() as tx:
        await requests.withdraw(tx, seeker)
    assert await circle.place.rows(letters) == []
    await circle.ask(seeker)
    await mute(circle, seeker)
    with pytest.raises(Muted):
        async with circle.place.store.transaction() as tx:
            await waiting.keep_letter(tx, seeker, letter)


async def test_asking_anew_takes_the_earlier_request_back_with_its_offer(circle: Circle) -> None:
    peer, seeker = await circle.peer(), await circle.seeker()
    await circle.offered(seeker, peer)
    first = (await circle.request(seeker)).request
    second = await circle.ask(seeker, anew=True)
    assert {row.id: row.state for row in await circle.place.rows(table)} == {first: "replaced", second: "waiting"}
    assert await circle.standing(peer) == []


async def test_what_was_said_of_the_earlier_request_goes_with_the_one_asked_anew(circle: Circle) -> None:
    peer, seeker, text = await circle.peer(), await circle.seeker(), words()
    key = await circle.place.keys.get(seeker, "said")
    first = await circle.ask(seeker)
    async with circle.place.store.transaction() as tx:
        await waiting.keep_letter(tx, seeker, waiting.seal_letter(key, seeker, text))
    async with circle.place.store.transaction() as tx:
        await waiting.widen(tx, seeker, waiting.ANYBODY)
    async with circle.place.store.transaction() as tx:
        await waiting.keep_longer(tx, seeker)
    assert await circle.ask(seeker, "other words", anew=True) != first
    now = await circle.request(seeker)
    assert (now.breadth, now.is_kept_long, now.has_letter) == (waiting.ANYBODY, True, True)
    await circle.matching().beat()
    room = await accept(circle, peer, (await circle.standing(peer))[0])
    assert text in [one.text for one in await circle.place.read(room)]
    with pytest.raises(Gone):
        await circle.ask(seeker, anew=True)  # from a form of before the yes
    assert (await circle.request(seeker)).state == "accepted"
