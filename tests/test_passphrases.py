"""Passphrases: exact limits that lock nobody out, and nothing to learn from how long or how it fails."""

import asyncio
import time

import pytest
import sqlalchemy as sa

from chat import passphrases, people
from chat.ids import PersonId
from chat.refusals import SignedOut, TooFast
from chat.tables import people as people_table
from chat.tables import tries
from tests.place import Place
from tests.words import words

HERE, THERE = "192.0.2.1", "192.0.2.2"


async def attempt(place: Place, name: str, text: str, address: str = HERE, device: str = "") -> PersonId:
    return await passphrases.check(place.store, place.keys, name, text, address, device)


async def staff(place: Place) -> tuple[PersonId, str, str]:
    """Make a moderator; return also their name and passphrase."""
    person, text = await place.person("moderator"), words("a passphrase")
    await passphrases.set_passphrase(place.store, person, text)
    return person, await name_of(place, person), text


async def multiply(place: Place, factor: int) -> None:
    """Let all that was tried so far have been tried so many times as often."""
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(tries).values(count=tries.c.count * factor))


async def wait(place: Place, minutes: int) -> None:
    """Let all that was tried so far have been tried so many minutes earlier."""
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(tries).values(minute=tries.c.minute - minutes))


async def name_of(place: Place, person: PersonId) -> str:
    async with place.store.reading() as tx:
        return (await people.find(tx, person)).nickname


async def test_a_passphrase_signs_in_its_own_name_also_when_it_is_typed_differently(place: Place) -> None:
    person, name, text = await staff(place)
    assert await attempt(place, f" {name.upper()} ", text) == person
    [row] = await place.rows(people_table)
    assert row.passphrase.startswith("$argon2id$")


async def test_wrong_unset_and_nobody_look_the_same(place: Place) -> None:
    (_, mine, _), other = await staff(place), await place.person()
    for name in (mine, await name_of(place, other), "Nobody At All", "", "\0", "\ud800"):
        with pytest.raises(SignedOut):
            await attempt(place, name, words() + "\ud800")


