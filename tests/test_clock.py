"""The clock: a jump is seen once, by all, and holds until somebody confirms."""

import pytest
import sqlalchemy as sa

from chat.clock import BEAT, JUMP_MS, Clock, confirm_clock, is_halted
from chat.tables import meta
from tests.place import Place


class Counted:
    """A process's own count of seconds, which the test moves: the database's clock goes on as it does."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


async def beat(place: Place, clock: Clock) -> bool:
    async with place.store.transaction() as tx:
        return await clock.beat(tx) is not None


async def halted(place: Place) -> bool:
    async with place.store.reading() as tx:
        return await is_halted(tx)


async def confirm(place: Place) -> None:
    async with place.store.transaction() as tx:
        await confirm_clock(tx)


@pytest.mark.parametrize("seconds", [-61.5, 62.5, 30 * 86_400.0])
async def test_a_jump_halts_every_process_until_it_is_confirmed(place: Place, seconds: float) -> None:
    counted = Counted()
    here, there = Clock(counted), Clock(counted)
    assert await beat(place, here) and await beat(place, there)
    counted.s += seconds
    assert not await beat(place, here)
    assert await halted(place)
    assert not await beat(place, there)
    assert not await beat(place, here), "the next beat alone does not heal it"
    await confirm(place)
    assert await beat(place, there), "who has not looked since does not halt it again"
    assert await beat(place, here)
    assert not await halted(place)


@pytest.mark.parametrize("seconds", [-55.0, 0.0, 55.0])
async def test_less_than_a_minute_is_no_jump(place: Place, seconds: float) -> None:
    counted = Counted()
    clock = Clock(counted)
    assert await beat(place, clock)
    counted.s += seconds
    assert await beat(place, clock)


@pytest.mark.parametrize(("ahead", "trusted"), [(JUMP_MS + 5_000, False), (JUMP_MS - 5_000, True)])
async def test_a_database_that_is_behind_its_own_last_beat_halts_at_start(
    place: Place, ahead: int, trusted: bool
) -> None:
    assert await beat(place, Clock())
    async with place.store.transaction() as tx:
        later = str(await tx.now() + ahead)
        await tx.execute(sa.update(meta).where(meta.c.name == BEAT).values(value=later))
    fresh = Clock()
    assert await beat(place, fresh) is trusted
    if not trusted:
        await confirm(place)
        assert await beat(place, fresh)
