"""The pace of a room: slow by itself when many come in at once while nobody looks, and as before half an hour later."""

import pytest
import sqlalchemy as sa

from chat import quieting, rooms
from chat.clock import Clock
from chat.ids import ActId, RoomId
from chat.retention import Retention
from chat.settings import Settings
from chat.staff_commands import Slow
from chat.tables import acts, entries
from chat.tables import rooms as rooms_table
from chat.valve import SLOW_MS, SLOW_S
from matcher.floods import JOINING
from tests.circle import Circle
from tests.place import WHY, Place
from tests.test_moderation_acts import act, undo
from tests.test_valve import on_duty
from tests.watch import until_quiet, watching_in


async def burst(circle: Circle, room: RoomId, *, ago_ms: int = 0) -> None:
    """Let so many come in at once that it is found."""
    place = circle.place
    for _ in range(JOINING):
        person = await place.person()
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, person)
    async with place.store.transaction() as tx:
        came = sa.update(entries).where(entries.c.room == room)
        await tx.execute(came.values(at=entries.c.at - ago_ms))
    await until_quiet(watching_in(circle))


async def pace(place: Place, room: RoomId) -> int:
    return int((await place.rows(rooms_table, rooms_table.c.id == room))[0].slow_s)


async def test_a_room_that_many_come_into_at_once_is_slow_for_half_an_hour_and_then_as_before(circle: Circle) -> None:
    place = circle.place
    room = await place.room(capacity=100)
    await burst(circle, room)
    [row] = await place.rows(acts)
    assert (row.kind, row.room, row.amount, row.made_by, row.rule) == ("slowed", room, SLOW_S, None, None)
    assert row.until <= row.made_at + SLOW_MS and await pace(place, room) == SLOW_S
    await burst(circle, room)
    assert len(await place.rows(acts)) == 1, "once"
    assert [one.code for one in await place.read(room) if one.kind == "notice"] == ["slowed_by_itself"]
    await quieting.end_due(place.store)
    assert await pace(place, room) == SLOW_S, "not yet"
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).values(until=1))
    for _ in range(2):
        await Retention(place.store, place.keys, Settings(), Clock()).sweep()
    assert await pace(place, room) == 0
    told = [one.code for one in await place.read(room) if one.kind == "notice"]
    assert told == ["slowed_by_itself", "unslowed_by_itself"]


@pytest.mark.parametrize("why", ["somebody looks", "it is slow already", "it was long ago", "it was undone"])
async def test_a_room_keeps_its_pace(circle: Circle, why: str) -> None:
    place, before = circle.place, 0
    moderator, room = await place.person("moderator"), await place.room(capacity=100)
    if why == "somebody looks":
        await on_duty(place, "supervisor")
    elif why == "it is slow already":
        await act(place, moderator, Slow(room=room, seconds=(before := 300), **WHY))
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(acts).values(made_at=1))
    elif why == "it was undone":
        await burst(circle, room)
        await undo(place, moderator, ActId((await place.rows(acts))[0].id))
    await burst(circle, room, ago_ms=SLOW_MS if why == "it was long ago" else 0)
    await quieting.end_due(place.store)
    assert await pace(place, room) == before
    assert len(await place.rows(acts)) == (0 if why in ("somebody looks", "it was long ago") else 1)


async def test_when_slow_mode_ends_by_itself_the_pace_a_moderator_has_set_meanwhile_stays(circle: Circle) -> None:
    place = circle.place
    moderator, room = await place.person("moderator"), await place.room(capacity=100)
    await burst(circle, room)
    await act(place, moderator, Slow(room=room, seconds=60, **WHY))
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).where(acts.c.made_by.is_(None)).values(until=1))
    await quieting.end_due(place.store)
    assert await pace(place, room) == 60
