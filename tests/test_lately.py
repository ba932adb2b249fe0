"""What is told of waits: around this hour, on the beat, and of nobody alone."""

import pytest
import sqlalchemy as sa

from chat.ids import Millis, new_id
from matcher.lately import BEAT_MS, Lately
from matcher.requests import HOUR_MS
from matcher.tables import requests as table
from tests.circle import Circle

DAY_MS = 24 * HOUR_MS


async def beat(circle: Circle) -> Millis:
    async with circle.place.store.reading() as tx:
        now = await tx.now()
    return Millis(now - now % BEAT_MS)


async def add(circle: Circle, made_at: int, minutes: float, state: str = "accepted", count: int = 1) -> None:
    """Let somebody have made requests that ended after so long."""
    row = {"person": await circle.seeker(), "state": state, "language": "en", "kept_until": made_at + DAY_MS}
    times = {"made_at": made_at, "ended_at": made_at + round(minutes * 60_000)}
    async with circle.place.store.transaction() as tx:
        await tx.execute(table.insert(), [row | times | {"id": new_id()} for _ in range(count)])


async def told(circle: Circle) -> tuple[int, int] | None:
    async with circle.place.store.reading() as tx:
        return await Lately().wait(tx)


async def test_around_this_hour_of_the_last_weeks_is_told(circle: Circle) -> None:
    now = await beat(circle)
    assert await told(circle) is None
    await add(circle, now - 3 * DAY_MS, 7, count=4)
    assert await told(circle) is None, "too few"
    await add(circle, now - 27 * DAY_MS + HOUR_MS, 7, count=3)
    assert await told(circle) == (5, 10)
    await add(circle, now - 3 * DAY_MS - 4 * HOUR_MS, 100, count=30)  # another hour of the day
    await add(circle, now - 29 * DAY_MS, 100, count=30)  # long ago
    assert await told(circle) == (5, 10)


@pytest.mark.parametrize("hours", [-1, 0, 1])
async def test_an_hour_more_or_less_is_like_this_one(circle: Circle, hours: int) -> None:
    await add(circle, await beat(circle) - 2 * DAY_MS + hours * HOUR_MS, 3, count=6)
    assert await told(circle) == (2, 5)


async def test_who_left_makes_no_wait_look_short(circle: Circle) -> None:
    now = await beat(circle)
    await add(circle, now - DAY_MS, 4, count=10)
    assert await told(circle) == (2, 5)
    await add(circle, now - DAY_MS, 50, "withdrawn", count=5)
    assert await told(circle) is None, "so many left that no high end would hold"


async def test_what_becomes_of_a_request_shows_on_the_beat_and_not_before(circle: Circle) -> None:
    now = await beat(circle)
    await add(circle, now - DAY_MS, 4, count=16)
    await add(circle, now - HOUR_MS // 2, 30.1, count=3)
    assert await told(circle) is None, "they waited still when the quarter began"
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(table).where(table.c.ended_at > now).values(ended_at=now))
    assert await told(circle) == (2, 30)


async def test_one_process_reckons_once_a_beat(circle: Circle) -> None:
    lately = Lately()
    async with circle.place.store.reading() as tx:
        assert await lately.wait(tx) is None
    await add(circle, await beat(circle) - DAY_MS, 4, count=10)
    async with circle.place.store.reading() as tx:
        assert await lately.wait(tx) is None
