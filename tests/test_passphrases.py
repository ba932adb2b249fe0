"""Passphrases: an exact limit, and nothing to learn from how long or how it fails."""

import asyncio
import time

import pytest
import sqlalchemy as sa

from chat import passphrases, people
from chat.ids import PersonId
from chat.refusals import SignedOut, TooFast
from chat.tables import people as people_table
from chat.tables import sign_ups
from tests.place import Place
from tests.words import words


async def name_of(place: Place, person: PersonId) -> str:
    async with place.store.reading() as tx:
        return (await people.find(tx, person)).nickname


async def test_a_passphrase_signs_in_its_own_name_also_when_it_is_typed_differently(place: Place) -> None:
    person, text = await place.person("moderator"), words("a passphrase")
    await passphrases.set_passphrase(place.store, person, text)
    name = await name_of(place, person)
    assert await passphrases.check(place.store, place.keys, f" {name.upper()} ", text) == person
    [row] = await place.rows(people_table)
    assert row.passphrase.startswith("$argon2id$")
    assert await place.rows(sign_ups) == []


async def test_wrong_unset_and_nobody_look_the_same(place: Place) -> None:
    person, other = await place.person("moderator"), await place.person()
    await passphrases.set_passphrase(place.store, person, words("a passphrase"))
    for name in (await name_of(place, person), await name_of(place, other), "Nobody At All", "", "\0", "\ud800"):
        with pytest.raises(SignedOut):
            await passphrases.check(place.store, place.keys, name, words() + "\ud800")


async def test_five_tries_in_fifteen_minutes_exactly_also_at_once(place: Place) -> None:
    person, text = await place.person("moderator"), words("a passphrase")
    await passphrases.set_passphrase(place.store, person, text)
    name = await name_of(place, person)
    tried = await asyncio.gather(
        *(passphrases.check(place.store, place.keys, name, words()) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 5 + ["TooFast"] * 3
    with pytest.raises(TooFast) as refused:
        await passphrases.check(place.store, place.keys, name, text)
    assert 0 < (refused.value.retry_after or 0) <= 900
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(sign_ups).values(day=sign_ups.c.day - passphrases.TRIES_MINUTES))
    assert await passphrases.check(place.store, place.keys, name, text) == person


async def test_a_name_nobody_has_is_refused_as_often_as_one_somebody_has(place: Place) -> None:
    person, unset = await place.person("moderator"), await place.person("peer")
    await passphrases.set_passphrase(place.store, person, words("a passphrase"))
    for name in (await name_of(place, person), await name_of(place, unset), "Nobody At All", "\ud800"):
        tried = await asyncio.gather(
            *(passphrases.check(place.store, place.keys, name, words()) for _ in range(7)), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 5 + ["TooFast"] * 2, name
    await passphrases.set_passphrase(place.store, unset, words("a passphrase"))
    kept = await place.rows(sign_ups)
    assert all(b"obody" not in one.address for one in kept)


async def test_a_success_begins_the_count_afresh(place: Place) -> None:
    person, text = await place.person("moderator"), words("a passphrase")
    await passphrases.set_passphrase(place.store, person, text)
    name = await name_of(place, person)
    for _ in range(3):
        for _ in range(passphrases.TRIES - 1):
            with pytest.raises(SignedOut):
                await passphrases.check(place.store, place.keys, name, words())
        assert await passphrases.check(place.store, place.keys, name, text) == person


async def test_a_name_nobody_has_costs_as_much_time(place: Place) -> None:
    person = await place.person("moderator")
    await passphrases.set_passphrase(place.store, person, words("a passphrase"))

    async def cost(name: str) -> float:
        took = []
        for _ in range(3):
            begun = time.perf_counter()
            with pytest.raises(SignedOut):
                await passphrases.check(place.store, place.keys, name, words())
            took.append(time.perf_counter() - begun)
        return min(took)

    assert await cost("Nobody At All") > 0.5 * await cost(await name_of(place, person))


@pytest.mark.parametrize("text", ["", "short", "x" * (passphrases.MOST + 1)])
async def test_a_weak_passphrase_is_not_kept(place: Place, text: str) -> None:
    person = await place.person("moderator")
    with pytest.raises(passphrases.WeakPassphrase):
        await passphrases.set_passphrase(place.store, person, text)
    with pytest.raises(SignedOut):
        await passphrases.set_passphrase(place.store, PersonId(12345), "long enough for everybody")
