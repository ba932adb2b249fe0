"""Recovery codes: replaced by their use, also where the answer is lost, forgiving of slips, and told to others."""

import asyncio
import re

import pytest
import sqlalchemy as sa

from chat import account, recovery
from chat.ids import PersonId
from chat.refusals import SignedOut, TooFast
from chat.seal import token_hash
from chat.tables import people as people_table
from chat.tables import sign_ups
from tests.place import Place

ADDRESS = "192.0.2.1"


async def new_code(place: Place, person: PersonId) -> str:
    async with place.store.transaction() as tx:
        return await recovery.new_recovery(tx, person)


async def recover(place: Place, code: str) -> tuple[PersonId, str]:
    used = await recovery.recover(place.store, place.keys, code, ADDRESS)
    return used.person, used.code


async def confirm(place: Place, person: PersonId, code: str) -> None:
    async with place.store.transaction() as tx:
        await recovery.confirm(tx, person, code)


async def has_way_back(place: Place, person: PersonId) -> bool:
    async with place.store.reading() as tx:
        return await account.has_way_back(tx, person)


async def use_days_ago(place: Place, person: PersonId, code: str, days: int) -> str:
    """Leave what is kept as a use of the code so many days ago left it; return the code that was shown then."""
    async with place.store.transaction() as tx:
        day = await tx.now() // recovery.DAY_MS - days
        fresh = recovery.replacement(place.keys.derive(recovery.PURPOSE), code, day)
        digest = recovery.SHOWN + token_hash(fresh.replace("-", ""))
        await tx.execute(sa.update(people_table).where(people_table.c.id == person).values(recovery=digest))
    return fresh


async def test_a_code_is_replaced_by_its_use_and_the_inbox_is_told(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code)
    await confirm(place, person, code)
    found, fresh = await recover(place, code)
    assert found == person and fresh != code
    await confirm(place, person, fresh)
    with pytest.raises(SignedOut):
        await recover(place, code)
    assert (await recover(place, fresh))[0] == person
    assert [(one.kind, one.code) for one in await place.inbox(person)] == [("notice", "recovered")] * 2
    [row] = await place.rows(people_table)
    assert fresh.encode() not in row.recovery


async def test_a_code_forgives_slips_of_the_pen(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    slips = " " + code.lower().replace("-", "  ").replace("0", "o").replace("1", "l")
    assert (await recover(place, slips))[0] == person


async def test_whose_answer_was_lost_types_the_code_again_and_is_shown_the_same_new_one(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    first = await recovery.recover(place.store, place.keys, code, ADDRESS)
    again = await recovery.recover(place.store, place.keys, code.lower(), ADDRESS)
    assert (first.person, first.is_repeat) == (again.person, not again.is_repeat) == (person, False)
    assert first.code == again.code
    assert len(await place.inbox(person)) == 2, "each use is told"
    await confirm(place, person, again.code)
    await confirm(place, person, again.code)
    with pytest.raises(SignedOut):
        await recover(place, code)
    assert (await recover(place, first.code))[0] == person


async def test_the_new_code_is_good_before_anybody_says_so_and_its_use_voids_the_old_one(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    _, fresh = await recover(place, code)
    _, newest = await recover(place, fresh)
    assert len({code, fresh, newest}) == 3
    with pytest.raises(SignedOut):
        await recover(place, code)
    assert await recover(place, fresh) == (person, newest)


async def test_a_code_that_was_used_opens_nothing_after_the_day_that_follows(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    for days in (0, 1):
        fresh = await use_days_ago(place, person, code, days)
        assert await recover(place, code) == (person, fresh)
    fresh = await use_days_ago(place, person, code, 2)
    with pytest.raises(SignedOut):
        await recover(place, code)
    assert (await recover(place, fresh))[0] == person


async def test_the_same_new_code_is_shown_to_several_at_once(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    found = await asyncio.gather(*(recover(place, code) for _ in range(4)))
    assert len(set(found)) == 1
    assert len(await place.inbox(person)) == 4


async def test_nobody_derives_the_new_code_without_the_key_outside_the_database(place: Place) -> None:
    code = await new_code(place, await place.person())
    keys = [place.keys.derive(recovery.PURPOSE), place.keys.derive("forms")]
    assert (
        len({recovery.replacement(key, one, day) for key in keys for one in (code, code[::-1]) for day in (1, 2)}) == 8
    )


async def test_a_code_is_a_way_back_once_its_person_says_they_have_it(place: Place) -> None:
    person, other = await place.person(), await place.person()
    code = await new_code(place, person)
    assert not await has_way_back(place, person)
    await confirm(place, other, code)
    await confirm(place, person, await new_code(place, other))
    assert not await has_way_back(place, person) and not await has_way_back(place, other)
    await confirm(place, person, code)
    assert await has_way_back(place, person) and not await has_way_back(place, other)
    _, fresh = await recover(place, code)
    assert not await has_way_back(place, person)
    await confirm(place, person, fresh)
    assert await has_way_back(place, person)


async def test_a_new_code_voids_the_one_before(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    await new_code(place, person)
    for wrong in (code, "", "-", "\0", "x" * 10_000):
        with pytest.raises(SignedOut):
            await recover(place, wrong)
    with pytest.raises(SignedOut):
        await new_code(place, PersonId(12345))


async def test_several_hundred_tries_behind_one_address_lock_nobody_out(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    with pytest.raises(SignedOut):
        await recover(place, "wrong")
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(sign_ups).values(count=900))
    assert (await recover(place, code))[0] == person


async def test_tries_from_one_address_are_counted_exactly_and_leave_others_alone(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    with pytest.raises(SignedOut):
        await recover(place, "wrong")
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(sign_ups).values(count=recovery.TRIES_A_DAY - 6))
    tried = await asyncio.gather(*(recover(place, "wrong") for _ in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 6 + ["TooFast"] * 2
    with pytest.raises(TooFast):
        await recover(place, code)
    assert (await recovery.recover(place.store, place.keys, code, "192.0.2.2")).person == person
