"""Recovery codes: good once, forgiving of slips of the pen, and told to the other devices."""

import asyncio
import re

import pytest

from chat import recovery
from chat.ids import PersonId
from chat.refusals import SignedOut, TooFast
from chat.tables import people as people_table
from tests.place import Place

ADDRESS = "192.0.2.1"


async def new_code(place: Place, person: PersonId) -> str:
    async with place.store.transaction() as tx:
        return await recovery.new_recovery(tx, person)


async def recover(place: Place, code: str) -> tuple[PersonId, str]:
    return await recovery.recover(place.store, place.keys, code, ADDRESS)


async def test_a_code_is_good_once_and_the_inbox_is_told(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code)
    found, fresh = await recover(place, code)
    assert found == person and fresh != code
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


async def test_of_two_at_once_one_wins(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    tried = await asyncio.gather(*(recover(place, code) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tried) == ["SignedOut"] * 3 + ["tuple"]


async def test_a_new_code_voids_the_one_before(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    await new_code(place, person)
    for wrong in (code, "", "-", "\0", "x" * 10_000):
        with pytest.raises(SignedOut):
            await recover(place, wrong)
    with pytest.raises(SignedOut):
        await new_code(place, PersonId(12345))


async def test_tries_from_one_address_are_counted_exactly_and_leave_others_alone(place: Place) -> None:
    person = await place.person()
    code = await new_code(place, person)
    tried = await asyncio.gather(
        *(recover(place, "wrong") for _ in range(recovery.TRIES_A_DAY + 2)), return_exceptions=True
    )
    assert sum(isinstance(one, SignedOut) for one in tried) == recovery.TRIES_A_DAY
    assert sum(isinstance(one, TooFast) for one in tried) == 2
    with pytest.raises(TooFast):
        await recover(place, code)
    found, _ = await recovery.recover(place.store, place.keys, code, "192.0.2.2")
    assert found == person
