"""Moderation: what staff may do to a person or a room, and how it is undone.

Each act is one transaction: what it changes, its row in `acts`, the notice, the entry on the desk and the audit's row.
It takes the person's row and the rooms', which every group of says takes too: when the moderator is told `done`, it
holds on every process. Reasons are sealed before the transaction.
"""

from contextlib import suppress
from typing import Any, assert_never

import sqlalchemy as sa

from chat import acts, bans, door, held, quieting, raids, rooms, timeline
from chat.acts import Act, Actor
from chat.ids import ActId, PersonId, RoomId, Seq, new_id
from chat.keys import Keys
from chat.refusals import Gone, NotAMember, Refusal
from chat.staff_commands import (
    Ban,
    Clear,
    Confirm,
    Decline,
    Expel,
    Hold,
    Lock,
    Mute,
    Remove,
    Slow,
    Undo,
    Unhold,
    Unlock,
    Warn,
)
from chat.store import Store, Transaction
from chat.tables import acts as acts_table
from chat.tables import alias, entries, hidden, mutes, people
from chat.tables import rooms as rooms_table

MINUTE_MS = 60_000
CLEAR_MOST = 500
"""So many entries are removed by one clearing, the newest; it holds the room for a tenth of a second."""

OnPerson = Warn | Mute | Remove | Clear | Expel | Ban | Decline
OnRoom = Lock | Slow | Hold


async def act(store: Store, keys: Keys, moderator: PersonId, command: OnPerson | OnRoom) -> ActId:
    """Do what a command says and return the act's id; where it was done already, the earlier one's.

    Raises:
        NotAllowed: no role for it, or one of the staff (an organiser may).
        NotAMember: no such person, room, entry or case, or one the moderator is recused from (see `recusal`).
        Malformed: no such house rule. Gone: the case is closed, or there is nothing left to do it to.
    """
    by = await acts.actor(store, keys, moderator, command.case, command.reason)
    async with store.transaction() as tx:
        match command:
            case Warn():
                return await _warn(tx, by, command)
            case Mute():
                return await _mute(tx, by, command)
            case Remove():
                return await _remove(tx, by, command)
            case Clear():
                return await _clear(tx, by, command)
            case Expel():
                return await _expel(tx, by, command)
            case Ban():
                return await bans.ban(tx, by, command)
            case Lock():
                return await quieting.lock(tx, by, command)
            case Slow():
                return await quieting.slow(tx, by, command)
            case Hold():
                return await quieting.hold(tx, by, command)
            case Decline():
                return await held.decline(tx, by, command)
            case _:
                assert_never(command)


async def confirm(store: Store, keys: Keys, moderator: PersonId, command: Confirm) -> None:
    """Say yes to a ban for good that waits for a second. See `bans.confirm`."""
    by = await acts.actor(store, keys, moderator, None, command.reason)
    async with store.transaction() as tx:
        await bans.confirm(tx, by, ActId(command.act))


async def undo(store: Store, keys: Keys, moderator: PersonId, command: Undo) -> None:
    """Undo an act. One that is undone or over is left as it is.

    Raises:
        NotAllowed: as for the act. NotAMember: no such act for them. Gone: the words are destroyed by now.
    """
    by = await acts.actor(store, keys, moderator, None, command.reason)
    async with store.transaction() as tx:
        row = await _undo(tx, by, ActId(command.act))
    if row.kind == "guarded":  # also where it is undone already: somebody may have been cut off here
        await raids.restore(store, row.room, ActId(row.id))


async def unlock(store: Store, keys: Keys, moderator: PersonId, command: Unlock | Unhold) -> None:
    """Open a locked room again, or hold no more in one; where that is so already it is left as it is.

    Raises:
        NotAllowed: no role for it. NotAMember: no such group room.
    """
    by = await acts.actor(store, keys, moderator, None, command.reason)
    async with store.transaction() as tx:
        await acts.require_staff(tx, moderator, None)
        await acts.lock_rooms(tx, RoomId(command.room))
        standing = quieting.locks if isinstance(command, Unlock) else quieting.holdings
        for row in await standing(tx, RoomId(command.room)):
            await _undo(tx, by, ActId(row.id))


