"""Quieting a room: locking it, so that it takes no words for now, making it slow, and holding what is said for review.

A room's state follows the acts that stand (`settle`), so undoing one brings back what was before it; so does its end.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from chat import acts, door, timeline
from chat.acts import Act, Actor
from chat.hours import ALWAYS, Hours
from chat.ids import ActId, Millis, RoomId, new_id
from chat.refusals import Malformed, NotAMember, RoomClosed
from chat.staff_commands import Hold, Lock, Slow
from chat.store import Store, Transaction
from chat.tables import acts as acts_table
from chat.tables import rooms, slow_says


async def lock(tx: Transaction, by: Actor, command: Lock) -> ActId:
    """Let nobody speak in a group room or come into it, until it is unlocked; one that is locked stays so.

    Raises:
        RoomClosed: it is closed for good; and what `moderation.act` raises.
    """
    room = RoomId(command.room)
    await _require_open(tx, by, room, command.case)
    earlier = await locks(tx, room)
    if earlier:
        return ActId(earlier[0].id)
    made = ActId(new_id())
    await acts.record(tx, by, Act(made, "locked", command.rule, room=room, case=command.case), told=room)
    await settle(tx, room)
    return made


async def slow(tx: Transaction, by: Actor, command: Slow) -> ActId:
    """Set how many seconds lie between two says of one person in a group room; 0: none.

    Raises:
        RoomClosed: it is closed for good; and what `moderation.act` raises.
    """
    room = RoomId(command.room)
    await _require_open(tx, by, room, command.case)
    made = ActId(new_id())
    act = Act(made, "slowed", command.rule, room=room, amount=command.seconds, case=command.case)
    await acts.record(tx, by, act, told=room)
    await settle(tx, room)
    return made


async def hold(tx: Transaction, by: Actor, command: Hold) -> ActId:
    """Let what members say in a group room wait for a moderator (see `held`), from now on or every night, of which the
    newest counts; where the same counts already it stays so. Until it is undone.

    Raises:
        Malformed: no time lies between these hours. RoomClosed: it is closed for good; and what `moderation.act`
            raises.
    """
    room = RoomId(command.room)
    if command.hours is not None:
        try:
            Hours.parse(command.hours, UTC)
        except ValueError:
            raise Malformed from None
    await _require_open(tx, by, room, command.case)
    earlier = [one for one in await holdings(tx, room) if (one.hours is None) == (command.hours is None)]
    if earlier and earlier[-1].hours == command.hours:
        return ActId(earlier[-1].id)
    made = ActId(new_id())
    act = Act(made, "holding", command.rule, room=room, case=command.case, hours=command.hours)
    await acts.record(tx, by, act, told=room)
    await settle(tx, room)
    return made


async def locks(tx: Transaction, room: RoomId) -> "Sequence[sa.Row[Any]]":
    """Return the locking that stands, if the room is locked.

    Raises:
        NotAMember: no such group room.
    """
    return await _standing(tx, room, "locked")


async def holdings(tx: Transaction, room: RoomId) -> "Sequence[sa.Row[Any]]":
    """Return the holdings that stand, the newest last.

    Raises:
        NotAMember: no such group room.
    """
    return await _standing(tx, room, "holding")


async def settle(tx: Transaction, room: RoomId) -> None:
    """Let the room's state follow the acts that stand. The caller has locked the room."""
    state = "locked" if await locks(tx, room) else "open"
    slowed = await _standing(tx, room, "slowed")
    seconds = slowed[-1].amount if slowed else 0
    held = await holdings(tx, room)
    holds = ALWAYS if any(one.hours is None for one in held) else held[-1].hours if held else None
    ours = sa.update(rooms).where(rooms.c.id == room)
    await tx.execute(ours.where(rooms.c.state != "closed").values(state=state))
    await tx.execute(ours.values(slow_s=seconds, holds=holds))
    if not seconds:
        await tx.execute(sa.delete(slow_says).where(slow_says.c.room == room))


async def _standing(tx: Transaction, room: RoomId, kind: acts.Kind) -> "Sequence[sa.Row[Any]]":
    place = (await tx.execute(sa.select(rooms.c.kind).where(rooms.c.id == room))).scalar()
    if place != "group":
        raise NotAMember
    return await acts.standing(tx, acts_table.c.room == room, acts_table.c.kind == kind)


async def end_due(store: Store) -> None:
    """Let rooms whose slow mode is over by the database's clock be as before; it is told there. Of processes that do it
    at once, one does."""
    async with store.reading() as tx:
        due = list((await tx.execute(_late(await tx.now()))).scalars())
    for room in due:
        async with store.transaction() as tx:
            await tx.lock(rooms, [room])
            if (await tx.execute(_late(await tx.now()).where(rooms.c.id == room))).first() is not None:
                await settle(tx, RoomId(room))
                await timeline.append(tx, RoomId(room), "notice", code="unslowed_by_itself")


def _late(now: Millis) -> "sa.Select[tuple[int]]":
    """Rooms that are slow in another way than the act says that stands now."""
    stands = sa.select(acts_table.c.amount).where(
        acts_table.c.room == rooms.c.id, acts_table.c.kind == "slowed", door.still_stands(now)
    )
    newest = stands.order_by(acts_table.c.made_at.desc(), acts_table.c.id.desc()).limit(1).scalar_subquery()
    return sa.select(rooms.c.id).where(rooms.c.slow_s > 0, rooms.c.slow_s != sa.func.coalesce(newest, 0))


async def _require_open(tx: Transaction, by: Actor, room: RoomId, case: int | None) -> None:
    await acts.require_staff(tx, by.person, None)
    where = (await acts.lock_rooms(tx, room)).get(room)
    await acts.require_case(tx, by.person, case)
    if where is None or where.kind != "group":
        raise NotAMember
    if where.state == "closed":
        raise RoomClosed