async def test_five_tries_in_fifteen_minutes_exactly_also_at_once(place: Place) -> None:
    person, name, text = await staff(place)
    tried = await asyncio.gather(*(attempt(place, name, words()) for _ in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 5 + ["TooFast"] * 3
    with pytest.raises(TooFast) as refused:
        await attempt(place, name, text)
    assert 0 < (refused.value.retry_after or 0) <= 900
    await wait(place, passphrases.TRIES_MINUTES)
    assert await attempt(place, name, text) == person


async def test_who_guesses_from_elsewhere_locks_nobody_out(place: Place) -> None:
    person, name, text = await staff(place)
    for _ in range(passphrases.TRIES):
        with pytest.raises(SignedOut):
            await attempt(place, name, words(), THERE)
    with pytest.raises(TooFast):
        await attempt(place, name, text, THERE)
    assert await attempt(place, name, text, HERE) == person


async def test_one_address_cannot_use_up_the_guesses_of_everywhere(place: Place) -> None:
    person, name, text = await staff(place)
    for _ in range(passphrases.TRIES):
        with pytest.raises(SignedOut):
            await attempt(place, name, words(), THERE)
    await multiply(place, 4)  # a quarter of an hour at a time
    await wait(place, passphrases.TRIES_MINUTES)
    with pytest.raises(TooFast) as refused:
        await attempt(place, name, text, THERE)
    assert 80_000 < (refused.value.retry_after or 0) <= 86_400 - 15 * 60
    assert await attempt(place, name, text, HERE) == person
    await wait(place, 24 * 60 - 15)
    assert await attempt(place, name, text, THERE) == person


async def test_from_everywhere_together_there_are_a_hundred_guesses_a_day_at_a_name(place: Place) -> None:
    person, name, text = await staff(place)
    for nobodys in (name, "Nobody At All"):
        for _ in range(4):
            with pytest.raises(SignedOut):
                await attempt(place, nobodys, words(), THERE)
    await multiply(place, 25)
    for nobodys in (name, "Nobody At All"):
        with pytest.raises(TooFast) as refused:
            await attempt(place, nobodys, text, HERE)
        assert 86_000 < (refused.value.retry_after or 0) <= 86_400
    await wait(place, 24 * 60 - 1)
    with pytest.raises(TooFast):
        await attempt(place, name, text, HERE)
    await wait(place, 1)
    assert await attempt(place, name, text, HERE) == person


async def test_a_device_that_is_known_comes_in_while_others_guess_and_has_tries_of_its_own(place: Place) -> None:
    person, name, text = await staff(place)
    device = await passphrases.know_device(place.store, place.keys, person)
    with pytest.raises(SignedOut):
        await attempt(place, name, words())
    await multiply(place, 1000)
    for unknown in ("", "x", ".", "\ud800", f"{device}0", device[:-1], f"0{device}", "x" * 10_000):
        with pytest.raises(TooFast):
            await attempt(place, name, text, device=unknown)
    assert await attempt(place, name, text, device=device) == person
    for _ in range(passphrases.TRIES):
        with pytest.raises(SignedOut):
            await attempt(place, name, words(), device=device)
    for where in (HERE, THERE):
        with pytest.raises(TooFast):
            await attempt(place, name, text, where, device)
    again = await passphrases.know_device(place.store, place.keys, person)
    assert again != device and await attempt(place, name, text, THERE, again) == person


async def test_a_device_is_known_for_one_name_only(place: Place) -> None:
    (one, _, _), (_, name, text) = await staff(place), await staff(place)
    device = await passphrases.know_device(place.store, place.keys, one)
    for target in (name, "Nobody At All"):
        for _ in range(passphrases.TRIES):
            with pytest.raises(SignedOut):
                await attempt(place, target, words(), device=device)
        with pytest.raises(TooFast):
            await attempt(place, target, text, device=device)


async def test_a_device_is_known_until_the_passphrase_changes(place: Place) -> None:
    person, name, _ = await staff(place)
    before, fresh = await passphrases.know_device(place.store, place.keys, person), words("another passphrase")
    await passphrases.set_passphrase(place.store, person, fresh)
    after = await passphrases.know_device(place.store, place.keys, person)
    for _ in range(passphrases.TRIES):
        with pytest.raises(SignedOut):
            await attempt(place, name, words())
    with pytest.raises(TooFast):
        await attempt(place, name, fresh, device=before)
    assert await attempt(place, name, fresh, device=after) == person


async def test_one_address_tries_no_more_than_sixty_names_at_a_time(place: Place) -> None:
    person, name, text = await staff(place)
    for one in range(4):
        with pytest.raises(SignedOut):
            await attempt(place, f"Nobody {'abcd'[one]}", words())
    await multiply(place, 15)
    with pytest.raises(TooFast):
        await attempt(place, name, text)
    assert await attempt(place, name, text, THERE) == person
    assert (
        await attempt(place, name, text, device=await passphrases.know_device(place.store, place.keys, person))
        == person
    )
    await wait(place, passphrases.TRIES_MINUTES)
    assert await attempt(place, name, text) == person


async def test_a_name_nobody_has_is_refused_as_often_as_one_somebody_has(place: Place) -> None:
    (_, name, _), unset = await staff(place), await place.person("peer")
    for one in (name, await name_of(place, unset), "Nobody At All", "\ud800"):
        tried = await asyncio.gather(*(attempt(place, one, words()) for _ in range(7)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 5 + ["TooFast"] * 2, one
    kept = await place.rows(tries)
    assert all(b"obody" not in one.what and HERE.encode() not in one.what for one in kept)


async def test_a_success_begins_the_count_afresh(place: Place) -> None:
    person, name, text = await staff(place)
    for _ in range(3):
        for _ in range(passphrases.TRIES - 1):
            with pytest.raises(SignedOut):
                await attempt(place, name, words())
        assert await attempt(place, name, text) == person


async def test_a_success_leaves_counted_what_was_tried_from_everywhere(place: Place) -> None:
    person, name, text = await staff(place)
    for _ in range(4):
        with pytest.raises(SignedOut):
            await attempt(place, name, words(), THERE)
    await multiply(place, 24)
    for _ in range(4):
        assert await attempt(place, name, text) == person
    with pytest.raises(TooFast):
        await attempt(place, name, text)
    assert (
        await attempt(place, name, text, device=await passphrases.know_device(place.store, place.keys, person))
        == person
    )


async def test_a_clock_that_was_set_back_locks_nobody_out(place: Place) -> None:
    person, name, text = await staff(place)
    for _ in range(passphrases.TRIES):
        with pytest.raises(SignedOut):
            await attempt(place, name, words())
    await multiply(place, 1000)
    await wait(place, -60)
    assert await attempt(place, name, text) == person


async def test_counts_are_kept_for_a_day(place: Place) -> None:
    with pytest.raises(SignedOut):
        await attempt(place, "Nobody At All", words())

    async def left() -> int:
        async with place.store.transaction() as tx:
            await passphrases.forget_tries(tx, await tx.now())
        return len(await place.rows(tries))

    await wait(place, 24 * 60 - 2)
    assert await left() == 4
    await wait(place, 2)
    assert await left() == 0


async def test_a_name_nobody_has_costs_as_much_time(place: Place) -> None:
    _, name, _ = await staff(place)

    async def cost(name: str) -> float:
        took = []
        for _ in range(3):
            begun = time.perf_counter()
            with pytest.raises(SignedOut):
                await attempt(place, name, words())
            took.append(time.perf_counter() - begun)
        return min(took)

    assert await cost("Nobody At All") > 0.5 * await cost(name)


@pytest.mark.parametrize("text", ["", "short", "x" * (passphrases.MOST + 1)])
async def test_a_weak_passphrase_is_not_kept(place: Place, text: str) -> None:
    person = await place.person("moderator")
    with pytest.raises(passphrases.WeakPassphrase):
        await passphrases.set_passphrase(place.store, person, text)
    with pytest.raises(SignedOut):
        await passphrases.set_passphrase(place.store, PersonId(12345), "long enough for everybody")