async def _warn(tx: Transaction, by: Actor, command: Warn) -> ActId:
    person = PersonId(command.person)
    inbox = RoomId((await acts.require_staff(tx, by.person, person))[person].inbox)
    await acts.lock_rooms(tx, inbox)
    await acts.require_case(tx, by.person, command.case)
    made = ActId(new_id())
    await acts.record(tx, by, Act(made, "warned", command.rule, person, case=command.case), told=inbox)
    return made


async def _mute(tx: Transaction, by: Actor, command: Mute) -> ActId:
    person = PersonId(command.person)
    room = RoomId(command.room) if command.room is not None else None
    inbox = RoomId((await acts.require_staff(tx, by.person, person))[person].inbox)
    locked = await acts.lock_rooms(tx, inbox, *([] if room is None else [room]))
    if room is not None:
        await acts.require_was_in(tx, room, person, "group", "one_to_one")
    await acts.require_case(tx, by.person, command.case)
    made, until = ActId(new_id()), await tx.now() + command.minutes * MINUTE_MS
    await tx.execute(mutes.insert().values(id=made, person=person, room=room, until=until))
    if room is not None and locked[room].kind == "one_to_one":
        await timeline.append(tx, room, "notice", ref=made, code="paused")
    act = Act(made, "muted", command.rule, person, room, until=until, case=command.case)
    await acts.record(tx, by, act, told=inbox)
    return made


async def _remove(tx: Transaction, by: Actor, command: Remove) -> ActId:
    room = RoomId(command.room)
    columns = (entries.c.kind, entries.c.author, entries.c.target, people.c.inbox, rooms_table.c.kind.label("place"))
    wanted = sa.select(*columns).select_from(entries.join(people).join(rooms_table, rooms_table.c.id == entries.c.room))
    row = (await tx.execute(wanted.where(entries.c.room == room, entries.c.seq == command.seq))).first()
    if row is None or row.kind not in ("said", "edited") or row.place not in ("group", "one_to_one"):
        await acts.require_staff(tx, by.person, None)
        raise NotAMember
    await acts.require_author(tx, by.person, row.author)
    target, inbox = Seq(row.target if row.kind == "edited" else command.seq), RoomId(row.inbox)
    await acts.lock_rooms(tx, inbox, room)
    await acts.require_case(tx, by.person, command.case)
    removal = alias(entries, "removal")
    done = sa.select(removal.c.ref).join(
        hidden, sa.and_(hidden.c.room == removal.c.room, hidden.c.by_seq == removal.c.seq)
    ).where(hidden.c.room == room, hidden.c.seq == target, removal.c.kind == "removed")  # fmt: skip
    earlier = (await tx.execute(done)).scalar()
    if earlier is not None:
        return ActId(earlier)
    made = ActId(new_id())
    await timeline.append(tx, room, "removed", target=target, ref=made, code=command.rule)
    act = Act(made, "removed", command.rule, row.author, room, target, case=command.case)
    await acts.record(tx, by, act, told=inbox)
    return made


async def _clear(tx: Transaction, by: Actor, command: Clear) -> ActId:
    person, room = PersonId(command.person), RoomId(command.room)
    inbox = RoomId((await acts.require_staff(tx, by.person, person))[person].inbox)
    await acts.lock_rooms(tx, inbox, room)
    await acts.require_was_in(tx, room, person, "group", "one_to_one")
    await acts.require_case(tx, by.person, command.case)
    since = await tx.now() - command.minutes * MINUTE_MS
    over = sa.select(hidden.c.seq).join(entries, sa.and_(
        entries.c.room == hidden.c.room, entries.c.seq == hidden.c.by_seq, entries.c.kind.in_(["removed", "retracted"])
    )).where(hidden.c.room == room)  # fmt: skip
    said = sa.select(entries.c.seq).where(
        entries.c.room == room, entries.c.author == person, entries.c.kind == "said", entries.c.at >= since,
        entries.c.seq.not_in(over),
    ).order_by(entries.c.seq.desc()).limit(CLEAR_MOST)  # fmt: skip
    found = sorted(Seq(one) for one in (await tx.execute(said)).scalars())
    if not found:
        raise Gone
    made = ActId(new_id())
    await timeline.append_about(tx, room, "removed", found, made, command.rule)
    act = Act(made, "cleared", command.rule, person, room, amount=command.minutes, case=command.case)
    await acts.record(tx, by, act, told=inbox)
    return made


