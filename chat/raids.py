"""Raids: many who come at once to say what hurts. A room is guarded against them by one act, and that can be undone.

`guard` sends whoever is new to the lobby (see `door`) in one transaction: when the moderator is told `done`, nothing of
theirs is accepted any more, on any process. What they had said is hidden a little at a time, the newest first, so that
those who go on talking hardly wait. An act keeps where the room ended then: a sweep that was cut off goes on with the
next `guard`, and hides the same.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chat import acts, door, timeline
from chat.acts import Act
from chat.door import MINUTE_MS, guards, is_new
from chat.ids import ActId, PersonId, RoomId, Seq, new_id
from chat.keys import Keys
from chat.refusals import NotAMember, RoomClosed, RoomFull
from chat.staff_commands import Guard, LetIn
from chat.store import Store, Transaction
from chat.tables import acts as acts_table
from chat.tables import alias, entries, hidden, lobby, memberships, people, rooms

GUARD_MS = 60 * MINUTE_MS
"""So long a room stays guarded, if nobody lets everybody in before."""
SWEEP = 50
"""So many entries are hidden, or shown again, in one transaction: it holds the room for some ten milliseconds."""


async def guard(store: Store, keys: Keys, moderator: PersonId, command: Guard) -> ActId:
    """Guard a room against whoever is new to it, for GUARD_MS from now, and return the act's id: the earlier one's,
    where that reaches as far.

    Raises:
        NotAllowed: no role for it. NotAMember: no such group room or case. RoomClosed: it is closed for good.
        Malformed: no such house rule. Gone: the case is closed.
    """
    by = await acts.actor(store, keys, moderator, command.case, command.reason)
    room = RoomId(command.room)
    async with store.transaction() as tx:
        await acts.require_staff(tx, by.person, None)
        where = (await acts.lock_rooms(tx, room)).get(room)
        await acts.require_case(tx, by.person, command.case)
        if where is None or where.kind != "group":
            raise NotAMember
        if where.state == "closed":
            raise RoomClosed
        now = await tx.now()
        reach = [one for one in await guards(tx, room) if _since(one) <= now - command.minutes * MINUTE_MS]
        if reach:
            made = ActId(reach[0].id)
            await tx.execute(sa.update(acts_table).where(acts_table.c.id == made).values(until=now + GUARD_MS))
            await acts.tell_staff(tx, by, "guarded", made, None, room, command.rule)
        else:
            made = ActId(new_id())
            act = Act(made, "guarded", command.rule, None, room, where.last_seq, command.minutes, now + GUARD_MS,
                      command.case)  # fmt: skip
            await acts.record(tx, by, act, told=room)
            await _send_out(tx, room, made)
    before: int | None = where.last_seq + 1
    while before is not None:
        async with store.transaction() as tx:
            before = await _sweep(tx, room, made, before)
    return made


async def let_in(store: Store, keys: Keys, moderator: PersonId, command: LetIn) -> int:
    """Let somebody in from the lobby, or everybody for whom there is a seat, longest first; where that is all of them,
    the room is guarded no more. What is so already stays so. Returns how many go on waiting for a seat.

    Raises:
        NotAllowed: no role for it. NotAMember: no such group room, or this person does not wait in its lobby.
        RoomFull: there is no seat for this person.
    """
    by = await acts.actor(store, keys, moderator, None, command.reason)
    room = RoomId(command.room)
    async with store.transaction() as tx:
        await lock_lobby(tx, moderator, room)
        await acts.require_staff(tx, moderator, None)
        where = (await acts.lock_rooms(tx, room)).get(room)
        if where is None or where.kind != "group":
            raise NotAMember
        standing, waiting = await guards(tx, room), await door.waiting(tx, room)
        if command.person is not None:
            if command.person not in [one.person for one in waiting]:
                raise NotAMember
            if await _bring_in(tx, room, [PersonId(command.person)]):
                raise RoomFull
            await acts.tell_staff(tx, by, "let_in", ActId(standing[-1].id), PersonId(command.person), room, "guarded")
        elif standing:
            left = await _bring_in(tx, room, [PersonId(one.person) for one in waiting])
            if not left:
                ends = sa.update(acts_table).where(acts_table.c.id.in_([one.id for one in standing]))
                await tx.execute(ends.values(until=await tx.now()))
                await timeline.append(tx, room, "notice", ref=standing[-1].id, code="unguarded")
            await acts.tell_staff(tx, by, "let_in", ActId(standing[-1].id), None, room, "guarded")
            return left
    return 0


async def lock_lobby(tx: Transaction, moderator: PersonId, room: RoomId) -> None:
    """Lock a moderator, and whoever waits in the lobby of a room that is not locked yet."""
    waiting = (await tx.execute(sa.select(lobby.c.person).where(lobby.c.room == room))).scalars()
    await tx.lock(people, [moderator, *waiting])


async def settle(tx: Transaction, room: RoomId) -> None:
    """Let the lobby follow the guardings that stand: who is new to none of them comes in, as long as there are seats;
    the others come by the door. The caller has locked the lobby and the room."""
    standing = await guards(tx, room)
    free = sa.not_(sa.or_(sa.false(), *(is_new(one) for one in standing)))
    wanted = sa.select(people.c.id).join(lobby, lobby.c.person == people.c.id)
    wanted = wanted.where(lobby.c.room == room, people.c.state == "active", free).order_by(lobby.c.since_at)
    await _bring_in(tx, room, [PersonId(one) for one in (await tx.execute(wanted)).scalars()])


async def restore(store: Store, room: RoomId, act: ActId) -> None:
    """Show again what an act that is undone has hidden.

    Raises:
        Gone: the words are destroyed.
    """
    more = True
    while more:
        async with store.transaction() as tx:
            await tx.lock(rooms, [room])
            more = await timeline.restore(tx, room, act, most=SWEEP) == SWEEP


async def _send_out(tx: Transaction, room: RoomId, act: ActId) -> None:
    """End the memberships of whoever is new, and let them wait in the lobby."""
    row = (await tx.execute(sa.select(acts_table).where(acts_table.c.id == act))).one()
    inside = sa.and_(memberships.c.room == room, memberships.c.to_seq.is_(None))
    new = sa.select(people.c.id, memberships.c.since_at).join(memberships, memberships.c.person == people.c.id)
    came = {one.id: one.since_at for one in await tx.execute(new.where(inside, is_new(row)).order_by(people.c.id))}
    seqs = await timeline.append_by(tx, room, "left", came, "lobby")
    if not seqs:
        return
    ends = sa.update(memberships).where(inside, memberships.c.person == sa.bindparam("who"))
    values: list[dict[str, object]] = [{"who": person, "end": seq} for person, seq in seqs.items()]
    await tx.execute(ends.values(to_seq=sa.bindparam("end")), values)
    await tx.execute(lobby.insert(), [{"room": room, "person": one, "since_at": came[one]} for one in seqs])


async def _sweep(tx: Transaction, room: RoomId, act: ActId, before: int) -> Seq | None:
    """Hide the newest SWEEP entries before a seq that an act is about; return where to go on, or None: it is done."""
    await tx.lock(rooms, [room])
    stands = sa.select(acts_table).where(acts_table.c.id == act, acts_table.c.undone_at.is_(None))
    row = (await tx.execute(stands)).first()
    if row is None:
        return None
    new = sa.select(people.c.id).join(memberships, memberships.c.person == people.c.id)
    about = sa.case((entries.c.kind == "edited", entries.c.target), else_=entries.c.seq).label("about")
    said = sa.select(entries.c.seq, about).where(
        entries.c.room == room, entries.c.seq < min(before, row.seq + 1), entries.c.kind.in_(["said", "edited"]),
        entries.c.at >= _since(row), entries.c.author.in_(new.where(memberships.c.room == room, is_new(row))),
    ).order_by(entries.c.seq.desc()).limit(SWEEP)  # fmt: skip
    found = {Seq(row.seq): Seq(row.about) for row in await tx.execute(said)}
    by = alias(entries, "by_entry")
    over = sa.select(hidden.c.seq).join(by, sa.and_(by.c.room == hidden.c.room, by.c.seq == hidden.c.by_seq))
    over = over.where(hidden.c.room == room, hidden.c.seq.in_(found.values()), by.c.kind.in_(["removed", "retracted"]))
    gone = set((await tx.execute(over)).scalars())
    await timeline.append_about(tx, room, "removed", sorted({*found.values()} - gone), act, row.rule)
    return min(found) if len(found) == SWEEP else None


async def _bring_in(tx: Transaction, room: RoomId, persons: Sequence[PersonId]) -> int:
    """Begin the memberships of people who wait, and whose rows are locked, in this order as long as there are seats;
    return for how many there is none."""
    persons = [one for one in persons if tx.holds(people, one)]
    where = (await tx.execute(sa.select(rooms).where(rooms.c.id == room))).one()
    inside = sa.select(sa.func.count()).where(memberships.c.room == room, memberships.c.to_seq.is_(None))
    seats = max(where.capacity - (await tx.execute(inside)).scalar_one(), 0)
    left = len(persons[seats:])
    seqs = await timeline.append_by(tx, room, "joined", persons[:seats])
    if not seqs:
        return left
    ends = sa.select(memberships.c.person, sa.func.max(memberships.c.to_seq).label("end")).where(
        memberships.c.room == room, memberships.c.person.in_(seqs)
    )
    earlier = {row.person: row.end for row in await tx.execute(ends.group_by(memberships.c.person))}
    begin, now = max(where.first_seq, where.last_seq + 1 - where.shown), await tx.now()
    await tx.execute(memberships.insert(), [
        {"room": room, "person": person, "from_seq": max(begin, earlier.get(person, 0) + 1), "part": "member",
         "read_seq": seq, "since_at": now}
        for person, seq in seqs.items()
    ])  # fmt: skip
    await tx.execute(sa.delete(lobby).where(lobby.c.room == room, lobby.c.person.in_(seqs)))
    return left


def _since(guard: "sa.Row[Any]") -> int:
    return int(guard.made_at - guard.amount * MINUTE_MS)