async def _expel(tx: Transaction, by: Actor, command: Expel) -> ActId:
    person, room = PersonId(command.person), RoomId(command.room)
    inbox = RoomId((await acts.require_staff(tx, by.person, person))[person].inbox)
    await acts.lock_rooms(tx, inbox, room)
    await acts.require_was_in(tx, room, person, "group")
    await acts.require_case(tx, by.person, command.case)
    made = ActId(new_id())
    until = None if command.minutes is None else await tx.now() + command.minutes * MINUTE_MS
    await rooms.leave(tx, room, person, code="expelled")
    await held.end(tx, person, room)
    act = Act(made, "expelled", command.rule, person, room, until=until, case=command.case)
    await acts.record(tx, by, act, told=inbox)
    return made


async def _undo(tx: Transaction, by: Actor, act: ActId) -> "sa.Row[Any]":
    """Undo an act but for what `raids.restore` goes on with, and return its row as it was."""
    row = (await tx.execute(sa.select(acts_table).where(acts_table.c.id == act))).first()
    if row is None:
        await acts.require_staff(tx, by.person, None)
        raise NotAMember
    told, locked = await _lock_for(tx, by, row)
    await take_back(tx, by, row, told, locked)
    return row


async def take_back(
    tx: Transaction, by: Actor, row: "sa.Row[Any]", told: RoomId, locked: "dict[int, sa.Row[Any]]", *,
    without_words: bool = False,
) -> None:  # fmt: skip
    """Undo an act that still stands; a guarding also when it is over, because what it hid is hidden still.

    Args:
        told: the person's inbox, or the room. locked: the rooms' rows: the desk's, that of `told` and the act's.
        without_words: also where the words it removed are destroyed by now.

    Raises:
        Gone: they are.
    """
    act, now = ActId(row.id), await tx.now()
    stands = sa.or_(door.still_stands(now), acts_table.c.kind == "guarded")
    undone = sa.update(acts_table).where(acts_table.c.id == act, acts_table.c.undone_at.is_(None), stands)
    if (await tx.execute(undone.values(undone_by=by.person, undone_at=now))).rowcount == 0:
        return
    match row.kind:
        case "muted":
            await tx.execute(sa.update(mutes).where(mutes.c.id == act).values(lifted_at=now))
            if row.room is not None and locked[row.room].kind == "one_to_one":
                await timeline.append(tx, row.room, "notice", ref=act, code="resumed")
        case "removed" | "cleared":
            with suppress(*([Gone] if without_words else [])):
                await timeline.restore(tx, row.room, act)
        case "banned":
            await bans.settle(tx, row.person)
        case "declined":
            with suppress(*([Refusal] if without_words else [])):
                await held.restore(tx, act)
        case "locked" | "slowed" | "holding":
            await quieting.settle(tx, row.room)
        case "guarded":
            await raids.settle(tx, row.room)
            await timeline.restore(tx, row.room, act, most=raids.SWEEP)
    if row.person is not None:
        await timeline.append(tx, told, "undone", ref=act, code=row.kind)
    else:
        await timeline.append(tx, told, "notice", ref=act, code=f"un{row.kind}")
    await acts.tell_staff(tx, by, "undone", act, row.person, row.room, row.kind)


async def _lock_for(tx: Transaction, by: Actor, row: "sa.Row[Any]") -> "tuple[RoomId, dict[int, sa.Row[Any]]]":
    """Lock what an act is about, and return where its undoing is told, and the rooms' rows."""
    if row.person is None:
        if row.kind == "guarded":
            await raids.lock_lobby(tx, by.person, row.room)
        await acts.require_staff(tx, by.person, None)
        return row.room, await acts.lock_rooms(tx, row.room)
    if row.kind == "removed":  # as for removing: an erased author's words stay hidden, and staff's may be removed
        await acts.require_author(tx, by.person, row.person)
    else:
        await acts.require_staff(tx, by.person, row.person)
    found = await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.person))
    inbox = RoomId(found.scalar_one())
    return inbox, await acts.lock_rooms(tx, inbox, *([] if row.room is None else [row.room]))
